"""API Gateway HTTP API events, payload format 2.0, as requests, and answers as its responses.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from base64 import b64decode
from typing import Any

from eventgateway.core.http_request import HttpRequest
from eventgateway.core.json import dumps
from eventgateway.core.result import Result

Json = dict[str, Any]
JSON_TYPE = {"content-type": "application/json"}
TEXT_TYPE = {"content-type": "text/plain; charset=utf-8"}


def http_request(event: Json) -> HttpRequest:
    """The request of an event. API Gateway has decoded the path but for `%25`, so that is left to us."""
    headers, body = event.get("headers") or {}, event.get("body") or ""
    if cookies := event.get("cookies"):
        headers = {**headers, "cookie": "; ".join(cookies)}
    return HttpRequest(
        event["requestContext"]["http"]["method"],
        event["rawPath"].replace("%25", "%") or "/",
        event.get("rawQueryString") or "",
        headers,
        b64decode(body) if event.get("isBase64Encoded") else body.encode(),
        headers.get("host", ""),
    )


def response(result: Result) -> Json:
    """A result as API Gateway takes it."""
    headers = dict(result.headers)
    cookie = headers.pop("set-cookie", None)
    answer: Json = {"statusCode": result.status, "headers": headers, "body": result.body, "isBase64Encoded": False}
    return answer if cookie is None else answer | {"cookies": [cookie]}


def json_result(status: int, document: object) -> Result:
    """A JSON answer of the gateway itself."""
    return Result(status, JSON_TYPE, dumps(document).decode())
