"""Calling AWS APIs for functions: clients are built once for each account and region, errors become provider errors."""

from collections import OrderedDict
from io import BytesIO
from threading import Lock
from time import monotonic
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.response import StreamingBody
from urllib3.exceptions import HTTPError

from eventgateway.aws_role import Roles
from eventgateway.aws_session import new_session
from eventgateway.core.errors import FunctionAccessDenied, FunctionThrottled, FunctionUnreachable, ProviderError
from eventgateway.core.provider import Credentials
from eventgateway.core.resource import MASK

TIMEOUTS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 20, 25, 27.5)  # seconds; the SDK fixes that of a client, so there is one for each step
CONNECT_SECONDS, CONNECT_SHARE = 2.0, 0.25
CLIENT_LIMIT = 256
BAD_SIGNATURE = {"IncompleteSignature", "InvalidSignatureException", "SignatureDoesNotMatch"}
DENIED = BAD_SIGNATURE | {
    "AccessDeniedException", "AccessDenied", "ExpiredTokenException", "ExpiredToken", "InvalidClientTokenId",
    "KMSAccessDeniedException", "MissingAuthenticationToken", "NotAuthorized", "OptInRequired", "UnrecognizedClientException",
}  # fmt: skip
THROTTLED = {
    "TooManyRequestsException", "ThrottlingException", "Throttling", "ThrottledException", "RequestThrottled",
    "RequestThrottledException", "ProvisionedThroughputExceededException", "LimitExceededException", "SlowDown",
    "ServiceUnavailableException", "EC2ThrottledException", "KMSThrottlingException",
}  # fmt: skip

SDK_ERRORS = (BotoCoreError, ResponseParserError, HTTPError, ValueError, AttributeError, TypeError)  # the last: no answer of AWS

Key = tuple[str, str, Credentials, float]


class AwsClients:
    """Thread-safe, at most CLIENT_LIMIT clients, the least recently used is dropped."""

    def __init__(self) -> None:
        self._session = new_session()
        self._clients: OrderedDict[Key, Any] = OrderedDict()
        self._lock = Lock()
        self._roles = Roles(self.call)

    def call(self, service: str, operation: str, region: str, credentials: Credentials, timeout: float, **parameters: object) -> Any:  # noqa: ANN401
        """Call an operation (in snake case) once, without retries of the SDK; streams are read. Raises a ProviderError.

        The first call in a role, and one now and then, may take the time of a call to STS longer.
        """
        started = monotonic()
        keys = self._roles.keys(region, credentials) if credentials.role_arn else credentials
        try:
            client = self._client((service, region, keys, _step(timeout - (monotonic() - started))))
            answer = getattr(client, operation)(**parameters)
            return _Answer({name: BytesIO(value.read()) if isinstance(value, StreamingBody) else value for name, value in answer.items()})
        except ClientError as error:
            raise _provider_error(error, credentials, keys) from error
        except SDK_ERRORS as error:
            raise FunctionUnreachable(type(error).__name__) from error

    def close(self) -> None:
        """Drop all clients and keys of roles."""
        self._roles.close()
        with self._lock:
            self._clients.clear()

    def _client(self, key: Key) -> Any:  # noqa: ANN401 - one of many generated classes
        with self._lock:
            client = self._clients.pop(key, None) or self._build(key)
            self._clients[key] = client
            if len(self._clients) > CLIENT_LIMIT:
                self._clients.popitem(last=False)
            return client

    def _build(self, key: Key) -> Any:  # noqa: ANN401
        service, region, credentials, timeout = key
        connect = min(CONNECT_SECONDS, timeout * CONNECT_SHARE)
        config = Config(connect_timeout=connect, read_timeout=timeout - connect, retries={"total_max_attempts": 1})
        keys = (credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
        own = dict(zip(("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), keys, strict=True))
        given = {name: value for name, value in own.items() if value} if credentials.have_keys else {}
        return self._session.create_client(service, region_name=region, config=config, **given)  # type: ignore[arg-type] # stubs name each


class _Answer(dict[str, Any]):
    """What the SDK read. Without the fields of its operation it came from something else, a proxy for instance, and is a failure."""

    def __missing__(self, key: str) -> Any:  # noqa: ANN401
        raise FunctionUnreachable(f"the answer has no {key}")


def _step(timeout: float) -> float:
    return max((step for step in TIMEOUTS if step <= timeout), default=TIMEOUTS[0])


def _provider_error(error: ClientError, *used: Credentials) -> ProviderError:
    code = error.response.get("Error", {}).get("Code", "Unknown")
    text = str(error.response.get("Error", {}).get("Message", ""))
    if code in BAD_SIGNATURE:  # AWS quotes the request, with the session token in its headers
        text = ""
    for secret in filter(None, (secret for each in used for secret in (each.secret_access_key, each.session_token))):
        text = text.replace(secret, MASK)
    if code in DENIED:
        return FunctionAccessDenied(code, code, detail=text)
    return FunctionThrottled(code, text) if code in THROTTLED else FunctionUnreachable(code, text)
