"""The routing table of a warm instance, kept fresh from the change rows of the configuration store.

A refresh costs what changed, not what exists: one version check, then the changes in between; a gap in them means a full reload.
"""

import logging
from dataclasses import dataclass, field
from threading import RLock

from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import PathConflict, Unavailable
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.json import JsonObject
from eventgateway.core.ports import Change, Clock, ConfigStore
from eventgateway.core.provider import Providers
from eventgateway.core.resource import Kind, Resource
from eventgateway.core.routing import RoutingTable
from eventgateway.core.space import Space
from eventgateway.core.subscription import Subscription
from eventgateway.core.suspension import Suspension

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Spaces:
    """Spaces of the configuration as this instance knows them. `ttl` and `max_stale` are in seconds."""

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

    def routing(self) -> RoutingTable:
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

    def latest(self) -> RoutingTable:
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
            for name, space_version in sorted(self.store.space_versions().items()):
                self._refresh(name, space_version)
            self.version = version

    def current(self, name: str) -> Space:
        """One space as the store has it now: for reading and writing the configuration."""
        with self.lock:
            self._refresh(name, self.store.space_version(name))
            return self.table.spaces.get(name) or Space(name)

    def _refresh(self, name: str, version: int) -> None:
        known = self.table.spaces.get(name)
        if (known.version if known else 0) >= version:
            return
        changes = self.store.changes(name, known.version) if known is not None else None
        if not changes or changes[-1].version < version:
            self._reload(name)
        else:
            self._apply(name, changes)

    def _reload(self, name: str) -> None:
        snapshot = self.store.load(name)
        space = Space(name, snapshot.version)
        for kind, document in snapshot.documents:
            _put(space, self.restore(kind, name, document))
        self.table.replace(space)

    def _apply(self, name: str, changes: list[Change]) -> None:
        for change in changes:
            if change.after is None:
                self.table.remove(name, change.kind, change.id)
            else:
                _put(self.table, self.restore(change.kind, name, change.after))
            self.table.spaces[name].version = change.version

    def restore(self, kind: Kind, space: str, document: JsonObject) -> Resource:
        """The resource of a stored document."""
        if kind is Function.kind:
            return Function.restore(space, document, self.providers)
        readers = {EventType.kind: EventType, Subscription.kind: Subscription, CorsRule.kind: CorsRule, Suspension.kind: Suspension}
        return readers[kind].restore(space, document)  # type: ignore[no-any-return, attr-defined] # one signature, all classes


def _put(target: Space | RoutingTable, resource: Resource) -> None:
    """Writers refuse paths in conflict; should one be stored all the same, it must not stop the routing of all others."""
    try:
        target.put(resource)
    except PathConflict as error:
        log.warning("stored path is not routed", extra={"space": resource.space, "id": resource.id, "error": error.message})
