"""The Invoke operation of the Lambda API for local functions (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from json import dumps, loads
from threading import Thread
from urllib.parse import unquote, urlsplit

from local.functions import Functions, LocalFunction
from local.lambda_context import LambdaContext, request_id

PAYLOAD_LIMIT = 6 * 1024 * 1024
INVOCATION = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")

Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True, slots=True)
class LambdaApi:
    """Answers calls with status, headers and body."""

    functions: Functions

    def invoke(self, method: str, url: str, headers: Mapping[str, str], payload: bytes) -> Answer | None:
        """Answer an Invoke call, None if the request is none. Names of headers are in lower case."""
        match = INVOCATION.fullmatch(urlsplit(url).path)
        if match is None or method != "POST":
            return None
        reference = unquote(match[1])
        function = self.functions.find(reference)
        if function is None:
            return _error(404, "ResourceNotFoundException", _unknown(reference))
        if len(payload) > PAYLOAD_LIMIT:
            return _error(413, "RequestTooLargeException", f"Request must be smaller than {PAYLOAD_LIMIT} bytes for the Invoke operation")
        try:
            event = loads(payload) if payload else {}
        except ValueError as error:
            return _error(400, "InvalidRequestContentException", f"Could not parse request body into json: {error}")
        return _run(function, event, headers.get("x-amz-invocation-type", "RequestResponse"))


def _run(function: LocalFunction, event: object, invocation_type: str) -> Answer:
    context = LambdaContext(function.name, function.seconds)
    headers = {"x-amzn-RequestId": context.aws_request_id, "X-Amz-Executed-Version": context.function_version}
    if invocation_type == "DryRun":
        return 204, headers, b""
    if invocation_type == "Event":
        Thread(target=function.run, args=(event, context), daemon=True).start()
        return 202, headers, b""
    outcome = function.run(event, context)
    if len(outcome.payload) > PAYLOAD_LIMIT:
        return 200, headers | {"X-Amz-Function-Error": "Unhandled"}, _too_large(len(outcome.payload))
    failed = {"X-Amz-Function-Error": "Unhandled"} if outcome.failed else {}
    return 200, headers | failed | {"Content-Type": "application/json"}, outcome.payload


def _unknown(reference: str) -> str:
    return f"Function not found: {reference}. To serve it here, start with --function NAME=path/to/file.py:handler"


def _too_large(size: int) -> bytes:
    message = f"Response payload size ({size} bytes) exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes)."
    return dumps({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}).encode()


def _error(status: int, kind: str, message: str) -> Answer:
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": kind, "x-amzn-RequestId": request_id()}
    return status, headers, dumps({"Type": "User", "Message": message}).encode()
