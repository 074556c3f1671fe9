"""HTTP requests as API Gateway's HTTP APIs hand them to Lambda (payload format 2.0), and a function's results as HTTP responses.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html. Left out are the headers
that AWS adds (`x-forwarded-*`, `x-amzn-trace-id`): a function here sees what was sent.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from json import dumps
from time import gmtime, strftime
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from local.lambda_context import ACCOUNT

Json = dict[str, Any]
RawHeaders = list[tuple[bytes, bytes]]

# Seen by https://github.com/ministackorg/ministack/pull/766: forms, `+json` and missing types are base64.
TEXT_TYPES = {"application/json", "application/xml", "application/javascript"}
HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
BODYLESS = {204, 304}
ORIGIN = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")
TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
FIELD_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")


class MalformedResult(ValueError):
    """A function's result is no response that API Gateway could send."""


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived: `target` is the path as sent, names of headers are in lower case."""

    method: str
    target: bytes
    query: bytes
    headers: RawHeaders
    body: bytes = b""
    protocol: str = "HTTP/1.1"
    source_ip: str = "127.0.0.1"

    def event(self, request_id: str, now: float) -> Json:
        """The event of a request that came at `now` (seconds since the epoch)."""
        headers, cookies, query = self._headers(), self._cookies(), self.query.decode("latin-1")
        event: Json = {"version": "2.0", "routeKey": "$default", "rawPath": decoded_path(self.target), "rawQueryString": query}
        if cookies:
            event["cookies"] = cookies
        event["headers"] = headers
        if query:
            event["queryStringParameters"] = _joined(parse_qsl(query, keep_blank_values=True, errors="replace"))
        event["requestContext"] = self._context(headers, event["rawPath"], request_id, now)
        return event | self._body(headers.get("content-type", ""))

    def _headers(self) -> dict[str, str]:
        kept = ((name, value) for name, value in self.headers if name != b"cookie" and name not in HOP_BY_HOP)
        return _joined((name.decode("latin-1"), value.decode("latin-1")) for name, value in kept)

    def _cookies(self) -> list[str]:
        lines = (value.decode("latin-1") for name, value in self.headers if name == b"cookie")
        return [cookie.strip() for line in lines for cookie in line.split(";") if cookie.strip()]

    def _context(self, headers: Mapping[str, str], path: str, request_id: str, now: float) -> Json:
        domain = re.sub(r":\d*$", "", headers.get("host", ""))
        http = {
            "method": self.method,
            "path": path,
            "protocol": self.protocol,
            "sourceIp": self.source_ip,
            "userAgent": headers.get("user-agent", ""),
        }
        place = {"accountId": ACCOUNT, "apiId": "local", "domainName": domain, "domainPrefix": domain.partition(".")[0]}
        time = {"time": strftime("%d/%b/%Y:%H:%M:%S +0000", gmtime(now)), "timeEpoch": int(now * 1000)}
        return place | {"http": http, "requestId": request_id, "routeKey": "$default", "stage": "$default"} | time

    def _body(self, content_type: str) -> Json:
        """Text only where the media type says so and the bytes are UTF-8, so that no byte is lost."""
        if not self.body:
            return {"isBase64Encoded": False}
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type.startswith("text/") or media_type in TEXT_TYPES:
            try:
                return {"body": self.body.decode(), "isBase64Encoded": False}
            except UnicodeDecodeError:
                pass
        return {"body": b64encode(self.body).decode(), "isBase64Encoded": True}


def decoded_path(target: bytes) -> str:
    """The path of a request target as HTTP APIs decode it: all but `%25`; a `?` that appears by it ends the path.

    Seen by https://github.com/hotsock/voker/pull/8.
    """
    if origin := ORIGIN.match(target):
        target = target[origin.end() :]
    path = "%25".join(unquote_to_bytes(part).decode("utf-8", "replace") for part in target.split(b"%25"))
    path = path.partition("?")[0]
    return path if path.startswith("/") else "/" + path


def _joined(pairs: Any) -> dict[str, str]:  # noqa: ANN401 - any iterable of pairs
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: ",".join(each) for name, each in values.items()}


@dataclass(frozen=True, slots=True)
class Response:
    """What is sent."""

    status: int
    headers: RawHeaders
    body: bytes = b""

    @classmethod
    def message(cls, status: int, text: str) -> "Response":
        """An answer of API Gateway itself."""
        return cls._framed(status, [(b"content-type", b"application/json")], dumps({"message": text}).encode())

    @classmethod
    def of(cls, result: object) -> "Response":
        """The response that a function's result means. Without a `statusCode` the result itself is the JSON body of a 200.

        Raises MalformedResult.
        """
        if not isinstance(result, dict) or "statusCode" not in result:
            return cls._framed(200, [(b"content-type", b"application/json")], _json(result))
        fields = [*(result.get("headers") or {}).items(), *(("set-cookie", cookie) for cookie in result.get("cookies") or [])]
        headers = [_field(name, value) for name, value in fields]
        if not any(name == b"content-type" for name, _ in headers) and result.get("body"):
            headers.append((b"content-type", b"text/plain;charset=UTF-8"))
        return cls._framed(_status(result["statusCode"]), headers, _content(result))

    @classmethod
    def _framed(cls, status: int, headers: RawHeaders, body: bytes) -> "Response":
        """The length of the body is ours to say; hop-by-hop headers are the connection's."""
        kept = [(name, value) for name, value in headers if name != b"content-length" and name not in HOP_BY_HOP]
        if status in BODYLESS:
            return cls(status, kept)
        return cls(status, [*kept, (b"content-length", str(len(body)).encode())], body)


def _json(result: object) -> bytes:
    try:
        return dumps(result, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise MalformedResult(f"the result is no JSON: {error}") from error


def _status(value: object) -> int:
    """A final status; 1xx announces another answer, which never comes."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not re.fullmatch(r"[2-5]\d\d", str(value)):
        raise MalformedResult(f"statusCode is {value!r}")
    return int(value)


def _field(name: object, value: object) -> tuple[bytes, bytes]:
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
    key, content = _bytes(str(name)).lower(), _bytes(text).strip(b" \t")
    if not TOKEN.fullmatch(key) or not FIELD_VALUE.fullmatch(content) or not isinstance(value, str | int | float):
        raise MalformedResult(f"header {name!r} cannot be sent: {value!r}")
    return key, content


def _bytes(text: str) -> bytes:
    """Header text as it came in, so what was decoded as Latin-1 goes out as the same bytes."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def _content(result: Json) -> bytes:
    body = result.get("body") if result.get("body") is not None else ""
    if not isinstance(body, str):
        raise MalformedResult(f"body is no string but {type(body).__name__}")
    try:
        return b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode("utf-8", "replace")
    except ValueError as error:
        raise MalformedResult("body is no base64") from error
