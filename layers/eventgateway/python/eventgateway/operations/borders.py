"""The borders between tenants at the Config API: who has which key, and which spaces that key reaches."""

from dataclasses import dataclass
from typing import Protocol

from eventgateway.core.caller import Caller
from eventgateway.core.errors import AccessRefused, SpaceSuspended
from eventgateway.core.key import ACCESS
from eventgateway.core.ports import ConfigStore
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
        """See `Doors`."""
        if key.startswith(ACCESS):
            return self.keys.caller(key)
        if self.operator is None:
            raise AccessRefused
        return self.operator.admit(key)


def check_space(store: ConfigStore, caller: Caller, space: str, *, writes: bool) -> None:
    """Raise AccessRefused for a space that is not the caller's, which may be there or not; SpaceSuspended for writing to one that is held.

    Raises Unavailable, too.
    """
    head = store.head(space)
    if head is None or head.state is State.DELETING:
        raise AccessRefused
    caller.check(head.owner, space, writes=writes)
    if writes and head.state is State.SUSPENDED:
        raise SpaceSuspended(space)
