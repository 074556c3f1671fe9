"""The way out to functions, over HTTP and through AWS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eventgateway.aws import AwsClients
from eventgateway.core.provider import NO_HEADERS, Credentials, HttpAnswer
from eventgateway.http_client import HttpClient


@dataclass(frozen=True, slots=True)
class Network:
    """Implements `Outbound` for real."""

    http: HttpClient = field(default_factory=HttpClient)
    clients: AwsClients = field(default_factory=AwsClients)

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float, private: Mapping[str, str] = NO_HEADERS
    ) -> HttpAnswer:
        """See `Outbound`."""
        return self.http.post(url, body, headers, timeout, private)

    def aws(self, service: str, operation: str, region: str, credentials: Credentials, timeout: float, **parameters: object) -> Any:  # noqa: ANN401
        """See `Outbound`."""
        return self.clients.call(service, operation, region, credentials, timeout, **parameters)
