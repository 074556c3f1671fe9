"""Counting in a warm instance: in memory, and now and then added to what all instances have counted.

There is never a write for a single event. What an instance did not flush when it vanished is lost. In hosted mode what each space
has used is also kept by day: the day is that of the flush.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from eventgateway.core.errors import Unavailable
from eventgateway.core.lease import SECOND, day_of
from eventgateway.core.ports import Clock, UsageStore
from eventgateway.core.usage import (
    ALL_SPACES,
    BY_DAY,
    CONFIG_DURATION,
    CONFIG_REQUESTS,
    DELIVERIES,
    DROPPED,
    DUPLICATES,
    PROCESSED,
    PROCESSING,
    RECEIVED,
    REQUEST_BYTES,
    REQUESTS,
    Counts,
    name_of,
    series,
)

log = logging.getLogger(__name__)

FLUSH_SECONDS = 5.0
LIFE_SECONDS = 600.0  # until a deleted space is really gone, and somebody else may have its name, much more time goes by


def _no_counts() -> defaultdict[str, Counts]:
    return defaultdict(dict)


@dataclass(slots=True, eq=False)
class Usage:
    """Counts by space. Thread-safe. Without a store nothing is counted.

    In hosted mode (`by_day`) counts that an instance slept on for LIFE_SECONDS are dropped: their space may be another's by now.
    """

    store: UsageStore | None
    clock: Clock | None
    flush_seconds: float = FLUSH_SECONDS
    by_day: bool = False
    flushed_at: float = float("-inf")
    counts: defaultdict[str, Counts] = field(default_factory=_no_counts)
    daily: dict[tuple[str, str], Counts] = field(default_factory=dict)  # by space and day
    begun: dict[str, float] = field(default_factory=dict)  # when the oldest count of a space was made
    lock: Lock = field(default_factory=Lock)

    def request(self, space: str, size: int) -> None:
        """A request with so many bytes of body was admitted to a space."""
        self._add(space, {REQUESTS: 1, REQUEST_BYTES: size})

    def received(self, space: str, type_: str) -> None:
        """An event for a subscriber of a space came in."""
        self._add(space, {series(RECEIVED, type_): 1})

    def processed(self, space: str, type_: str) -> None:
        """An event for a subscriber of a space is done with."""
        self._add(space, {series(PROCESSED, type_): 1})

    def dropped(self, space: str, type_: str) -> None:
        """An event for a subscriber of a space was denied."""
        self._add(space, {series(DROPPED, type_): 1})

    def duplicate(self, space: str) -> None:
        """An event came in that a space had accepted before."""
        self._add(space, {series(DUPLICATES): 1})

    def delivery(self, space: str, outcome: str) -> None:
        """An attempt at an async delivery ended."""
        self._add(space, {series(DELIVERIES, outcome): 1})

    def waited(self, space: str, seconds: float) -> None:
        """So long an async event took from its arrival to the call of its function."""
        self._add(space, PROCESSING.observe(seconds))

    def config_request(self, space: str, resource: str, operation: str) -> None:
        """A request to the Config API that was understood."""
        self._add(space, {series(CONFIG_REQUESTS, resource, operation): 1})

    def config_took(self, space: str, seconds: float) -> None:
        """So long a request to the Config API took."""
        self._add(space, CONFIG_DURATION.observe(seconds))

    def flush_if_due(self) -> None:
        """Flush what is older than the interval."""
        if self.clock and not 0 <= self.clock.time() - self.flushed_at < self.flush_seconds:
            self.flush()

    def flush(self) -> None:
        """Add the counts to the store; what cannot be added now is kept for the next time."""
        if self.store is None or self.clock is None:
            return
        with self.lock:
            counts, self.counts = self.counts, _no_counts()
            begun, self.begun = self.begun, {}
            self.flushed_at = self.clock.time()
        day = day_of(int(self.flushed_at * SECOND))
        for space, added in counts.items():
            if self._is_too_old(space, begun[space]):
                continue
            try:
                is_there = self.store.add(space, added)
            except Unavailable as error:
                log.warning("usage is counted later", extra={"space": space, "error": error.message})
                self._add(space, added, begun[space])
            else:
                if is_there and self.by_day and space != ALL_SPACES:
                    self._add_to_day(space, day, added)
        self._flush_days(self.store, begun)

    def _is_too_old(self, space: str, begun: float) -> bool:
        return self.by_day and space != ALL_SPACES and not 0 <= self.flushed_at - begun < LIFE_SECONDS

    def _flush_days(self, store: UsageStore, begun: Mapping[str, float]) -> None:
        """Apart from the totals, so that neither is counted twice if the other one fails."""
        with self.lock:
            daily, self.daily = self.daily, {}
        for (space, day), added in daily.items():
            if self._is_too_old(space, begun[space]):
                continue
            try:
                store.add_to_day(space, day, added)
            except Unavailable as error:
                log.warning("usage of a day is counted later", extra={"space": space, "error": error.message})
                self._add_to_day(space, day, added)
                with self.lock:
                    self.begun[space] = min(begun[space], self.begun.get(space, begun[space]))

    def _add_to_day(self, space: str, day: str, added: Counts) -> None:
        with self.lock:
            counts = self.daily.setdefault((space, day), {})
            for name, value in added.items():
                if name_of(name) in BY_DAY:
                    counts[name] = counts.get(name, 0) + value
            if not counts:
                del self.daily[space, day]

    def totals(self, spaces: Iterable[str]) -> dict[str, Counts]:
        """What all instances have counted for some spaces, this one up to now. Raises Unavailable."""
        self.flush()
        return {space: self.store.totals(space) for space in spaces} if self.store else {}

    def _add(self, space: str, added: Mapping[str, float], at: float | None = None) -> None:
        if self.store is None or self.clock is None:
            return
        with self.lock:
            if space not in self.begun:
                self.begun[space] = self.clock.time() if at is None else at
            counts = self.counts[space]
            for name, value in added.items():
                counts[name] = counts.get(name, 0) + value


NO_USAGE = Usage(None, None)
