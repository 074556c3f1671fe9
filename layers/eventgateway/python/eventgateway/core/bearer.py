"""Keys as HTTP requests carry them: `Authorization: Bearer <key>` (https://www.rfc-editor.org/rfc/rfc6750#section-2.1)."""

import re

from eventgateway.core import limits
from eventgateway.core.errors import KeyMissing

KEY = re.compile(rf"[!-~]{{1,{limits.KEY}}}")
CREDENTIALS = re.compile(rf"(?i:bearer) +({KEY.pattern})")


def is_key(text: str) -> bool:
    """Whether a text can be a key: visible ASCII, so that a header can carry it."""
    return KEY.fullmatch(text) is not None


def bearer(header: str) -> str:
    """The key in the header `Authorization`. Raises KeyMissing if there is none, or something else."""
    found = CREDENTIALS.fullmatch(header)
    if found is None:
        raise KeyMissing
    return found[1]
