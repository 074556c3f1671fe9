"""An HTTP request to the Events API, and the data of the built-in `http.request` event."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from eventgateway.core import limits
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.key import masked
from eventgateway.core.path import Params

TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")  # RFC 9110, section 5.6.2
KEY_HEADERS = (("authorization", "Authorization"), ("x-api-key", "X-Api-Key"))
BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as API Gateway hands it over: names of headers in lower case, several values joined by `,`, `path` percent-decoded.

    `host` is the header, `domain` the name that API Gateway was reached by, in lower case and without a port.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    host: str = ""
    domain: str = ""
    source_ip: str = ""

    def check(self) -> None:
        """Raise InvalidRequest for more than any client needs, naming the part and its limit, and for text that is no Unicode."""
        try:
            f"{self.method}{self.path}{self.query}".encode()
            size = len("".join((*self.headers, *self.headers.values())).encode())
        except UnicodeEncodeError as error:
            raise InvalidRequest("The request holds lone surrogates, which are no text.") from error
        for part, count, limit, unit in self._measures(size):
            if count > limit:
                raise InvalidRequest(f"The {part} has {count} {unit}, the limit is {limit}.")

    def _measures(self, header_bytes: int) -> Iterator[tuple[str, int, int, str]]:
        yield "method", len(self.method), limits.METHOD, "characters"
        yield "path", len(self.path), limits.REQUEST_LINE, "characters"
        yield "path", self.path.count("/"), limits.REQUEST_SEGMENTS, "segments"
        yield "query string", len(self.query), limits.REQUEST_LINE, "characters"
        yield "query string", count_parameters(self.query), limits.QUERY_PARAMETERS, "parameters"
        yield "request", len(self.headers), limits.HEADERS, "headers"
        yield "name of a header", max(map(len, self.headers), default=0), limits.HEADER_NAME, "characters"
        yield "request", header_bytes, limits.HEADER_BYTES, "bytes in its headers"
        yield "header Content-Type", len(self.header("content-type")), limits.CONTENT_TYPE, "characters"
        yield "header Event", len(self.header("event")), limits.EVENT_TYPE, "characters"

    def header(self, name: str) -> str:
        """The value of a header by its name in lower case, `""` if there is none."""
        return self.headers.get(name, "")

    def shown_headers(self) -> dict[str, JsonValue]:
        """Headers under their canonical names, without Host, which has a place of its own, and without keys of the gateway."""
        shown: dict[str, JsonValue] = {canonical_name(name): value for name, value in self.headers.items() if name != "host"}
        for name, shown_name in KEY_HEADERS:
            if name in self.headers:
                shown[shown_name] = masked(self.headers[name])
        return shown

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


def canonical_name(name: str) -> str:
    """A header's name as Go writes it: `content-type` is `Content-Type`; one with illegal characters, or too long, stays as it is."""
    return _canonical_name(name) if len(name) <= limits.HEADER_NAME else name


@lru_cache(maxsize=1024)  # of short texts only: strangers choose them
def _canonical_name(name: str) -> str:
    if not TOKEN.issuperset(name):
        return name
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def count_parameters(query: str) -> int:
    """How many parameters a query string has at most."""
    return query.count("&") + query.count(";") + 1 if query else 0


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
