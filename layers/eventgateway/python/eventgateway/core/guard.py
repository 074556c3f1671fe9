"""The outbound guard: where functions and issuers of tokens may be. It is asked at registration, for each URL, and for each address."""

from collections.abc import Iterable

from eventgateway.core.address import NOT_PUBLIC, is_public, url_fault
from eventgateway.core.emit_access import EmitAccess
from eventgateway.core.errors import FunctionRefused, InvalidRequest
from eventgateway.core.function import Function


class Guard:
    """The guard that is off: on one machine, functions are on the loopback."""

    def check_function(self, function: Function) -> None:
        """Raise InvalidRequest if the configuration of a function tells that it may never be called."""

    def check_access(self, access: EmitAccess) -> None:
        """Raise InvalidRequest if the keys of an issuer of tokens may never be fetched."""

    def check_url(self, url: str) -> None:
        """Raise FunctionRefused if a URL may not be called, be it that of a function or the target of a redirect."""

    def check_addresses(self, addresses: Iterable[str]) -> None:
        """Raise FunctionRefused if nobody may connect to a host with these IP addresses."""


class PublicOnly(Guard):
    """The guard that is on: functions are on the public internet."""

    def check_function(self, function: Function) -> None:
        """See `Guard`."""
        fault = function.provider.target_fault()
        if fault is not None:
            raise function.kind.invalid(InvalidRequest(_refusal(fault)))

    def check_access(self, access: EmitAccess) -> None:
        """See `Guard`."""
        fault = None if access.jwt is None else url_fault(access.jwt.first_url)
        if fault is not None:
            raise access.kind.invalid(InvalidRequest(_refusal(fault)))

    def check_url(self, url: str) -> None:
        """See `Guard`."""
        fault = url_fault(url)
        if fault is not None:
            raise FunctionRefused(_refusal(fault))

    def check_addresses(self, addresses: Iterable[str]) -> None:
        """One that is not public is enough: who mixes them waits for the right moment."""
        if not all(map(is_public, addresses)):
            raise FunctionRefused(_refusal(NOT_PUBLIC))


OFF = Guard()


def _refusal(fault: str) -> str:
    return f"refused by the outbound guard: {fault}"
