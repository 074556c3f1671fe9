"""The configuration in DynamoDB: its calls, rows, gaps and pages."""

import pytest

from eventgateway.core.errors import PayloadTooLarge, WriteConflict
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.ports import Change
from eventgateway.core.space import KINDS
from eventgateway.core.subscription import Subscription
from eventgateway.storage import dynamodb
from eventgateway.storage.dynamodb import AFTER_CHANGES, DOCUMENT_LIMIT, DynamoConfigStore
from tests.contract.config import (
    CRUD,
    REGISTRY,
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
from tests.contract.stored import NOW, fill, forget, rows, table_of, writes


@pytest.fixture(scope="class")
def store(emulator):
    return new_dynamodb_store(clock=lambda: NOW + 0.9)


@pytest.fixture(scope="class")
def hosted(emulator):
    return new_dynamodb_store(shared=False)


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
        hosted._rows(f"space#{space}", dynamodb.META, version=7, born=7, owner="acme", state="active").save()
        prepare(writer(hosted), space)
        assert len(rows(hosted, f"space#{space}")) == 5
        assert table_of(hosted).scan()["Count"] == 5
        assert (hosted.gateway_version(), hosted.space_versions()) == (0, {})
        assert hosted.space_version(space) == 9

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

        def write(version, before, after):
            store.commit(Change(space, version, Function.kind, "f", before, after))

        def labelled(name, text):
            return Function.restore(space, function(metadata={name: text}), REGISTRY).stored()

        text *= DOCUMENT_LIMIT // len(text.encode())
        with pytest.raises(PayloadTooLarge, match=f"the limit is {DOCUMENT_LIMIT}"):
            write(1, None, labelled("a", text))
        text = text[: len(text) - 300]
        write(1, None, labelled("a", text))
        write(2, labelled("a", text), labelled("b", text))
        assert fresh_state(store, space)["function", "f"]["metadata"] == {"b": text}


def test_no_kind_sorts_among_or_before_the_changes():
    """Regression: resources with the tag `access` were stored, and missing whenever a space was read as a whole."""
    assert all(kind.tag > AFTER_CHANGES for kind in KINDS)


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
