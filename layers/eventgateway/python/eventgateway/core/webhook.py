"""Signatures of requests to HTTP functions: Standard Webhooks 1.0
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md)."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable

PREFIX = "whsec_"
DIGIT = "[A-Za-z0-9+/]"
SECRET = f"{PREFIX}(({DIGIT}{{4}}){{8,20}}({DIGIT}{{2}}==|{DIGIT}{{3}}=)?|({DIGIT}{{4}}){{21}}({DIGIT}{{2}}==)?)"  # base64 of 24-64 bytes


def signed(identifier: str, at: float, body: bytes, secrets: Iterable[str]) -> dict[str, str]:
    """The headers of a request: one signature for each secret that is valid, of which a receiver needs to know one.

    `identifier` is printable ASCII and stays the same over all attempts, `at` is the time of this one, in seconds since the epoch.
    """
    message, timestamp = message_id(identifier), str(int(at))
    content = f"{message}.{timestamp}.".encode() + body
    signatures = " ".join(f"v1,{_signature(secret, content)}" for secret in secrets)
    return {"webhook-id": message, "webhook-timestamp": timestamp, "webhook-signature": signatures}


def message_id(identifier: str) -> str:
    """An id without full stops, since they separate what is signed (section "Signature scheme")."""
    return identifier.replace(".", "%2E")


def _signature(secret: str, content: bytes) -> str:
    key = b64decode(secret.removeprefix(PREFIX))
    return b64encode(hmac.digest(key, content, "sha256")).decode()
