"""What a caller gets: the HTTP response object of a synchronous function, or an answer of the gateway itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from eventgateway.core.errors import MalformedResult
from eventgateway.core.http_request import TOKEN
from eventgateway.core.json import JsonError, JsonObject, JsonValue, loads

OK, END_OF_STATUSES = 200, 600
BODYLESS = (204, 304)
OWN_HEADERS = ("connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade")
LINE_BREAKS = str.maketrans("\r\n\0", "   ")


@dataclass(frozen=True, slots=True)
class Result:
    """Status, headers (names in lower case) and body of an answer."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def behind(self, headers: Mapping[str, str]) -> "Result":
        """This result with more headers; its own count more."""
        return Result(self.status, {**headers, **self.headers}, self.body) if headers else self


def parse_result(raw: bytes) -> Result:
    """The result of a function: `{statusCode = 200, headers = {}, body = ""}`, all optional. Raises MalformedResult.

    Interim statuses (1xx) end no exchange (RFC 9110, section 15.2), so they are malformed too.
    """
    document = _document(raw)
    status, body = document.get("statusCode"), document.get("body")
    status = OK if status is None else status
    if not isinstance(status, int) or isinstance(status, bool) or not OK <= status < END_OF_STATUSES:
        raise MalformedResult
    if body is not None and not isinstance(body, str):
        raise MalformedResult
    return Result(status, _headers(document.get("headers")), "" if status in BODYLESS else body or "")


def _document(raw: bytes) -> JsonObject:
    try:
        value = loads(raw)
    except JsonError as error:
        raise MalformedResult from error
    if value is not None and not isinstance(value, dict):
        raise MalformedResult
    return value or {}


def _headers(value: JsonValue) -> dict[str, str]:
    """Headers that can be sent: illegal names and those of the connection are dropped, line breaks become blanks."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise MalformedResult
    headers = {name.lower(): _text(text) for name, text in value.items() if name and TOKEN.issuperset(name)}
    return {name: text for name, text in headers.items() if name not in OWN_HEADERS}


def _text(value: JsonValue) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedResult
    return value.translate(LINE_BREAKS)
