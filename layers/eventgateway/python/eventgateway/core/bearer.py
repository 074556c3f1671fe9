"""Keys as HTTP requests carry them: `Authorization: Bearer <key>` (https://www.rfc-editor.org/rfc/rfc6750#section-2.1)."""

import re
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request to the Events API brought: the text behind `Bearer`, and that of `X-Api-Key`; `""` where there is none."""

    token: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)


def credentials(authorization: str, api_key: str) -> Credentials:
    """Read both headers. Another scheme than Bearer is none of the gateway's business: it is for the function."""
    scheme, _, token = authorization.partition(" ")
    return Credentials(token.strip(" ") if scheme.lower() == "bearer" else "", api_key)
