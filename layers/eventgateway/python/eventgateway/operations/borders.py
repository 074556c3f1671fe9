"""The borders between tenants at the Config API: who has which key, and which spaces that key reaches."""

from dataclasses import dataclass
from typing import Protocol

from eventgateway.core.caller import Caller
from eventgateway.core.errors import AccessRefused, SpaceSuspended, UnknownSpace
from eventgateway.core.hosting import is_label
from eventgateway.core.key import ACCESS
from eventgateway.core.ports import ConfigStore, TenantStore
from eventgateway.core.tenant import State
from eventgateway.operations.admission import Admission
from eventgateway.operations.key_ring import KeyRing


class Doors(Protocol):
    """Who may use the Config API, and for which spaces."""

    def admit(self, key: str) -> Caller:
        """Who has a key. Raises AccessRefused, Unavailable."""


@dataclass(frozen=True, slots=True)
class Borders:
    """Implements `Doors` in hosted mode. Without an operator key nobody is the operator."""

    keys: KeyRing
    operator: Admission | None

    def admit(self, key: str) -> Caller:
        """See `Doors`. What the operator has chosen may look like an access key."""
        if not key.startswith(ACCESS):
            return self._operator(key)
        try:
            return self.keys.caller(key)
        except AccessRefused:
            return self._operator(key)

    def _operator(self, key: str) -> Caller:
        if self.operator is None:
            raise AccessRefused
        return self.operator.admit(key)


def check_space(store: ConfigStore, tenants: TenantStore, caller: Caller, space: str, *, writes: bool) -> None:
    """Raise AccessRefused for a space that is not the caller's, whether it is there or not; SpaceSuspended for writing to one that is held.

    The operator may do everything, and learns by UnknownSpace which spaces are not there. Raises Unavailable, too.
    """
    head = store.head(space) if is_label(space) else None
    if head is None or head.state is State.DELETING:
        raise UnknownSpace if caller.is_operator else AccessRefused
    caller.check(head.owner, space, writes=writes)
    if writes and head.state is State.SUSPENDED and not caller.is_operator:
        owner = tenants.find(head.owner)
        raise SpaceSuspended(space, owner.reason if owner else "")
