"""The routing table: who gets this request.

Every question is answered by dictionary look-ups and one walk along the path, whatever the number of subscriptions.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from eventgateway.core.cors import CorsRule
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.path import Params, PathTree
from eventgateway.core.resource import Kind, Resource
from eventgateway.core.space import Space
from eventgateway.core.subscription import Subscription

T = TypeVar("T")
Claim = tuple[str, Hashable]  # name of an index of Space, and a key in it
INDEXES = ("asynchronous", "synchronous", "cors_paths")
SYSTEM_METHOD = "POST"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription that matched, in its space; `params` are those of its path pattern (sync only)."""

    space: Space
    subscription: Subscription
    params: Params | None = None

    @property
    def function(self) -> Function | None:
        """The function to call."""
        return self.space.functions.get(self.subscription.function_id)

    @property
    def event_type(self) -> EventType | None:
        """The registered type of the event."""
        return self.space.event_types.get(self.subscription.event_type)


@dataclass(slots=True)
class RoutingTable:
    """The spaces that share their paths: one in hosted mode, all in standalone mode, searched in the order of their names."""

    spaces: dict[str, Space] = field(default_factory=dict)
    claims: dict[Claim, tuple[str, ...]] = field(default_factory=dict)  # who has something there, in order
    system_path: str = "/"

    def put(self, resource: Resource) -> None:
        """Add or replace a resource."""
        space = self.spaces.setdefault(resource.space, Space(resource.space))
        space.put(resource)
        self._update_claim(space, _claim(resource))

    def remove(self, name: str, kind: Kind, identifier: str) -> None:
        """Remove a resource of a space."""
        space = self.spaces.get(name)
        resource = space.of(kind).get(identifier) if space else None
        if space is not None and resource is not None:
            space.remove(kind, identifier)
            self._update_claim(space, _claim(resource))

    def replace(self, space: Space) -> None:
        """Put a whole space in the place of the one with its name."""
        for old in self._claims_of(self.spaces.get(space.name)) - self._claims_of(space):
            self.claims[old] = tuple(name for name in self.claims[old] if name != space.name)
        self.spaces[space.name] = space
        for claim in self._claims_of(space):
            self._update_claim(space, claim)

    @staticmethod
    def _claims_of(space: Space | None) -> set[Claim]:
        if space is None:
            return set()
        return {(index, key) for index in INDEXES for key in getattr(space, index)}

    def _update_claim(self, space: Space, claim: Claim | None) -> None:
        if claim is None:
            return
        names = {*self.claims.get(claim, ()), space.name} if _holds(space, claim) else {*self.claims.get(claim, ())} - {space.name}
        if names:
            self.claims[claim] = tuple(sorted(names))
        else:
            self.claims.pop(claim, None)

    def asynchronous(self, method: str, path: str, event_type: str) -> list[Subscriber]:
        """All async subscribers of exactly this path."""
        key = (method, path, event_type)
        return [
            Subscriber(space, subscription)
            for space in self._claimants(("asynchronous", key))
            for subscription in tuple(space.asynchronous.get(key, {}).values())  # another thread may apply a change meanwhile
        ]

    def synchronous(self, method: str, path: str, event_type: str) -> Subscriber | None:
        """The sync subscriber whose pattern matches the path."""
        key = (method, event_type)
        for space in self._claimants(("synchronous", key)):
            if found := _resolve(space.synchronous.get(key), path):
                return Subscriber(space, *found)
        return None

    def system(self, event_type: str) -> list[Subscriber]:
        """Subscribers of a system event."""
        return self.asynchronous(SYSTEM_METHOD, self.system_path, event_type)

    def cors(self, method: str, path: str) -> CorsRule | None:
        """The CORS rule whose pattern matches the path."""
        for space in self._claimants(("cors_paths", method)):
            if found := _resolve(space.cors_paths.get(method), path):
                return found[0]
        return None

    def _claimants(self, claim: Claim) -> Iterator[Space]:
        return (self.spaces[name] for name in self.claims.get(claim, ()))


def _claim(resource: Resource) -> Claim | None:
    """The index and key under which requests find a resource, None if they never look for it."""
    if isinstance(resource, CorsRule):
        return "cors_paths", resource.method
    if not isinstance(resource, Subscription):
        return None
    if resource.is_sync:
        return "synchronous", (resource.method, resource.event_type)
    return "asynchronous", (resource.method, resource.path, resource.event_type)


def _holds(space: Space, claim: Claim) -> bool:
    index, key = claim
    return key in getattr(space, index)


def _resolve(tree: PathTree[T] | None, path: str) -> tuple[T, Params | None] | None:
    return tree.resolve(path) if tree else None
