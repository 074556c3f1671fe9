"""What became of each event of a soak."""

from collections import Counter
from dataclasses import dataclass, field
from math import ceil
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a soak; times in seconds: from the first 202 to the last one and to the last delivery, and `p50` and `p99`
    from the 202 of an event to the first call for it that succeeded."""

    accepted: int
    delivered: int
    dead: int
    lost: int
    duplicates: int
    not_accepted: int
    failed_calls: int
    kills: int
    accept_seconds: float
    seconds: float
    p50: float
    p99: float

    def text(self) -> str:
        """For people."""
        return "\n".join([
            f"accepted      {self.accepted:>8,}   {rate(self.accepted, self.accept_seconds)}",
            f"delivered     {self.delivered:>8,}   {rate(self.delivered, self.seconds)}",
            f"dead letters  {self.dead:>8,}",
            f"lost          {self.lost:>8,}",
            f"duplicates    {self.duplicates:>8,}   calls that succeeded once more for the same delivery",
            f"failed calls  {self.failed_calls:>8,}   of the target, on purpose",
            f"not accepted  {self.not_accepted:>8,}   requests without a 202, sent again; {self.kills} kills of the gateway",
            f"p50, p99      {self.p50:>8.2f} s, {self.p99:.2f} s from the 202 to the first call that succeeded",
        ])  # fmt: skip


@dataclass(slots=True)
class Tally:
    """When each event was accepted, and when it was delivered first."""

    accepted_at: dict[str, float] = field(default_factory=dict)
    delivered_at: dict[str, float] = field(default_factory=dict)
    deliveries: Counter[str] = field(default_factory=Counter)
    not_accepted: int = 0

    def accepted(self, event_id: str) -> None:
        """An emitter got its 202."""
        self.accepted_at[event_id] = perf_counter()

    def refused(self) -> None:
        """An emitter got anything else, or no answer."""
        self.not_accepted += 1

    def succeeded(self, event_id: str, delivery_id: str) -> None:
        """The target answered well."""
        self.delivered_at.setdefault(event_id, perf_counter())
        self.deliveries[delivery_id] += 1

    @property
    def counts(self) -> tuple[int, int]:
        """Events accepted and events delivered."""
        return len(self.accepted_at), len(self.delivered_at)

    @property
    def missing(self) -> int:
        """Events that were accepted and not delivered."""
        return len(self.accepted_at.keys() - self.delivered_at.keys())

    def report(self, *, dead: int, failed_calls: int, kills: int) -> Report:
        """The figures as they are now."""
        delivered = self.accepted_at.keys() & self.delivered_at.keys()
        waits = sorted(max(0.0, self.delivered_at[each] - self.accepted_at[each]) for each in delivered)
        return Report(
            accepted=len(self.accepted_at),
            delivered=len(delivered),
            dead=dead,
            lost=max(0, self.missing - dead),
            duplicates=self.deliveries.total() - len(self.deliveries),
            not_accepted=self.not_accepted,
            failed_calls=failed_calls,
            kills=kills,
            accept_seconds=self._seconds(self.accepted_at),
            seconds=self._seconds(self.delivered_at),
            p50=percentile(waits, 50),
            p99=percentile(waits, 99),
        )

    def _seconds(self, times: dict[str, float]) -> float:
        """From the first 202 to the last of them."""
        first = min(self.accepted_at.values(), default=0.0)
        return max(times.values(), default=first) - first


def rate(number: int, seconds: float) -> str:
    """How many in what time."""
    return f"in {seconds:.1f} s: {number / max(seconds, 0.001):,.0f} a second"


def percentile(ordered: list[float], percent: int) -> float:
    """The nearest rank of ascending numbers, 0 of none."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)] if ordered else 0.0
