"""What spaces have used on each day, for bills."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.json import JsonObject
from eventgateway.core.lease import SECOND, day_of
from eventgateway.core.ports import Clock, UsageStore
from eventgateway.core.usage import (
    DELIVERIES,
    DROPPED,
    DUPLICATES,
    PROCESSED,
    RECEIVED,
    REQUEST_BYTES,
    REQUESTS,
    SEPARATOR,
    name_of,
    series,
)

MOST_DAYS = 400  # of a report, and that are kept
OUTCOMES = ("delivered", "retried", "dead", "dropped")  # of attempts at async deliveries


@dataclass(frozen=True, slots=True)
class DayUsage:
    """What one space has used on one day: admitted requests and the bytes of their bodies, events by what became of them."""

    space: str
    day: str
    requests: int
    bytes: int
    received: int
    processed: int
    dropped: int
    duplicates: int
    deliveries: Mapping[str, int]  # attempts by their outcome

    @classmethod
    def of(cls, space: str, day: str, counts: Mapping[str, float]) -> "DayUsage":
        """From the counters of a day."""
        sums = dict.fromkeys((REQUESTS, REQUEST_BYTES, RECEIVED, PROCESSED, DROPPED, DUPLICATES, DELIVERIES), 0.0)
        for key, value in counts.items():
            if (name := name_of(key)) in sums:
                sums[name] += value
        told = {key.partition(SEPARATOR)[2] for key in counts if name_of(key) == DELIVERIES}
        deliveries = {each: int(counts.get(series(DELIVERIES, each), 0)) for each in (*OUTCOMES, *sorted(told - {*OUTCOMES}))}
        requests, bytes_, received, processed, dropped, duplicates, _ = map(int, sums.values())
        return cls(space, day, requests, bytes_, received, processed, dropped, duplicates, deliveries)

    def shown(self) -> JsonObject:
        """As clients see it."""
        return {
            "space": self.space,
            "day": self.day,
            "requests": self.requests,
            "bytes": self.bytes,
            "events": {
                "received": self.received,
                "processed": self.processed,
                "dropped": self.dropped,
                "duplicates": self.duplicates,
            },
            "deliveries": {**self.deliveries},
        }


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Reads what all instances have counted; the last seconds may be missing."""

    store: UsageStore
    clock: Clock

    def usage_of(self, spaces: Iterable[str], first: str = "", last: str = "") -> list[DayUsage]:
        """Those days of each space on which there was anything; without a first and last day the ones of this month.

        Raises InvalidRequest, Unavailable.
        """
        start, end = self.period(first, last)
        return [DayUsage.of(space, day, counts) for space in spaces for day, counts in self.store.days(space, start, end)]

    def period(self, first: str, last: str) -> tuple[str, str]:
        """The first and last day of a report. Raises InvalidRequest."""
        today = date.fromisoformat(day_of(int(self.clock.time() * SECOND)))
        begins = _day("from", first) if first else None
        end = _day("to", last) if last else max(today, begins or today)
        start = begins or end.replace(day=1)
        if start > end:
            raise InvalidRequest("'from' must not be after 'to'.")
        if end - start >= timedelta(days=MOST_DAYS):
            raise InvalidRequest(f"A report has at most {MOST_DAYS} days.")
        return start.isoformat(), end.isoformat()


def _day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise InvalidRequest(f"{name!r} must be a day, such as 2026-11-23.")
    return day
