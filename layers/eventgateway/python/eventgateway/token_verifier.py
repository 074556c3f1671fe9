"""Checks JSON Web Tokens against the keys of their issuers."""

from typing import TYPE_CHECKING

from eventgateway.core.errors import AccessRefused
from eventgateway.core.json import JsonValue
from eventgateway.core.jwt_rule import JwtRule
from eventgateway.core.ports import Clock
from eventgateway.http_client import HttpClient
from eventgateway.key_sets import Fetcher, KeySets

if TYPE_CHECKING:
    from eventgateway.json_web_token import KeySet


class JwtVerifier:
    """Implements `TokenVerifier`. An instance that sees no token does not wait for the import of what reads them."""

    def __init__(self, http: HttpClient, clock: Clock) -> None:
        self._key_sets = KeySets(Fetcher(http, _read).fetch, clock)

    def verify(self, rule: JwtRule, token: str) -> None:
        """See `TokenVerifier`."""
        from eventgateway.json_web_token import Token  # noqa: PLC0415

        read = Token.read(token)
        key = self._key_sets.find(rule, read.key)
        if key is None:
            raise AccessRefused
        read.verify(key, rule)


def _read(document: JsonValue) -> "KeySet":
    from eventgateway.json_web_token import read_keys  # noqa: PLC0415

    return read_keys(document)
