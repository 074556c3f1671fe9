"""Spaces of a routing table, brought to a version: that costs what changed, not what exists. A gap in the changes means a full reload."""

import logging
from dataclasses import dataclass
from typing import Any

from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import PathConflict
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.json import JsonObject
from eventgateway.core.ports import Change, ConfigStore, Head
from eventgateway.core.provider import Providers
from eventgateway.core.resource import Kind, Resource
from eventgateway.core.routing import RoutingTable
from eventgateway.core.space import SINGLES, Space
from eventgateway.core.subscription import Subscription
from eventgateway.core.tenant import State

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loader:
    """Reads from the configuration store."""

    store: ConfigStore
    providers: Providers

    def refresh(self, table: RoutingTable, name: str, head: Head) -> None:
        """Bring a space to the state of its head, and to its version at least. Raises Unavailable."""
        known = table.spaces.get(name)
        if known is None:
            self._reload(table, name, head)
            return
        known.is_held = head.state is State.SUSPENDED
        if known.version >= head.version:
            return
        changes = self.store.changes(name, known.version)
        if not changes or changes[-1].version < head.version:
            self._reload(table, name, head)
        else:
            self._apply(table, name, changes)

    def _reload(self, table: RoutingTable, name: str, head: Head) -> None:
        """The space is put into the table as a whole, so that nobody sees a part of it."""
        snapshot = self.store.load(name)
        space = Space(name, snapshot.version, head.born, head.state is State.SUSPENDED)
        for kind, document in snapshot.documents:
            _put(space, self.restore(kind, name, document))
        table.replace(space)

    def _apply(self, table: RoutingTable, name: str, changes: list[Change]) -> None:
        for change in changes:
            if change.after is None:
                table.remove(name, change.kind, change.id)
            else:
                _put(table, self.restore(change.kind, name, change.after))
            table.spaces[name].version = change.version

    def restore(self, kind: Kind, space: str, document: JsonObject) -> Resource:
        """The resource of a stored document."""
        if kind is Function.kind:
            return Function.restore(space, document, self.providers)
        readers: dict[Kind, Any] = {EventType.kind: EventType, Subscription.kind: Subscription, CorsRule.kind: CorsRule}
        reader = readers.get(kind) or next(each for each in SINGLES if each.kind is kind)
        return reader.restore(space, document)


def _put(target: Space | RoutingTable, resource: Resource) -> None:
    """Writers refuse paths in conflict; should one be stored all the same, it must not stop the routing of all others."""
    try:
        target.put(resource)
    except PathConflict as error:
        log.warning("stored path is not routed", extra={"space": resource.space, "id": resource.id, "error": error.message})
