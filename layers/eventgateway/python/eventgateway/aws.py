"""Calling AWS APIs for functions: clients are built once for each account and region, errors become provider errors."""

from collections import OrderedDict
from threading import Lock
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from eventgateway.core.errors import FunctionAccessDenied, FunctionThrottled, FunctionUnreachable, ProviderError
from eventgateway.core.provider import Credentials

TIMEOUTS = (1, 2, 5, 10, 15, 20, 25, 27)  # seconds; the SDK fixes the time-out of a client, so there is one for each step
CONNECT_SECONDS = 3
CLIENT_LIMIT = 256
DENIED = {"AccessDeniedException", "AccessDenied", "ExpiredTokenException", "ExpiredToken", "UnrecognizedClientException"}
THROTTLED = {
    "TooManyRequestsException", "ThrottlingException", "Throttling", "ThrottledException", "RequestThrottled",
    "RequestThrottledException", "ProvisionedThroughputExceededException", "LimitExceededException", "SlowDown",
    "ServiceUnavailableException", "EC2ThrottledException",
}  # fmt: skip

Key = tuple[str, str, Credentials, int]


class AwsClients:
    """Thread-safe, at most CLIENT_LIMIT clients, the least recently used is dropped."""

    def __init__(self) -> None:
        self._session = botocore.session.get_session()
        self._clients: OrderedDict[Key, Any] = OrderedDict()
        self._lock = Lock()

    def call(self, service: str, operation: str, region: str, credentials: Credentials, timeout: float, **parameters: object) -> Any:  # noqa: ANN401
        """Call an operation (in snake case) once, without retries of the SDK. Raises a ProviderError."""
        try:
            client = self._client((service, region, credentials, _step(timeout)))
            return getattr(client, operation)(**parameters)
        except ClientError as error:
            raise _provider_error(error) from error
        except (BotoCoreError, ValueError) as error:
            raise FunctionUnreachable(type(error).__name__) from error

    def close(self) -> None:
        """Drop all clients, for instance after a snapshot was restored."""
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
        config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=timeout, retries={"total_max_attempts": 1})
        keys = (credentials.access_key_id, credentials.secret_access_key, credentials.session_token)
        own = dict(zip(("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), keys, strict=True))
        given = {name: value for name, value in own.items() if value} if all(keys[:2]) else {}
        return self._session.create_client(service, region_name=region, config=config, **given)  # type: ignore[arg-type] # stubs name each


def _step(timeout: float) -> int:
    return max((step for step in TIMEOUTS if step <= timeout), default=TIMEOUTS[0])


def _provider_error(error: ClientError) -> ProviderError:
    code = error.response.get("Error", {}).get("Code", "Unknown")
    text = f"{code}: {error.response.get('Error', {}).get('Message', '')}"
    if code in DENIED:
        return FunctionAccessDenied(text, code)
    return FunctionThrottled(text) if code in THROTTLED else FunctionUnreachable(text)
