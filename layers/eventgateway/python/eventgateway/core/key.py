"""Keys that the gateway makes: a prefix that tells what a key is for, and 32 random bytes. Only their digests are kept.

A fast hash is enough for them: nobody can try 2^256 keys. Source: https://www.rfc-editor.org/rfc/rfc4648#section-5 (base64url).
"""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256

from eventgateway.core.resource import MASK

ACCESS, EMIT = "egk_", "ege_"  # of the Config API; of the Events API
ENTROPY = 32  # bytes
TEXT = re.compile(r"(?<![\w-])eg[ke]_[A-Za-z0-9_-]{43}(?![\w-])")  # what `new_key` makes of 32 bytes
HINT = 4  # characters at the end that are shown, so that people tell their keys apart


def new_key(prefix: str, entropy: bytes) -> str:
    """The text of a key, from ENTROPY random bytes."""
    return prefix + urlsafe_b64encode(entropy).rstrip(b"=").decode()


def digest(key: str) -> str:
    """What is kept of a key: its SHA-256 in hexadecimal."""
    return sha256(key.encode()).hexdigest()


def hint(key: str) -> str:
    """What may be shown of a key: what it is for, and its end."""
    return f"{key[: len(ACCESS)]}…{key[-HINT:]}"


def masked(text: str) -> str:
    """A text without the keys in it."""
    return TEXT.sub(MASK, text)
