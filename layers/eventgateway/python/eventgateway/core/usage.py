"""What is counted: for each space a flat set of numbers that only grow, named so that they add up over instances."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Counts = dict[str, float]  # series → how much to add

CUSTOM = "custom"
ALL_SPACES = ""  # what belongs to no single space
RECEIVED, PROCESSED, DROPPED, DUPLICATES = "received", "processed", "dropped", "duplicates"
CONFIG_REQUESTS, DELIVERIES = "config", "deliveries"
REQUESTS, REQUEST_BYTES = "requests", "bytes"
SEPARATOR = "|"
BY_DAY = {REQUESTS, REQUEST_BYTES, RECEIVED, PROCESSED, DROPPED, DUPLICATES, DELIVERIES}  # what is kept for each day of a space, too


def series(name: str, *labels: str) -> str:
    """The key of one counter: its name and the values of its labels."""
    return SEPARATOR.join((name, *labels))


def name_of(key: str) -> str:
    """The name in the key of a counter."""
    return key.partition(SEPARATOR)[0]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts observations by upper bounds, in seconds; a series for each bucket (not cumulative), one for the sum."""

    name: str
    bounds: Sequence[float]

    def observe(self, seconds: float) -> Counts:
        """What one observation adds."""
        return {series(self.name, str(bisect_left(self.bounds, seconds))): 1, series(self.name, "sum"): seconds}

    def cumulative(self, counts: Mapping[str, float]) -> list[float]:
        """Observations up to each bound, and last all of them."""
        totals, total = [], 0.0
        for number in range(len(self.bounds) + 1):
            total += counts.get(series(self.name, str(number)), 0)
            totals.append(total)
        return totals


PROCESSING = Histogram("processing", [0.00001 * 2**n for n in range(20)])
CONFIG_DURATION = Histogram("configDuration", [0.0005 * 2**n for n in range(16)])
