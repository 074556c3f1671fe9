"""The configuration in DynamoDB: its rows and calls, many writers at once, and what happens when DynamoDB is away."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Barrier, Thread
from time import monotonic
from types import SimpleNamespace

import boto3
import botocore.endpoint
import pytest

from eventgateway.core.errors import InUse, InvalidRequest, PayloadTooLarge, Unavailable, WriteConflict
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.json import dumps
from eventgateway.core.ports import Change
from eventgateway.core.space import Space
from eventgateway.core.subscription import Subscription
from eventgateway.storage import dynamodb
from eventgateway.storage.dynamodb import DOCUMENT_LIMIT, DynamoConfigStore
from tests.contract.backends import aws_error
from tests.contract.config import (
    ACTIONS,
    CRUD,
    assert_sound,
    create,
    event_type,
    fresh_state,
    function,
    new_dynamodb_store,
    outcome,
    prepare,
    state,
    subscription,
    update,
    writer,
)
from tests.contract.conftest import set_aws_environment
from tests.loopback import Loopback, Then, answer, refused_url

SPACES = (f"space-{number}" for number in count())
NOW = 1_800_000_000


@pytest.fixture(scope="class")
def store(emulator):
    return new_dynamodb_store(clock=lambda: NOW + 0.9)


@pytest.fixture(scope="class")
def hosted(emulator):
    return new_dynamodb_store(shared=False)


@pytest.fixture
def space():
    return next(SPACES)


def table_of(store):
    return boto3.resource("dynamodb").Table(store._rows.Meta.table_name)


def rows(store, pk):
    items = table_of(store).query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": pk}, ConsistentRead=True)["Items"]
    return {item["sk"]: item for item in items}


@pytest.fixture
def calls(store):
    """What the store asks of DynamoDB: (operation, parameters)."""
    found = []

    def note(params, model, **_):
        found.append((model.name, params))

    clients = [store._connection.client, store._rows._get_connection().connection.client]
    for client in clients:
        client.meta.events.register("provide-client-params.dynamodb", note)
    yield found
    for client in clients:
        client.meta.events.unregister("provide-client-params.dynamodb", note)


def writes(calls):
    return [name for name, _ in calls if name not in ("GetItem", "Query")]


class TestCalls:
    @pytest.mark.parametrize("kind", CRUD, ids=lambda kind: kind.tag)
    def test_every_write_is_one_transaction(self, store, space, calls, kind):
        manager = writer(store)
        prepare(manager, space)
        document, changed = CRUD[kind]
        for write in (
            lambda: create(manager, kind, document, space),
            lambda: update(manager, kind, manager.list(kind, space, {})[-1].id, changed, space),
            lambda: manager.delete(kind, space, manager.list(kind, space, {})[-1].id),
        ):
            calls.clear()
            write()
            assert writes(calls) == ["TransactWriteItems"]

    def test_refused_writes_write_nothing(self, store, space, calls):
        prepare(writer(store), space)
        calls.clear()
        for action in (lambda m: create(m, Function.kind, function(), space), lambda m: m.delete(Function.kind, space, "gone")):
            outcome(lambda action=action: action(writer(store)))
        assert writes(calls) == []

    def test_reads_are_consistent(self, store, space, calls):
        prepare(writer(store), space)
        calls.clear()
        store.gateway_version(), store.space_versions(), store.space_version(space), store.load(space), store.changes(space, 0)
        assert len(calls) >= 6
        assert all(parameters["ConsistentRead"] for _, parameters in calls)

    def test_unchanged_space_costs_one_read(self, store, space, calls):
        manager = writer(store)
        prepare(manager, space)
        manager.list(Function.kind, space, {})
        calls.clear()
        manager.list(Function.kind, space, {})
        assert [name for name, _ in calls] == ["GetItem"]

    def test_refresh_costs_what_changed(self, store, space, calls):
        follower = writer(store)
        prepare(writer(store), space)
        follower.list(Function.kind, space, {})
        create(writer(store), EventType.kind, event_type("v"), space)
        calls.clear()
        assert len(follower.list(EventType.kind, space, {})) == 2
        assert [name for name, _ in calls] == ["GetItem", "Query"]


class TestRows:
    def test_standalone(self, store, space):
        before = store.gateway_version()
        prepare(writer(store), space)
        assert rows(store, dynamodb.SPACES)[space]["version"] == 2
        assert rows(store, dynamodb.GATEWAY) == {"meta": {"pk": "gateway#meta", "sk": "meta", "version": before + 2}}
        assert set(rows(store, f"space#{space}")) == {
            "meta", "eventtype#u", "function#f", "change#0000000000000001", "change#0000000000000002",
        }  # fmt: skip

    def test_hosted_spaces_share_no_row(self, hosted, space):
        prepare(writer(hosted), space)
        assert len(rows(hosted, f"space#{space}")) == 5
        assert table_of(hosted).scan()["Count"] == 5
        assert (hosted.gateway_version(), hosted.space_versions()) == (0, {})
        assert hosted.space_version(space) == 2

    def test_change(self, store, space):
        store.commit(Change(space, 1, EventType.kind, "u", None, {"name": "u"}, (), "me"))
        row = rows(store, f"space#{space}")["change#0000000000000001"]
        assert (row["version"], row["kind"], row["resource_id"], row["by"], row["after"]) == (1, "eventtype", "u", "me", '{"name":"u"}')
        assert "before" not in row
        assert (row["at"], row["ttl"]) == (NOW, NOW + 90 * 86400)
        assert store.changes(space, 0) == [Change(space, 1, EventType.kind, "u", None, {"name": "u"}, (), "me")]

    def test_only_changes_expire(self, store, space):
        prepare(writer(store), space)
        assert {key for key, row in rows(store, f"space#{space}").items() if "ttl" in row} == {
            "change#0000000000000001", "change#0000000000000002",
        }  # fmt: skip

    @pytest.mark.parametrize("change", [
        Change("any", 3, Function.kind, "f", None, function()),
        Change("any", 3, Function.kind, "gone", function("gone"), None),
        Change("any", 3, Function.kind, "gone", function("gone"), function("gone")),
    ], ids=["create what is there", "delete what is gone", "update what is gone"])  # fmt: skip
    def test_commit_checks_the_resource_itself(self, store, space, change):
        prepare(writer(store), space)
        before = table_of(store).scan()["Items"]
        with pytest.raises(WriteConflict):
            store.commit(Change(space, change.version, change.kind, change.id, change.before, change.after))
        assert table_of(store).scan()["Items"] == before

    @pytest.mark.parametrize("text", ["x", "ä", "\U0001f600"])
    def test_document_that_would_not_fit(self, store, space, text):
        """Regression: DynamoDB refused it, and the caller was told to try again."""
        manager, text = writer(store), text * (DOCUMENT_LIMIT // len(text.encode()))
        with pytest.raises(PayloadTooLarge, match=f"the limit is {DOCUMENT_LIMIT}"):
            create(manager, Function.kind, function(metadata={"a": text}), space)
        text = text[: len(text) - 300]
        create(manager, Function.kind, function(metadata={"a": text}), space)
        update(manager, Function.kind, "f", function(metadata={"b": text}), space)
        assert fresh_state(store, space)["function", "f"]["metadata"] == {"b": text}


class TestGaps:
    @pytest.mark.parametrize(
        ("expired", "some"),
        [([1], [1, 2, 3, 4]), ([1, 2], [2, 3, 4]), ([2], [2, 3, 4]), ([3], [3, 4]), ([1, 2, 3, 4], [4])],
    )
    def test_changes_are_all_or_none(self, store, space, expired, some):
        prepare(writer(store), space)
        prepare(writer(store), f"{space}-other")
        for name in ("v", "w"):
            create(writer(store), EventType.kind, event_type(name), space)
        forget(store, space, expired)
        assert [after for after in range(5) if store.changes(space, after) is not None] == some

    def test_follower_reloads(self, store, space, calls):
        manager, follower = writer(store), writer(store)
        prepare(manager, space)
        follower.list(Function.kind, space, {})
        manager.delete(Function.kind, space, "f")
        create(manager, Function.kind, function("g"), space)
        forget(store, space, [3])
        calls.clear()
        assert [each.id for each in follower.list(Function.kind, space, {})] == ["g"]
        assert state(follower.spaces.current(space)) == fresh_state(store, space)
        create(follower, Subscription.kind, subscription(functionId="g"), space)
        assert store.space_version(space) == 5

    def test_load_needs_no_changes(self, store, space):
        prepare(writer(store), space)
        forget(store, space, [1, 2])
        assert store.load(space).version == 2
        assert len(fresh_state(store, space)) == 2


def forget(store, space, versions):
    """As DynamoDB does when rows expire."""
    for version in versions:
        table_of(store).delete_item(Key={"pk": f"space#{space}", "sk": f"change#{version:016}"})


def fill(store, space, version, resources):
    """Many resources at once, in the rows that single writes would have made."""
    with store._rows.batch_write() as batch:
        for number, each in enumerate(resources, version + 1):
            key, document = dynamodb.resource_key(each.kind, each.id), dumps(each.stored()).decode()
            batch.save(store._rows(f"space#{space}", key, kind=each.kind.tag, resource_id=each.id, document=document))
            batch.save(store._change_row(Change(space, number, each.kind, each.id, None, each.stored())))
        batch.save(store._rows(f"space#{space}", dynamodb.META, version=version + len(resources)))


class TestPages:
    def test_thousand_subscriptions(self, store, space, calls):
        prepare(writer(store), space)
        metadata = {"text": "x" * 1000}
        documents = [subscription(path=f"/{number}", metadata=metadata) for number in range(1000)]
        fill(store, space, 2, [Subscription.restore(space, document) for document in documents])
        calls.clear()
        manager = writer(store)
        found = manager.list(Subscription.kind, space, {})
        assert {each.path for each in found} == {f"/{number}" for number in range(1000)}
        assert all(each.metadata == metadata for each in found)
        assert len([1 for name, parameters in calls if "ExclusiveStartKey" in parameters]) >= 1
        calls.clear()
        assert len(store.changes(space, 0)) == 1002
        assert [name for name, _ in calls].count("Query") >= 2

    def test_what_is_written_while_pages_come_in(self, store, space, calls):
        """The version was read before: the changes behind it make the rest."""
        prepare(writer(store), space)
        rival, space_version = writer(DynamoConfigStore(store._rows.Meta.table_name)), store.space_version

        def overtaken(name):
            version = space_version(name)
            rival.delete(Function.kind, space, "f")
            create(rival, EventType.kind, event_type("v"), space)
            return version

        store.space_version = overtaken
        try:
            snapshot = store.load(space)
        finally:
            del store.space_version
        assert snapshot.version == 4
        assert sorted(document["name"] for _, document in snapshot.documents) == ["u", "v"]


def race(*actions: Callable[[], object]) -> list[object]:
    """Run actions at the same time; what each returned or raised."""
    barrier = Barrier(len(actions))

    def run(action):
        barrier.wait(5)
        return outcome(action)

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


@pytest.fixture(scope="class")
def writers(store):
    """Four instances, each with its own clients."""
    managers = [writer(DynamoConfigStore(store._rows.Meta.table_name)) for _ in range(4)]
    for manager in managers:
        object.__setattr__(manager, "pause", lambda seconds: time.sleep(seconds / 10))
        prepare(manager, next(SPACES))  # connects
    return managers


class TestWritersAtOnce:
    ROUNDS = 6

    @pytest.mark.parametrize(("kind", "identifier"), [(Function.kind, "f"), (EventType.kind, "u")], ids=["function", "event type"])
    def test_nothing_dangles(self, store, writers, kind, identifier):
        for _ in range(self.ROUNDS):
            space = next(SPACES)
            prepare(writers[0], space)
            subscribed, deleted = race(
                lambda space=space: create(writers[0], Subscription.kind, subscription(), space),
                lambda space=space: writers[1].delete(kind, space, identifier),
            )
            results = (type(subscribed), type(deleted))
            assert results in [(Subscription, InUse), (InvalidRequest, str)]
            assert_sound(store, space)

    def test_of_conflicting_paths_one_wins(self, store, writers):
        for _ in range(self.ROUNDS):
            space = next(SPACES)
            prepare(writers[0], space)
            paths = ["/a/b", "/a/:c", "/:a/b", "/*a"]
            results = race(*(
                lambda manager=manager, path=path, space=space: create(manager, Subscription.kind, subscription("sync", path), space)
                for manager, path in zip(writers, paths, strict=True)
            ))  # fmt: skip
            assert sorted(type(each).__name__ for each in results) == ["PathConflict"] * 3 + ["Subscription"]
            assert_sound(store, space)

    def test_no_update_is_lost(self, store, writers):
        space = next(SPACES)
        prepare(writers[0], space)

        def count_up(manager, name):
            done = 0
            for number in range(5):
                written = outcome(lambda number=number: update(manager, Function.kind, "f", function(metadata={name: str(number)}), space))
                done += isinstance(written, Function)
            return done

        results = race(*(lambda manager=manager, name=name: count_up(manager, name) for manager, name in zip(writers, "abcd", strict=True)))
        assert store.space_version(space) == 2 + sum(results)
        assert sum(results) >= 5
        assert_sound(store, space)

    def test_one_of_two_creates_it(self, store, writers):
        for _ in range(self.ROUNDS):
            space = next(SPACES)
            results = race(*(lambda manager=manager, space=space: create(manager, Function.kind, function(), space) for manager in writers))
            assert sorted(type(each).__name__ for each in results) == ["AlreadyExists"] * 3 + ["Function"]
            assert store.space_version(space) == 1

    def test_spaces_do_not_hinder_each_other(self, store, writers):
        """They share rows in standalone mode: all succeed, and the gateway's version counts each."""
        spaces, before = [next(SPACES) for _ in writers], store.gateway_version()
        race(*(lambda manager=manager, space=space: prepare(manager, space) for manager, space in zip(writers, spaces, strict=True)))
        assert store.gateway_version() == before + 2 * len(writers)
        assert {space: store.space_versions()[space] for space in spaces} == dict.fromkeys(spaces, 2)

    @pytest.mark.parametrize(
        "case", [("check_unused", "no function", "async"), ("check_path", "sync /a", "sync /:b")], ids=lambda case: case[0]
    )
    def test_space_does_not_change_under_a_writer(self, store, writers, monkeypatch, case):
        """Two threads of one instance share their spaces: what one refreshes, another may be judging by."""
        (check, action, rival), space = case, next(SPACES)
        prepare(writers[0], space)
        original, others = getattr(Space, check), []

        def refresh():
            outcome(lambda: ACTIONS[rival](writers[1], space))
            outcome(lambda: writers[0].spaces.current(space))

        def slow_check(self, resource):
            original(self, resource)
            if not others:
                others.append(Thread(target=refresh))
                others[0].start()
                others[0].join(0.5)  # it may have to wait for us

        monkeypatch.setattr(Space, check, slow_check)
        outcome(lambda: ACTIONS[action](writers[0], space))
        others[0].join()
        assert_sound(store, space)

    def test_threads_of_one_instance(self, store, writers):
        manager = writers[0]
        for _ in range(self.ROUNDS):
            space = next(SPACES)
            prepare(manager, space)
            race(
                lambda space=space: create(manager, Subscription.kind, subscription(), space),
                lambda space=space: manager.delete(Function.kind, space, "f"),
                lambda space=space: manager.delete(EventType.kind, space, "u"),
                lambda space=space: create(manager, Subscription.kind, subscription("sync", "/:a"), space),
                lambda space=space: create(manager, Subscription.kind, subscription("sync", "/a"), space),
            )
            assert_sound(store, space)


THROTTLED = "ProvisionedThroughputExceededException"
AWAY = {
    "throttled": [aws_error(400, THROTTLED, "secret text")],
    "access denied": [aws_error(400, "AccessDeniedException", "secret text")],
    "no table": [aws_error(400, "ResourceNotFoundException", "secret text")],
    "expired": [aws_error(400, "ExpiredTokenException", "secret text")],
    "broken": [aws_error(500, "InternalServerError", "secret text")],
    "refused request": [aws_error(400, "ValidationException", "secret text")],
    "load balancer": [answer(b"<html>secret text</html>", status="503 Service Unavailable")],
    "hang up": [Then.CLOSE],
    "silence": [2.0],
}
METHODS = {
    "gateway_version": lambda store: store.gateway_version(),
    "space_versions": lambda store: store.space_versions(),
    "space_version": lambda store: store.space_version("any"),
    "load": lambda store: store.load("any"),
    "changes": lambda store: store.changes("any", 0),
    "commit": lambda store: store.commit(Change("any", 1, EventType.kind, "u", None, event_type())),
}


@pytest.fixture(scope="class")
def server():
    with Loopback() as server:
        yield server


@pytest.fixture(scope="class")
def away_store(server):
    """A store whose DynamoDB is the served backend."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        set_aws_environment(monkeypatch)
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url())
        monkeypatch.setattr(dynamodb, "READ_SECONDS", 0.1)
        store = DynamoConfigStore("config")
        outcome(lambda: store.space_version("any"))  # connects
        outcome(lambda: METHODS["commit"](store))
        return store


@pytest.fixture
def away(away_store, server, aws_environment, monkeypatch):
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    server.requests.clear()
    return away_store


class TestAway:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("how", AWAY)
    def test_every_failure_is_unavailable(self, away, server, how, method):
        server.script = lambda _: AWAY[how]
        start = monotonic()
        with pytest.raises(Unavailable) as caught:
            METHODS[method](away)
        assert monotonic() - start < 5
        assert caught.value.message == "The configuration is not available. Please try again."
        assert not isinstance(caught.value, WriteConflict)
        assert 1 <= len(server.requests) <= 3

    def test_refused(self, away, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", refused_url())
        with pytest.raises(Unavailable):
            DynamoConfigStore("config").space_version("any")

    @pytest.mark.parametrize("reason", ["ConditionalCheckFailed", "TransactionConflict"])
    def test_conflict_is_told_apart(self, away, server, reason):
        body = f'{{"__type":"TransactionCanceledException","CancellationReasons":[{{"Code":"None"}},{{"Code":"{reason}"}}]}}'
        server.script = lambda _: [answer(body.encode(), status="400 Bad Request")]
        with pytest.raises(WriteConflict):
            METHODS["commit"](away)

    def test_transaction_in_progress_is_a_conflict(self, away, server):
        server.script = lambda _: [aws_error(400, "TransactionInProgressException")]
        with pytest.raises(WriteConflict):
            METHODS["commit"](away)

    @pytest.mark.parametrize(
        "reason", ["ThrottlingError", "ProvisionedThroughputExceeded", "ValidationError", "ItemCollectionSizeLimitExceeded"]
    )
    def test_other_cancellations_are_no_conflict(self, away, server, reason):
        body = f'{{"__type":"TransactionCanceledException","CancellationReasons":[{{"Code":"{reason}"}}]}}'
        server.script = lambda _: [answer(body.encode(), status="400 Bad Request")]
        with pytest.raises(Unavailable) as caught:
            METHODS["commit"](away)
        assert not isinstance(caught.value, WriteConflict)

    def test_retries_of_a_transaction_carry_one_token(self, away, server):
        """So a transaction whose answer was lost is not written twice
        (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html, ClientRequestToken)."""
        server.script = lambda _: [Then.CLOSE]
        with pytest.raises(Unavailable):
            METHODS["commit"](away)
        bodies = [request.body for request in server.requests]
        assert len(bodies) == 3
        assert len(set(bodies)) == 1
        assert b"ClientRequestToken" in bodies[0]

    def test_no_credentials(self, away, server, monkeypatch):
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        with pytest.raises(Unavailable):
            DynamoConfigStore("config").space_version("any")
        assert server.requests == []

    def test_comes_back(self, away, server):
        server.script = lambda _: AWAY["access denied"]
        with pytest.raises(Unavailable):
            away.space_version("any")
        server.script = lambda _: [answer(b'{"Item":{"pk":{"S":"space#any"},"sk":{"S":"meta"},"version":{"N":"7"}}}')]
        assert away.space_version("any") == 7
