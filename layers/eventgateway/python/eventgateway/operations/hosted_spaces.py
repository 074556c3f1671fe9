"""The routing tables of a warm instance in hosted mode: one for each space, so that nobody's request ever sees what is another's."""

import logging
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from threading import RLock

from eventgateway.core.errors import Unavailable, UnknownSpace
from eventgateway.core.hosting import Hosted, is_label
from eventgateway.core.ports import Clock, ConfigStore, Head
from eventgateway.core.provider import Providers
from eventgateway.core.routing import RoutingTable
from eventgateway.core.space import Space
from eventgateway.core.tenant import State
from eventgateway.operations.loader import Loader

log = logging.getLogger(__name__)

MOST_RESOURCES = 300_000  # in memory, some 1 KB each
MOST_SPACES = 5_000
MOST_UNKNOWN = 10_000  # names that somebody asked for, and nobody has
NEVER = float("-inf")


@dataclass(slots=True, eq=False)
class _Known:
    """One space: its table, how many resources it has, and when the store was looked at (seconds since the epoch), in vain or not."""

    table: RoutingTable
    lock: RLock = field(default_factory=RLock)
    size: int = 0
    checked_at: float = NEVER
    fresh_at: float = NEVER


@dataclass(slots=True)
class HostedSpaces:
    """Implements `Configuration` for many tenants. Times in seconds. The spaces used last are kept, within bounds."""

    store: ConfigStore
    providers: Providers
    clock: Clock
    hosted: Hosted
    ttl: float = 1.0
    max_stale: float = 900.0
    known: OrderedDict[str, _Known] = field(default_factory=OrderedDict)
    unknown: OrderedDict[str, float] = field(default_factory=OrderedDict)
    size: int = 0  # resources of all that are known
    lock: RLock = field(default_factory=RLock)  # of the three

    def routing(self, space: str) -> RoutingTable:
        """See `Configuration`: at most `ttl` old; while the store is away at most `max_stale`."""
        entry, now = self.known.get(space), self.clock.time()
        if entry is not None and 0 <= now - entry.checked_at < self.ttl:
            return entry.table
        if entry is None:
            self._check_name(space, now)
            entry = self._entry(space)
        with entry.lock:
            if not 0 <= now - entry.checked_at < self.ttl:
                self._look(space, entry, now)
        return entry.table

    def latest(self, space: str) -> RoutingTable:
        """See `Configuration`."""
        self._check_name(space, self.clock.time())
        entry = self._entry(space)
        with entry.lock, self._emptied(space, entry):
            self._refresh(space, entry, self._head(space))
        return entry.table

    def current(self, space: str) -> Space:
        """See `Configuration`."""
        return self.latest(space).spaces[space]

    def locked(self, space: str) -> AbstractContextManager[object]:
        """See `Configuration`."""
        return self._entry(space).lock

    def knows(self, space: str) -> bool:
        """See `Configuration`."""
        return space in self.known

    def expire(self) -> None:
        """See `Configuration`."""
        with self.lock:
            self.unknown.clear()
            for entry in self.known.values():
                entry.checked_at = NEVER

    def try_out(self) -> None:
        """See `Configuration`."""
        self.store.head("-")

    def _check_name(self, space: str, now: float) -> None:
        """Raise UnknownSpace for a name that no space can have, or had a moment ago: strangers choose it."""
        if not is_label(space) or 0 <= now - self.unknown.get(space, NEVER) < self.ttl:
            raise UnknownSpace

    def _entry(self, space: str) -> _Known:
        with self.lock:
            entry = self.known.setdefault(space, _Known(RoutingTable(system_path=self.hosted.system_path(space))))
            self.known.move_to_end(space)
        return entry

    def _look(self, space: str, entry: _Known, now: float) -> None:
        try:
            with self._emptied(space, entry):
                self._refresh(space, entry, self._head(space))
            entry.fresh_at = now
        except Unavailable:
            if not 0 <= now - entry.fresh_at < self.max_stale:
                raise
            age = now - entry.fresh_at
            log.error("configuration store is away, routing goes on with what is known", extra={"age": age, "space": space})  # noqa: TRY400
        entry.checked_at = now

    def _head(self, space: str) -> Head:
        head = self.store.head(space)
        if head is None or head.state is State.DELETING:
            with self.lock:
                self._drop(space)
                self.unknown[space] = self.clock.time()
                if len(self.unknown) > MOST_UNKNOWN:
                    self.unknown.popitem(last=False)
            raise UnknownSpace
        return head

    def _refresh(self, name: str, entry: _Known, head: Head) -> None:
        Loader(self.store, self.providers).refresh(entry.table, name, head.version)
        space = entry.table.spaces[name]
        space.born, space.is_held = head.born, head.state is State.SUSPENDED
        with self.lock:
            if self.known.get(name) is entry:
                self.size += space.size - entry.size
                entry.size = space.size
                self.known.move_to_end(name)
            self._make_room(name)

    def _make_room(self, newest: str) -> None:
        """Let go of the spaces not used for longest, though not of the newest, however large it is."""
        while self.size > MOST_RESOURCES or len(self.known) > MOST_SPACES:
            oldest = next(iter(self.known))
            if oldest == newest:
                return
            self._drop(oldest)

    def _drop(self, space: str) -> None:
        if entry := self.known.pop(space, None):
            self.size -= entry.size

    @contextmanager
    def _emptied(self, space: str, entry: _Known) -> Iterator[None]:
        """If a space cannot be read for the first time, nothing of it stays: else there would be an entry for each name that is made up."""
        try:
            yield
        except Unavailable:
            with self.lock:
                if not entry.table.spaces and self.known.get(space) is entry:
                    self._drop(space)
            raise
