"""The routing table of a warm instance that all spaces share, kept fresh by one version check."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from threading import RLock
from typing import Protocol

from eventgateway.core.errors import Unavailable
from eventgateway.core.ports import Clock, ConfigStore, Head
from eventgateway.core.provider import Providers
from eventgateway.core.routing import RoutingTable
from eventgateway.core.space import Space
from eventgateway.operations.loader import Loader

log = logging.getLogger(__name__)


class Configuration(Protocol):
    """Spaces as an instance knows them. All methods raise Unavailable; in hosted mode UnknownSpace for a space that is not there."""

    store: ConfigStore
    providers: Providers
    clock: Clock

    def routing(self, space: str) -> RoutingTable:
        """The table for requests of a space; it may be a moment old."""

    def latest(self, space: str) -> RoutingTable:
        """The same as the store has it now."""

    def current(self, space: str) -> Space:
        """One space as the store has it now: for reading and writing the configuration."""

    def locked(self, space: str) -> AbstractContextManager[object]:
        """In it, no other thread changes what `current` answered."""

    def knows(self, space: str) -> bool:
        """Whether a space is in memory."""

    def expire(self) -> None:
        """Look at versions before the next use."""

    def try_out(self) -> None:
        """Read something, no matter what."""


@dataclass(slots=True)
class Spaces:
    """Implements `Configuration` for one owner. `ttl` and `max_stale` are in seconds."""

    store: ConfigStore
    providers: Providers
    clock: Clock
    ttl: float = 1.0
    max_stale: float = 900.0
    table: RoutingTable = field(default_factory=RoutingTable)
    version: int = -1
    checked_at: float = float("-inf")
    fresh_at: float = float("-inf")
    lock: RLock = field(default_factory=RLock)

    def routing(self, space: str = "") -> RoutingTable:  # noqa: ARG002 - all share one
        """The table of all spaces, at most `ttl` old; while the store is away at most `max_stale`. Raises Unavailable."""
        now = self.clock.time()
        if not 0 <= now - self.checked_at < self.ttl:
            with self.lock:
                if not 0 <= now - self.checked_at < self.ttl:
                    self._refresh_all(now)
        return self.table

    def expire(self) -> None:
        """Look at the version before the next use, whatever `ttl` says."""
        self.checked_at = float("-inf")

    def latest(self, space: str = "") -> RoutingTable:  # noqa: ARG002
        """The table of all spaces as the store has it now. Raises Unavailable."""
        with self.lock:
            self._catch_up()
        return self.table

    def _refresh_all(self, now: float) -> None:
        try:
            self._catch_up()
            self.fresh_at = now
        except Unavailable:
            if not 0 <= now - self.fresh_at < self.max_stale:
                raise
            log.error("configuration store is away, routing goes on with what is known", extra={"age": now - self.fresh_at})  # noqa: TRY400
        self.checked_at = now

    def _catch_up(self) -> None:
        version = self.store.gateway_version()
        if version != self.version:
            loader = Loader(self.store, self.providers)
            for name, space_version in sorted(self.store.space_versions().items()):
                loader.refresh(self.table, name, Head(space_version))
            self.version = version

    def current(self, space: str) -> Space:
        """See `Configuration`. A space is there as soon as something is in it."""
        with self.lock:
            if version := self.store.space_version(space):
                Loader(self.store, self.providers).refresh(self.table, space, Head(version))
            return self.table.spaces.get(space) or Space(space)

    @contextmanager
    def locked(self, space: str) -> Iterator[None]:  # noqa: ARG002
        """See `Configuration`."""
        with self.lock:
            yield

    def knows(self, space: str) -> bool:
        """See `Configuration`."""
        return space in self.table.spaces

    def try_out(self) -> None:
        """See `Configuration`."""
        self.routing()
