"""API Gateway HTTP API events, payload format 2.0, as requests, and answers as its responses.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from binascii import a2b_base64
from typing import Any

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.json import dumps
from eventgateway.core.result import Result

Json = dict[str, Any]
JSON_TYPE = {"content-type": "application/json"}
TEXT_TYPE = {"content-type": "text/plain; charset=utf-8"}


def http_request(event: Json) -> HttpRequest:
    """The request of an event, in bounds but for its body. Raises InvalidRequest.

    API Gateway has decoded the path but for `%25`, so that is left to us.
    """
    headers = event.get("headers") or {}
    if cookies := event.get("cookies"):
        headers = {**headers, "cookie": "; ".join(cookies)}
    context = event["requestContext"]
    request = HttpRequest(
        context["http"]["method"],
        event["rawPath"].replace("%25", "%") or "/",
        event.get("rawQueryString") or "",
        headers,
        _body(event),
        headers.get("host", ""),
        context.get("domainName", "").lower().removesuffix("."),
        context["http"].get("sourceIp", ""),
    )
    request.check()
    return request


def _body(event: Json) -> bytes:
    body: str
    body, is_base64 = event.get("body") or "", event.get("isBase64Encoded")
    try:
        return a2b_base64(body, strict_mode=True) if is_base64 else body.encode()
    except ValueError as error:
        raise InvalidRequest(f"The body is no valid {'base64' if is_base64 else 'Unicode text'}.") from error


def response(result: Result) -> Json:
    """A result as API Gateway takes it."""
    headers = dict(result.headers)
    cookie = headers.pop("set-cookie", None)
    answer: Json = {"statusCode": result.status, "headers": headers, "body": result.body, "isBase64Encoded": False}
    return answer if cookie is None else answer | {"cookies": [cookie]}


def json_result(status: int, document: object) -> Result:
    """A JSON answer of the gateway itself."""
    return Result(status, JSON_TYPE, dumps(document).decode())
