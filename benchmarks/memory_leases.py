"""Leases in memory, for the simulation of limits: what the conditional updates of DynamoDB do, without DynamoDB."""

from dataclasses import dataclass, field

from eventgateway.core.errors import Unavailable
from eventgateway.core.lease import Ledger, Step


@dataclass(slots=True)
class MemoryLeases:
    """Implements `Leases`. Counts its calls; if it is `away` they fail."""

    ledgers: dict[str, Ledger] = field(default_factory=dict)
    calls: int = 0
    away: bool = False

    def take(self, space: str, step: Step) -> tuple[bool, Ledger | None]:
        """See `Leases`."""
        self._call()
        found = self.ledgers.get(space)
        if not step.fits(found):
            return False, found
        self.ledgers[space] = step.after(found)
        return True, self.ledgers[space]

    def mend(self, space: str, old: Ledger, new: Ledger) -> bool:
        """See `Leases`."""
        self._call()
        found = self.ledgers.get(space)
        if found is None or (found.full_at, found.day) != (old.full_at, old.day):
            return False
        self.ledgers[space] = Ledger(new.full_at, new.day, found.events, found.bytes)
        return True

    def _call(self) -> None:
        self.calls += 1
        if self.away:
            raise Unavailable("The store of leases is not available. Please try again.")
