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
    """One space: its table, how many resources that has, and when the store was looked at (seconds since the epoch), in vain or not.

    `users` are the threads that hold it or wait for it; it stays in memory as long as there are any.
    """

    table: RoutingTable
    lock: RLock = field(default_factory=RLock)
    users: int = 0
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
    expirations: int = 0
    lock: RLock = field(default_factory=RLock)  # of the four; who holds it waits for no other

    def routing(self, space: str) -> RoutingTable:
        """See `Configuration`: at most `ttl` old; while the store is away at most `max_stale`."""
        entry, now = self.known.get(space), self.clock.time()
        if entry is not None:
            table = entry.table  # read once: another thread may just be forgetting the space
            if self._is_fresh(entry, now) and space in table.spaces:
                return table
        self._check_unknown(space, now)
        with self._held(space) as entry:
            if not self._is_fresh(entry, now):
                self._check_unknown(space, now)
                self._look(space, entry, now)
            return entry.table

    def latest(self, space: str) -> RoutingTable:
        """See `Configuration`."""
        with self._held(space) as entry:
            self._refresh(space, entry)
            return entry.table

    def current(self, space: str) -> Space:
        """See `Configuration`."""
        return self.latest(space).spaces[space]

    def locked(self, space: str) -> AbstractContextManager[object]:
        """See `Configuration`."""
        return self._held(space)

    def knows(self, space: str) -> bool:
        """See `Configuration`."""
        entry = self.known.get(space)
        return entry is not None and space in entry.table.spaces

    def expire(self) -> None:
        """See `Configuration`. What is being read at the moment counts as expired, too."""
        with self.lock:
            self.expirations += 1
            self.unknown.clear()
            for entry in self.known.values():
                entry.checked_at = NEVER

    def try_out(self) -> None:
        """See `Configuration`."""
        self.store.head("-")

    def _is_fresh(self, entry: _Known, now: float) -> bool:
        return 0 <= now - entry.checked_at < self.ttl

    def _check_unknown(self, space: str, now: float) -> None:
        """Raise UnknownSpace for a name that nobody had a moment ago: strangers choose it."""
        if 0 <= now - self.unknown.get(space, NEVER) < self.ttl:
            raise UnknownSpace

    @contextmanager
    def _held(self, space: str) -> Iterator[_Known]:
        """The entry of a space, for this thread alone. It goes again if nothing was read: else there would be one for each made-up name."""
        if not is_label(space):
            raise UnknownSpace
        with self.lock:
            entry = self.known.setdefault(space, _Known(self._new_table(space)))
            entry.users += 1
        try:
            with entry.lock:
                yield entry
        finally:
            with self.lock:
                entry.users -= 1
                if not entry.users and not entry.table.spaces:
                    del self.known[space]

    def _new_table(self, space: str) -> RoutingTable:
        return RoutingTable(system_path=self.hosted.system_path(space))

    def _look(self, space: str, entry: _Known, now: float) -> None:
        expirations = self.expirations
        try:
            self._refresh(space, entry)
        except Unavailable:
            age = now - entry.fresh_at
            if not (entry.table.spaces and 0 <= age < self.max_stale):
                raise
            log.error("configuration store is away, routing goes on with what is known", extra={"age": age, "space": space})  # noqa: TRY400
        with self.lock:
            if expirations == self.expirations:
                entry.checked_at = now

    def _refresh(self, space: str, entry: _Known) -> None:
        """Bring an entry that this thread holds to what the store has. Another life of the name begins with a table of its own."""
        now, head = self.clock.time(), self._head(space, entry)
        known = entry.table.spaces.get(space)
        table = entry.table if known and known.born == head.born else self._new_table(space)
        Loader(self.store, self.providers).refresh(table, space, head)
        entry.table, entry.fresh_at = table, now
        with self.lock:
            self._measure(entry, table.spaces[space].size)
            self.known.move_to_end(space)
            self.unknown.pop(space, None)
            self._make_room()

    def _head(self, space: str, entry: _Known) -> Head:
        now, expirations = self.clock.time(), self.expirations
        head = self.store.head(space)
        if head is not None and head.state is not State.DELETING:
            return head
        with self.lock:
            entry.checked_at, entry.fresh_at = NEVER, NEVER
            entry.table = self._new_table(space)
            self._measure(entry, 0)
            if expirations == self.expirations:
                self._note_unknown(space, now)
        raise UnknownSpace

    def _note_unknown(self, space: str, now: float) -> None:
        self.unknown[space] = now
        self.unknown.move_to_end(space)
        if len(self.unknown) > MOST_UNKNOWN:
            self.unknown.popitem(last=False)

    def _measure(self, entry: _Known, size: int) -> None:
        self.size += size - entry.size
        entry.size = size

    def _make_room(self) -> None:
        """Let go of the spaces not used for longest, but of none that is in use, however large it is."""
        while self.size > MOST_RESOURCES or len(self.known) > MOST_SPACES:
            oldest = next((name for name, entry in self.known.items() if not entry.users), None)
            if oldest is None:
                return
            self._measure(self.known.pop(oldest), 0)
