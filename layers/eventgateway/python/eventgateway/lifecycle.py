"""The end of an instance that had better not be used again.

Lambda offers no way to ask for that, but an instance whose process ends gets a new one. So that the invocation is answered all the
same, we do what its runtime would do next: hand the answer to the Runtime API
(https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
"""

import logging
import os
import sys
from http.client import HTTPConnection, HTTPException
from typing import Any, NoReturn

from eventgateway.core.json import dumps

log = logging.getLogger(__name__)

RUNTIME_API = "AWS_LAMBDA_RUNTIME_API"  # host and port, set by Lambda
ACCEPTED = 202
ANSWER_SECONDS = 5.0
EXIT_STATUS = 1


def end(answer: object, context: Any) -> None:  # noqa: ANN401 - Lambda's own class
    """Answer the invocation and end the process. Returns where that is not possible, so that the caller answers as usual."""
    address = os.environ.get(RUNTIME_API)
    if address and _is_answered(address, context.aws_request_id, dumps(answer)):
        log.warning("the instance ends, a plugin is stuck")
        _exit()


def _is_answered(address: str, request_id: str, answer: bytes) -> bool:
    connection = HTTPConnection(address, timeout=ANSWER_SECONDS)
    try:
        path = f"/2018-06-01/runtime/invocation/{request_id}/response"
        connection.request("POST", path, answer, {"content-type": "application/json"})
        return connection.getresponse().status == ACCEPTED
    except (OSError, HTTPException):
        log.exception("the Runtime API did not take the answer, the instance goes on")
        return False
    finally:
        connection.close()


def _exit() -> NoReturn:
    """At once: threads that are stuck would hold an orderly end forever."""
    try:
        logging.shutdown()
        sys.stdout.flush()
    finally:
        os._exit(EXIT_STATUS)
