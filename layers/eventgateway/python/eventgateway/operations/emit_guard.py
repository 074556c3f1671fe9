"""Lets only those emit to a space who may."""

from dataclasses import dataclass

from eventgateway.core.bearer import credentials
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.instant import microseconds
from eventgateway.core.ports import Clock, TokenVerifier
from eventgateway.core.space import Space


@dataclass(frozen=True, slots=True)
class EmitGuard:
    """One of the checks of the Receiver."""

    tokens: TokenVerifier
    clock: Clock

    def check(self, space: Space, request: HttpRequest) -> None:
        """Return for a request that may emit to a space. Raises AccessRefused, KeyMissing, Unavailable."""
        access = space.access
        if access is not None:
            brought = credentials(request.header("authorization"), request.header("x-api-key"))
            access.admit(request.source_ip, brought, microseconds(self.clock.time()), self.tokens.verify)
