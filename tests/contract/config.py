"""Writing configuration in tests: documents, writers that meet each other, and what must hold afterwards."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from uuid import uuid4

import boto3

from eventgateway import providers
from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import GatewayError
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.json import JsonObject, dumps
from eventgateway.core.path import PathTree
from eventgateway.core.ports import Change, ConfigStore
from eventgateway.core.resource import Kind, Resource
from eventgateway.core.space import KINDS, Space
from eventgateway.core.subscription import Subscription
from eventgateway.operations.manage import Manager
from eventgateway.operations.secrets import Secrets
from eventgateway.operations.spaces import Spaces
from eventgateway.storage.dynamodb import DynamoConfigStore
from local.resources import create_table
from tests.memory import FakeClock, MemoryVault

REGISTRY = providers.load()
VAULT = MemoryVault()
State = dict[tuple[str, str], JsonObject]


def new_dynamodb_store(**options: object) -> DynamoConfigStore:
    """A store on a table of its own in the emulator, which must be there."""
    table = f"config-{uuid4()}"
    create_table(boto3.client("dynamodb"), table)
    return DynamoConfigStore(table, **options)


def writer(store: ConfigStore) -> Manager:
    """A Config API of its own, as each Lambda instance is."""
    return Manager(Spaces(store, REGISTRY, FakeClock()), lambda _: None, Secrets(VAULT, FakeClock()))


def event_type(name: str = "u", **more: object) -> JsonObject:
    return {"name": name, **more}


def function(name: str = "f", **more: object) -> JsonObject:
    return {"functionId": name, "type": "http", "provider": {"url": f"http://host/{name}"}, **more}


def subscription(type_: str = "async", path: str = "/", **more: object) -> JsonObject:
    return {"type": type_, "eventType": "u", "functionId": "f", "path": path, **more}


def cors(path: str = "/", **more: object) -> JsonObject:
    return {"method": "GET", "path": path, **more}


def create(manager: Manager, kind: Kind, document: JsonObject, space: str = "default") -> Resource:
    return manager.create(kind, space, dumps(document))


def update(manager: Manager, kind: Kind, identifier: str, document: JsonObject, space: str = "default") -> Resource:
    return manager.update(kind, space, identifier, dumps(document))


def prepare(manager: Manager, space: str = "default") -> None:
    """An event type `u` and a function `f`."""
    create(manager, EventType.kind, event_type(), space)
    create(manager, Function.kind, function(), space)


def state(space: Space) -> State:
    """All documents of a space as they are stored."""
    return {(kind.tag, each.id): each.stored() for kind in KINDS for each in space.of(kind).values()}


def fresh_state(store: ConfigStore, space: str = "default") -> State:
    """What a new instance loads."""
    return state(writer(store).spaces.current(space))


def replayed_state(store: ConfigStore, space: str = "default") -> State:
    """What follows from the changes alone."""
    documents: State = {}
    for change in store.changes(space, 0) or ():
        documents.pop((change.kind.tag, change.id), None)
        if change.after is not None:
            documents[change.kind.tag, change.id] = change.after
    return documents


def assert_sound(store: ConfigStore, space: str = "default") -> None:
    """Nothing dangles, no paths conflict, no change is missing or doubled, and each follows from the one before it."""
    loaded = writer(store).spaces.current(space)
    for each in loaded.subscriptions.values():
        assert each.event_type in loaded.event_types
        assert each.function_id in loaded.functions
    assert all(each.authorizer_id in {None, *loaded.functions} for each in loaded.event_types.values())
    assert_paths_agree(loaded)
    changes = store.changes(space, 0) or []
    assert [change.version for change in changes] == list(range(1, store.space_version(space) + 1))
    assert_follow_each_other(changes)
    assert state(loaded) == replayed_state(store, space)


def assert_paths_agree(space: Space) -> None:
    trees: dict[tuple[str, str], PathTree[Subscription]] = {}
    for each in space.subscriptions.values():
        if each.is_sync:
            tree = trees.setdefault((each.method, each.event_type), PathTree())
            tree.check(each.path)
            tree.add(each.path, each)


def assert_follow_each_other(changes: list[Change]) -> None:
    """No update is lost: every change saw what the one before it left."""
    documents: dict[tuple[Kind, str], JsonObject | None] = {}
    for change in changes:
        assert documents.get((change.kind, change.id)) == change.before
        documents[change.kind, change.id] = change.after


@dataclass
class Interrupted:
    """A store whose commits come late: right before each, the next of `rivals` writes."""

    store: ConfigStore
    rivals: list[Callable[[], object]] = field(default_factory=list)
    commits: int = 0

    def commit(self, change: Change) -> None:
        self.commits += 1
        if self.rivals:
            self.rivals.pop(0)()
        self.store.commit(change)

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


def outcome(action: Callable[[], object]) -> object:
    """What an action returned or raised, for those who have to lose sometimes."""
    try:
        return action() or "done"
    except GatewayError as error:
        return error


def race(*actions: Callable[[], object]) -> list[object]:
    """Run actions at the same time; what each returned or raised."""
    barrier = Barrier(len(actions))

    def run(action):
        barrier.wait(5)
        return outcome(action)

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


CRUD = {
    EventType.kind: (event_type("v"), event_type("v", metadata={"a": "b"})),
    Function.kind: (function("g"), function("g", provider={"url": "http://host/other"})),
    Subscription.kind: (subscription("sync", "/:id"), subscription("sync", "/:id", metadata={"a": "b"})),
    CorsRule.kind: (cors("/x"), cors("/x", allowCredentials=True)),
}
ASYNC_ID = Subscription.restore("any", subscription()).id
SYNC_ID = Subscription.restore("any", subscription("sync", "/a")).id
ACTIONS: dict[str, Callable[[Manager, str], object]] = {
    "function": lambda m, s: create(m, Function.kind, function(), s),
    "no function": lambda m, s: m.delete(Function.kind, s, "f"),
    "other function": lambda m, s: update(m, Function.kind, "f", function(metadata={"a": "b"}), s),
    "event type": lambda m, s: create(m, EventType.kind, event_type(), s),
    "no event type": lambda m, s: m.delete(EventType.kind, s, "u"),
    "authorizer": lambda m, s: update(m, EventType.kind, "u", event_type(authorizerId="f"), s),
    "async": lambda m, s: create(m, Subscription.kind, subscription(), s),
    "no async": lambda m, s: m.delete(Subscription.kind, s, ASYNC_ID),
    "sync /a": lambda m, s: create(m, Subscription.kind, subscription("sync", "/a"), s),
    "no sync /a": lambda m, s: m.delete(Subscription.kind, s, SYNC_ID),
    "sync /:b": lambda m, s: create(m, Subscription.kind, subscription("sync", "/:b"), s),
    "sync /*c": lambda m, s: create(m, Subscription.kind, subscription("sync", "/*c"), s),
    "cors": lambda m, s: create(m, CorsRule.kind, cors(), s),
}
