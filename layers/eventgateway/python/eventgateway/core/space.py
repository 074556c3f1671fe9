"""A space: its resources at one version, and the indexes that routing and referential integrity need."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from eventgateway.core.cors import CorsRule
from eventgateway.core.emit_access import EmitAccess
from eventgateway.core.errors import InUse, InvalidRequest, PathConflict
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.path import PathTree
from eventgateway.core.quota import NO_LIMITS, Quota
from eventgateway.core.resource import Kind, Resource
from eventgateway.core.single import Single
from eventgateway.core.subscription import Subscription
from eventgateway.core.suspension import Suspension

COLLECTIONS: tuple[Kind, ...] = (EventType.kind, Function.kind, Subscription.kind, CorsRule.kind)
SINGLES: tuple[type[Single], ...] = (Suspension, EmitAccess, Quota)
KINDS: tuple[Kind, ...] = (*COLLECTIONS, *(each.kind for each in SINGLES))
CAPACITY: dict[Kind, int] = {  # of a space: each instance holds all its resources in memory, some 1 KB each
    EventType.kind: 100_000,
    Function.kind: 100_000,
    Subscription.kind: 200_000,
    CorsRule.kind: 10_000,
}

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
S = TypeVar("S", bound=Single)
AsyncKey = tuple[str, str, str]  # method, path, event type
SyncKey = tuple[str, str]  # method, event type


@dataclass(slots=True)
class Space:
    """Mutable: `put` and `remove` follow the change rows, one at a time. Raises nothing for what is not there.

    `born` is the version it began with; `is_held` if its tenant is suspended.
    """

    name: str
    version: int = 0
    born: int = 0
    is_held: bool = False
    event_types: dict[str, EventType] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    cors: dict[str, CorsRule] = field(default_factory=dict)
    singles: dict[str, dict[str, Resource]] = field(default_factory=lambda: {each.kind.path: {} for each in SINGLES})
    asynchronous: dict[AsyncKey, dict[str, Subscription]] = field(default_factory=dict)  # by function
    synchronous: dict[SyncKey, PathTree[Subscription]] = field(default_factory=dict)
    cors_paths: dict[str, PathTree[CorsRule]] = field(default_factory=dict)
    users: dict[tuple[str, str], set[str]] = field(default_factory=dict)  # (field, id it refers to) → ids of those who do

    def of(self, kind: Kind) -> dict[str, Resource]:
        """All resources of a kind by id."""
        resources: dict[str, dict[str, Resource]] = {
            EventType.kind.path: self.event_types,  # type: ignore[dict-item] # dict is invariant, we only hand out what we hold
            Function.kind.path: self.functions,  # type: ignore[dict-item]
            Subscription.kind.path: self.subscriptions,  # type: ignore[dict-item]
            CorsRule.kind.path: self.cors,  # type: ignore[dict-item]
            **self.singles,
        }
        return resources[kind.path]

    def single(self, type_: type[S]) -> S | None:
        """The resource of a type of which there is one at most."""
        return self.singles[type_.kind.path].get(self.name)  # type: ignore[return-value] # under its path are those of its type

    @property
    def access(self) -> EmitAccess | None:
        """Who may emit to it; None is everybody."""
        return self.single(EmitAccess)

    @property
    def size(self) -> int:
        """How many resources it has."""
        return sum(len(self.of(kind)) for kind in KINDS)

    @property
    def is_suspended(self) -> bool:
        """Whether its events are refused and its deliveries wait."""
        return self.is_held or self.single(Suspension) is not None

    def put(self, resource: Resource) -> None:
        """Add a resource or replace the one with its id; since ids name what is indexed, a replaced one is never missing meanwhile."""
        self._forget_references(self.of(resource.kind).get(resource.id))
        self.of(resource.kind)[resource.id] = resource
        if isinstance(resource, Subscription):
            self._index_subscription(resource)
        elif isinstance(resource, CorsRule):
            self.cors_paths.setdefault(resource.method, PathTree()).add(resource.path, resource)
        for reference in references(resource):
            self.users.setdefault(reference, set()).add(resource.id)

    def remove(self, kind: Kind, identifier: str) -> None:
        """Remove a resource."""
        resource = self.of(kind).pop(identifier, None)
        self._forget_references(resource)
        if isinstance(resource, Subscription):
            self._forget_subscription(resource)
        elif isinstance(resource, CorsRule):
            _remove_path(self.cors_paths, resource.method, resource.path)

    def _forget_references(self, resource: Resource | None) -> None:
        for reference in references(resource):
            self.users[reference].discard(resource.id if resource else "")

    def _index_subscription(self, subscription: Subscription) -> None:
        if subscription.is_sync:
            tree = self.synchronous.setdefault((subscription.method, subscription.event_type), PathTree())
            tree.add(subscription.path, subscription)
        else:
            self.asynchronous.setdefault(_async_key(subscription), {})[subscription.function_id] = subscription

    def _forget_subscription(self, subscription: Subscription) -> None:
        if subscription.is_sync:
            _remove_path(self.synchronous, (subscription.method, subscription.event_type), subscription.path)
            return
        present = self.asynchronous[_async_key(subscription)]
        del present[subscription.function_id]
        if not present:
            del self.asynchronous[_async_key(subscription)]

    def quota(self, defaults: Quota) -> Quota:
        """The limits in force."""
        return (self.single(Quota) or Quota(self.name)).over(defaults)

    def check_room(self, kind: Kind, defaults: Quota = NO_LIMITS) -> None:
        """Raise InvalidRequest if the space has all resources of a kind that any can have, LimitExceeded if all that its quota allows."""
        present = len(self.of(kind))
        if present >= CAPACITY[kind]:
            raise InvalidRequest(f"{kind.label} cannot be created because a space has at most {CAPACITY[kind]} of them.")
        self.quota(defaults).check_room(kind, present)

    def check_path(self, resource: Resource) -> None:
        """Raise PathConflict if a new pattern (of a sync subscription or a CORS rule) cannot live beside the others of its kind."""
        try:
            if isinstance(resource, Subscription) and resource.is_sync:
                self.synchronous.get((resource.method, resource.event_type), PathTree[Subscription]()).check(resource.path)
            elif isinstance(resource, CorsRule):
                self.cors_paths.get(resource.method, PathTree[CorsRule]()).check(resource.path)
        except PathConflict as error:
            raise PathConflict(f"{resource.kind.label} path conflict: {error.message}") from error

    def check_unused(self, resource: Resource) -> None:
        """Raise InUse if others refer to a resource that shall be deleted."""
        if isinstance(resource, EventType) and self.users.get(("event_type", resource.id)):
            raise InUse("Event type cannot be deleted because there are subscriptions using it.")
        if isinstance(resource, Function):
            self._check_function_unused(resource.id)

    def _check_function_unused(self, identifier: str) -> None:
        if self.users.get(("function", identifier)):
            raise InUse("Function cannot be deleted because it's subscribed to a least one event.")
        for name in sorted(self.users.get(("authorizer", identifier), ()), reverse=True):
            raise InUse(f"Function {identifier} cannot be deleted because is used as an authorizer for {name} event type.")


def references(resource: Resource | None) -> Iterable[tuple[str, str]]:
    """What a resource refers to, as (field, id)."""
    if isinstance(resource, Subscription):
        return ("event_type", resource.event_type), ("function", resource.function_id)
    if isinstance(resource, EventType) and resource.authorizer_id is not None:
        return (("authorizer", resource.authorizer_id),)
    return ()


def _async_key(subscription: Subscription) -> AsyncKey:
    return subscription.method, subscription.path, subscription.event_type


def _remove_path(trees: dict[K, PathTree[V]], key: K, path: str) -> None:
    trees[key].remove(path)
    if not trees[key]:
        del trees[key]
