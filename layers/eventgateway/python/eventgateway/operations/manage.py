"""The Config API: create, read, update, delete, once for all kinds of resources."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import sleep
from typing import TypeVar

from eventgateway.core.cors import CorsRule
from eventgateway.core.document import decode
from eventgateway.core.emit_access import EmitAccess
from eventgateway.core.errors import InvalidRequest, NotFound, Unavailable, WriteConflict
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.guard import OFF, Guard
from eventgateway.core.hosting import STANDALONE, Standalone
from eventgateway.core.json import JsonObject
from eventgateway.core.own_role import EVERYBODYS, OwnRole
from eventgateway.core.ports import Change
from eventgateway.core.provider import AwsProvider, Providers
from eventgateway.core.quota import NO_LIMITS, Quota
from eventgateway.core.resource import Kind, Resource
from eventgateway.core.single import Single
from eventgateway.core.space import Space
from eventgateway.core.subscription import Subscription
from eventgateway.operations.secrets import NO_SECRETS, Secrets
from eventgateway.operations.spaces import Configuration

R = TypeVar("R")
S = TypeVar("S", bound=Single)
WRITE_ATTEMPTS = 10
LONGEST_BACKOFF = 0.5
Write = Callable[[Space], tuple[Change, Resource | None]]


@dataclass(frozen=True, slots=True)
class Manager:
    """Every write is one transaction on the space it read; a loser reads again, with jitter, a bounded number of times.

    The guard and `own_role` are asked before a function is created or updated, `hosting` before anything is. `by` is who writes, for the
    history. `limits` are those of spaces whose quotas have none.
    """

    spaces: Configuration
    pause: Callable[[float], None] = sleep
    secrets: Secrets = NO_SECRETS
    guard: Guard = OFF
    hosting: Standalone = STANDALONE
    by: str = ""
    own_role: OwnRole = EVERYBODYS
    limits: Quota = NO_LIMITS

    def list(self, kind: Kind, space: str, labels: Mapping[str, str]) -> list[Resource]:
        """All resources of a kind whose metadata has all `labels`."""
        resources = tuple(self.spaces.current(space).of(kind).values())  # another thread may apply a change meanwhile
        return [each for each in resources if all(each.metadata.get(key) == value for key, value in labels.items())]

    def get(self, kind: Kind, space: str, identifier: str) -> Resource:
        """One resource. Raises NotFound."""
        return _find(self.spaces.current(space), kind, identifier)

    def create(self, kind: Kind, space: str, body: bytes) -> Resource:
        """Create from a JSON document. Raises InvalidRequest, AlreadyExists, Unavailable."""
        resource = self._parse(kind, space, body, None)
        self.hosting.check(resource)
        self._check_function(resource)

        def write(current: Space) -> tuple[Change, Resource]:
            if resource.id in current.of(kind):
                raise kind.already_exists(resource.id)
            current.check_room(kind, self.limits)
            references = _references(current, resource)
            current.check_path(resource)
            created = replace(resource, since=current.version + 1) if isinstance(resource, Subscription) else self._sealed(resource)
            return _change(current, created, None, created.stored(), references), created

        return self._write(space, write)

    def update(self, kind: Kind, space: str, identifier: str, body: bytes) -> Resource:
        """Replace a resource by a JSON document. Raises InvalidRequest, NotFound, Unavailable."""
        document = self._parse(kind, space, body, identifier)
        self.hosting.check(document)

        def write(current: Space) -> tuple[Change, Resource]:
            old = _find(current, kind, identifier)
            new = self._sealed(_successor(document, old), old)
            self._check_function(new)
            return _change(current, new, old.stored(), new.stored(), _references(current, new)), new

        return self._write(space, write)

    def delete(self, kind: Kind, space: str, identifier: str) -> None:
        """Delete a resource that nothing refers to. Raises NotFound, InUse, Unavailable."""

        def write(current: Space) -> tuple[Change, None]:
            old = _find(current, kind, identifier)
            current.check_unused(old)
            return _change(current, old, old.stored(), None), None

        self._write(space, write)

    def quota(self, space: str) -> Quota:
        """The limits in force in a space. Raises InvalidRequest for a name that none can have, Unavailable."""
        Quota.parse(space, {})
        return self.spaces.current(space).quota(self.limits)

    def put(self, type_: type[S], space: str, body: bytes) -> S:
        """Create or replace what a space has one of at most. Raises InvalidRequest, Unavailable."""
        document = type_.parse(space, self._document(type_.kind, body))
        if isinstance(document, EmitAccess):
            self.guard.check_access(document)
        return self.follow(type_, space, document.following)

    def follow(self, type_: type[S], space: str, follow: Callable[[S | None], S]) -> S:
        """Put what `follow` answers in the place of what a space has one of at most. Raises Unavailable, and what `follow` raises."""

        def write(current: Space) -> tuple[Change, S]:
            old = current.single(type_)
            new = follow(old)
            return _change(current, new, old.stored() if old else None, new.stored()), new

        return self._write(space, write)

    def _sealed(self, resource: Resource, old: Resource | None = None) -> Resource:
        """A function as it is stored: without readable secrets, and with the external id of its space if it has a role."""
        if not isinstance(resource, Function):
            return resource
        function = self.secrets.sealed(resource, old if isinstance(old, Function) else None)
        if not isinstance(function.provider, AwsProvider) or not function.provider.role_arn:
            return function
        identity = self.spaces.store.identify(function.space, self.spaces.clock.stamp().id)
        return replace(function, provider=replace(function.provider, external_id=identity))

    def _write(self, space: str, write: "Callable[[Space], tuple[Change, R]]") -> R:
        for attempt in range(WRITE_ATTEMPTS):
            with self.spaces.locked(space):  # what is checked must be of the version that the change follows
                change, result = write(self.spaces.current(space))
            try:
                if change.before != change.after:
                    self.spaces.store.commit(replace(change, by=self.by))
            except WriteConflict:
                self.pause(min(LONGEST_BACKOFF, 0.01 * 2**attempt) * self.spaces.clock.jitter())
            else:
                return result
        raise Unavailable("The space is being changed by many writers. Please try again.")

    def _check_function(self, resource: Resource) -> None:
        if isinstance(resource, Function):
            self.guard.check_function(resource)
            self.own_role.check_function(resource)

    def _parse(self, kind: Kind, space: str, body: bytes, identifier: str | None) -> Resource:
        return parse(kind, space, self._document(kind, body), self.spaces.providers, identifier)

    @staticmethod
    def _document(kind: Kind, body: bytes) -> JsonObject:
        try:
            return decode(body)
        except InvalidRequest as error:
            raise kind.invalid(error) from error


def parse(kind: Kind, space: str, document: JsonObject, providers: Providers, identifier: str | None) -> Resource:
    """The resource that a document of the Config API describes; an update gives the `identifier` of the URL."""
    if kind is EventType.kind:
        return EventType.parse(space, document, identifier)
    if kind is Function.kind:
        return Function.parse(space, document, providers, identifier)
    return Subscription.parse(space, document) if kind is Subscription.kind else CorsRule.parse(space, document)


def _find(space: Space, kind: Kind, identifier: str) -> Resource:
    resource = space.of(kind).get(identifier)
    if resource is None:
        raise kind.not_found(identifier)
    return resource


def _successor(new: Resource, old: Resource) -> Resource:
    """The new state of a resource, if it may follow the old one."""
    if isinstance(new, Subscription) and isinstance(old, Subscription):
        new.check_update_of(old)
        return replace(new, since=old.since)
    if isinstance(new, CorsRule) and isinstance(old, CorsRule):
        new.check_update_of(old)
    return new


def _references(space: Space, resource: Resource) -> tuple[Resource, ...]:
    """The resources that must exist for this one. Raises InvalidRequest, also where the original answered 404."""
    if isinstance(resource, EventType) and resource.authorizer_id is not None:
        if resource.authorizer_id not in space.functions:
            raise InvalidRequest("Authorizer function doesn't exists.")
        return (space.functions[resource.authorizer_id],)
    if isinstance(resource, Subscription):
        try:
            event_type = _find(space, EventType.kind, resource.event_type)
            return event_type, _find(space, Function.kind, resource.function_id)
        except NotFound as error:
            raise InvalidRequest(error.message) from error
    return ()


def _change(
    space: Space, resource: Resource, before: JsonObject | None, after: JsonObject | None, references: tuple[Resource, ...] = ()
) -> Change:
    return Change(space.name, space.version + 1, resource.kind, resource.id, before, after, references)
