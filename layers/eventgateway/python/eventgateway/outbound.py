"""The way out to functions, over HTTP and through AWS."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eventgateway.aws import AwsClients
from eventgateway.core.own_role import EVERYBODYS, OwnRole
from eventgateway.core.provider import NO_HEADERS, Credentials, HttpAnswer
from eventgateway.core.target import Target
from eventgateway.http_client import HttpClient


@dataclass(frozen=True, slots=True)
class Network:
    """Implements `Outbound` for real. `own_role` tells what may be called with the gateway's own role."""

    http: HttpClient = field(default_factory=HttpClient)
    clients: AwsClients = field(default_factory=AwsClients)
    own_role: OwnRole = EVERYBODYS

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float, private: Mapping[str, str] = NO_HEADERS
    ) -> HttpAnswer:
        """See `Outbound`."""
        return self.http.post(url, body, headers, timeout, private)

    def aws(self, target: Target, operation: str, credentials: Credentials, timeout: float, **parameters: object) -> Any:  # noqa: ANN401
        """See `Outbound`."""
        self.own_role.check(target, credentials)
        return self.clients.call(target.service, operation, target.region, credentials, timeout, **parameters)
