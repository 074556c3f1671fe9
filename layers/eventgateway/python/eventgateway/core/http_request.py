"""An HTTP request to the Events API, and the data of the built-in `http.request` event."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.path import Params

TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")  # RFC 9110, section 5.6.2
BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as API Gateway hands it over: names of headers in lower case, several values joined by `,`, `path` percent-decoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    host: str = ""

    def header(self, name: str) -> str:
        """The value of a header by its name in lower case, `""` if there is none."""
        return self.headers.get(name, "")

    def shown_headers(self) -> dict[str, JsonValue]:
        """Headers under their canonical names, without Host, which has a place of its own."""
        return {canonical_name(name): value for name, value in self.headers.items() if name != "host"}

    def data(self, body: JsonValue, params: Params | None = None) -> JsonObject:
        """The data of an `http.request` event."""
        return {
            "headers": self.shown_headers(),
            "query": parse_query(self.query),
            "body": body,
            "host": self.host,
            "path": self.path,
            "method": self.method,
            "params": None if params is None else dict(params),
        }


@lru_cache(maxsize=1024)
def canonical_name(name: str) -> str:
    """A header's name as Go writes it: `content-type` is `Content-Type`; one with illegal characters stays as it is."""
    if not TOKEN.issuperset(name):
        return name
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def parse_query(query: str) -> dict[str, JsonValue]:
    """Parameters of a query string, each with the list of its values. Pairs with bad escapes are dropped."""
    values: dict[str, list[JsonValue]] = {}
    for pair in query.replace(";", "&").split("&") if query else ():
        key, _, value = pair.partition("=")
        if pair and _is_escaped_well(pair):
            values.setdefault(_unescape(key), []).append(_unescape(value))
    return {**values}


def _is_escaped_well(text: str) -> bool:
    return BAD_ESCAPE.search(text) is None


def _unescape(text: str) -> str:
    text = text.replace("+", " ")
    return text if "%" not in text else unquote_to_bytes(text).decode("utf-8", "replace")
