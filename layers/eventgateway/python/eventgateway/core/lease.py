"""Leases: what all instances have taken of a space's limits is one ledger, and a step changes it if it may.

The rate is kept by the generic cell rate algorithm (GCRA, ITU-T I.371, annex A): a token costs the time in which the bucket gains
it, and the only thing to remember is when the bucket will be full again. All times are whole microseconds since the epoch.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

SECOND = 1_000_000
HOUR_SECONDS, DAY_SECONDS = 3600, 86_400


@dataclass(frozen=True, slots=True)
class Amount:
    """So much time of the rate, so many events and bytes of the day. As a limit, 0 is none."""

    time: int = 0
    events: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is kept of a space: when its bucket is full again, and what it has used of a day (`YYYY-MM-DD` in UTC)."""

    full_at: int = 0
    day: str = ""
    events: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """Takes something and gives back what is left of an earlier lease; `limits.time` is how far `full_at` may be ahead of `now`.

    It supposes that the bucket is full, or that it is not, and that the day is a new one, or is not; else it does not fit. What would
    be given back to a full bucket or to another day is lost.
    """

    now: int
    day: str
    takes: Amount
    gives: Amount
    limits: Amount
    is_full: bool
    is_new_day: bool

    @property
    def cost(self) -> Amount:
        """What is added to a ledger where the bucket is not full and the day is the same."""
        taken, given = self.takes, self.gives
        return Amount(taken.time - given.time, taken.events - given.events, taken.bytes - given.bytes)

    @property
    def highest(self) -> Amount:
        """The ledger must not be beyond this before the step. It has limits where there are limits."""
        limits, cost = self.limits, self.cost
        return Amount(self.now + limits.time - cost.time, limits.events - cost.events, limits.bytes - cost.bytes)

    def fits(self, ledger: Ledger | None) -> bool:
        """Whether it may be made."""
        found = ledger or Ledger()
        return self._fits_rate(found) and self._fits_day(found)

    def _fits_rate(self, ledger: Ledger) -> bool:
        if not self.limits.time:
            return True
        return ledger.full_at < self.now if self.is_full else self.now <= ledger.full_at <= self.highest.time

    def _fits_day(self, ledger: Ledger) -> bool:
        if self.is_new_day:
            return ledger.day < self.day
        has_events = not self.limits.events or ledger.events <= self.highest.events
        has_bytes = not self.limits.bytes or ledger.bytes <= self.highest.bytes
        return ledger.day == self.day and has_events and has_bytes

    def after(self, ledger: Ledger | None) -> Ledger:
        """The ledger behind the step."""
        old, starts_anew = ledger or Ledger(), self.is_full or not self.limits.time
        full_at = self.now + self.takes.time if starts_anew else old.full_at + self.cost.time
        if self.is_new_day:
            return Ledger(full_at, self.day, self.takes.events, self.takes.bytes)
        return Ledger(full_at, self.day, old.events + self.cost.events, old.bytes + self.cost.bytes)


def day_of(now: int) -> str:
    """The day of a time."""
    return datetime.fromtimestamp(now // SECOND, UTC).strftime("%Y-%m-%d")


def seconds_of_day_left(now: int) -> float:
    """Until midnight."""
    return DAY_SECONDS - now / SECOND % DAY_SECONDS
