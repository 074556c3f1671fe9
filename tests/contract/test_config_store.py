"""What every ConfigStore promises, seen through the Config API's operations: the real one on an emulated DynamoDB, and the tests' own."""

from hashlib import sha256
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventgateway.core.errors import AlreadyExists, InUse, InvalidRequest, NotFound, PathConflict, Unavailable, WriteConflict
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.ports import Change, Snapshot
from eventgateway.core.subscription import Subscription
from eventgateway.operations.manage import WRITE_ATTEMPTS
from eventgateway.web.errors import error_result
from tests.contract.config import (
    ACTIONS,
    CRUD,
    REGISTRY,
    Interrupted,
    assert_sound,
    create,
    event_type,
    fresh_state,
    function,
    new_dynamodb_store,
    outcome,
    prepare,
    replayed_state,
    state,
    subscription,
    update,
    writer,
)
from tests.contract.stored import SPACES
from tests.memory import MemoryStore

LONG = "/" + "\U0001f600" * 250  # more than a sort key takes


class TestContract:
    @pytest.mark.parametrize("new_store", [MemoryStore, new_dynamodb_store])
    def test_gateway_version_and_spaces(self, emulator, new_store):
        store = new_store()
        assert (store.gateway_version(), store.space_versions()) == (0, {})
        for space, writes in {"one": 3, "two": 1}.items():
            for number in range(writes):
                create(writer(store), EventType.kind, event_type(str(number)), space)
        assert (store.gateway_version(), store.space_versions()) == (4, {"one": 3, "two": 1})

    def test_unknown_space_is_empty(self, store, space):
        assert store.space_version(space) == 0
        assert store.load(space) == Snapshot(0, [])
        assert store.changes(space, 0) == []

    @pytest.mark.parametrize("kind", CRUD, ids=lambda kind: kind.tag)
    def test_create_update_delete(self, store, space, manager, kind):
        prepare(manager, space)
        before, after = CRUD[kind]
        created = create(manager, kind, before, space)
        assert manager.get(kind, space, created.id) == created
        updated = update(manager, kind, created.id, after, space)
        assert manager.get(kind, space, created.id) == updated != created
        manager.delete(kind, space, created.id)
        with pytest.raises(NotFound):
            manager.get(kind, space, created.id)
        assert store.space_version(space) == 5
        stored = [None, created.stored(), updated.stored(), None]
        changes = [(change.version, change.kind, change.id, change.before, change.after) for change in store.changes(space, 2)]
        assert changes == [(3 + n, kind, created.id, stored[n], stored[n + 1]) for n in range(3)]

    def test_load_has_what_was_written(self, store, space, manager):
        prepare(manager, space)
        for kind, (document, _) in CRUD.items():
            create(manager, kind, document, space)
        snapshot = store.load(space)
        assert snapshot.version == 6
        assert {(kind.tag, str(document)) for kind, document in snapshot.documents} == {
            (tag, str(document)) for (tag, _), document in state(manager.spaces.current(space)).items()
        }

    def test_changes_behind_a_version(self, store, space, manager):
        for number in range(4):
            create(manager, EventType.kind, event_type(str(number)), space)
        assert [[change.version for change in store.changes(space, after)] for after in range(5)] == [
            [1, 2, 3, 4],
            [2, 3, 4],
            [3, 4],
            [4],
            [],
        ]

    def test_spaces_do_not_know_each_other(self, store, manager):
        one, two = next(SPACES), next(SPACES)
        prepare(manager, one)
        create(manager, Subscription.kind, subscription(), one)
        with pytest.raises(InvalidRequest):
            create(manager, Subscription.kind, subscription(), two)
        assert (store.space_version(one), store.space_version(two)) == (3, 0)
        assert manager.list(Function.kind, two, {}) == []

    def test_space_whose_name_begins_another(self, store, manager):
        one = next(SPACES)
        prepare(manager, f"{one}-more")
        prepare(manager, f"{one}.change")
        assert fresh_state(store, one) == {}

    def test_refused_writes_leave_no_trace(self, store, space, manager):
        prepare(manager, space)
        create(manager, Subscription.kind, subscription("sync", "/a"), space)
        refused = [
            (AlreadyExists, lambda: create(manager, Function.kind, function(), space)),
            (InvalidRequest, lambda: create(manager, Subscription.kind, subscription(functionId="gone"), space)),
            (PathConflict, lambda: create(manager, Subscription.kind, subscription("sync", "/:a"), space)),
            (InUse, lambda: manager.delete(Function.kind, space, "f")),
            (InUse, lambda: manager.delete(EventType.kind, space, "u")),
            (NotFound, lambda: manager.delete(Function.kind, space, "gone")),
            (NotFound, lambda: update(manager, Function.kind, "gone", function("gone"), space)),
        ]
        assert [type(outcome(action)) for _, action in refused] == [kind for kind, _ in refused]
        assert store.space_version(space) == 3
        assert len(fresh_state(store, space)) == 3

    def test_commit_on_another_version_is_a_conflict(self, store, space):
        for version in (2, 5):
            with pytest.raises(WriteConflict):
                store.commit(Change(space, version, EventType.kind, "u", None, {"name": "u"}))
        store.commit(Change(space, 1, EventType.kind, "u", None, {"name": "u"}))
        with pytest.raises(WriteConflict):
            store.commit(Change(space, 1, EventType.kind, "v", None, {"name": "v"}))
        assert store.load(space) == Snapshot(1, [(EventType.kind, {"name": "u"})])

    def test_commit_with_a_missing_reference_is_a_conflict(self, store, space):
        missing = Function.restore(space, function("gone"), REGISTRY)
        with pytest.raises(WriteConflict):
            store.commit(Change(space, 1, EventType.kind, "u", None, {"name": "u"}, (missing,)))
        assert (store.space_version(space), store.changes(space, 0)) == (0, [])

    def test_deltas_lead_where_a_load_leads(self, store, space, manager):
        follower = writer(store)
        prepare(manager, space)
        for kind, (document, changed) in CRUD.items():
            created = create(manager, kind, document, space)
            assert state(follower.spaces.current(space)) == fresh_state(store, space) == replayed_state(store, space)
            update(manager, kind, created.id, changed, space)
            assert state(follower.spaces.current(space)) == fresh_state(store, space) == replayed_state(store, space)
        for kind in reversed(CRUD):
            manager.delete(kind, space, next(each.id for each in manager.list(kind, space, {}) if each.id not in "uf"))
            assert state(follower.spaces.current(space)) == fresh_state(store, space) == replayed_state(store, space)
        assert_sound(store, space)

    @pytest.mark.parametrize("kind", [EventType.kind, Subscription.kind], ids=lambda kind: kind.tag)
    def test_long_ids_do_not_collide(self, store, space, manager, kind):
        prepare(manager, space)
        documents = {
            EventType.kind: [event_type(LONG + end) for end in "ab"],
            Subscription.kind: [subscription("sync", f"/{end}{LONG}") for end in "ab"],
        }[kind]
        first, second = (create(manager, kind, document, space) for document in documents)
        with pytest.raises(AlreadyExists):
            create(manager, kind, documents[0], space)
        update(manager, kind, first.id, documents[0] | {"metadata": {"a": "b"}}, space)
        assert fresh_state(store, space)[kind.tag, second.id] == second.stored()
        manager.delete(kind, space, first.id)
        assert {key for key in fresh_state(store, space) if key[0] == kind.tag} >= {(kind.tag, second.id)}
        assert_sound(store, space)

    def test_id_that_looks_like_the_hash_of_a_long_one(self, store, space, manager):
        """Regression: both had the same sort key."""
        create(manager, EventType.kind, event_type(LONG), space)
        create(manager, EventType.kind, event_type(f"sha256:{sha256(LONG.encode()).hexdigest()}"), space)
        assert len(fresh_state(store, space)) == 2

    @given(
        names=st.lists(
            st.text(min_size=1, max_size=256) | st.sampled_from(["meta", "change#1", "#", "u#", " ", "\n", "ä", "\U0001f600" * 256]),
            unique=True,
            max_size=5,
        )
    )
    @settings(max_examples=10)
    def test_any_text_can_be_the_name_of_an_event_type(self, store, names):
        manager, space = writer(store), next(SPACES)
        for name in names:
            create(manager, EventType.kind, event_type(name), space)
        assert {identifier for _, identifier in fresh_state(store, space)} == set(names)
        for name in names:
            manager.delete(EventType.kind, space, name)
        assert fresh_state(store, space) == {}

    @pytest.mark.parametrize("text", ["", "ä\u0000\uffff\U0001f600", "x" * 128, '{"a": "b"}'])
    def test_documents_come_back_as_they_were(self, store, space, manager, text):
        created = create(manager, Function.kind, function(metadata={"text": text, text: "key"}), space)
        assert fresh_state(store, space) == {("function", "f"): created.stored()}


class TestRivals:
    """Another writer is always faster. Its write happens right before ours is committed."""

    def test_loser_reads_again(self, store, space):
        prepare(writer(store), space)
        late = Interrupted(store, [lambda: create(writer(store), EventType.kind, event_type("v"), space)])
        create(writer(late), EventType.kind, event_type("w"), space)
        assert late.commits == 2
        assert store.space_version(space) == 4
        assert_sound(store, space)

    @pytest.mark.parametrize(
        ("rival", "action", "loses"),
        [
            ("no function", "async", InvalidRequest),
            ("no event type", "async", InvalidRequest),
            ("async", "no function", InUse),
            ("async", "no event type", InUse),
            ("no function", "authorizer", InvalidRequest),
            ("authorizer", "no function", InUse),
            ("no function", "no function", NotFound),
            ("no function", "other function", NotFound),
            ("async", "async", AlreadyExists),
            ("sync /a", "sync /a", AlreadyExists),
            ("sync /a", "sync /:b", PathConflict),
            ("sync /*c", "sync /a", PathConflict),
        ],
    )
    def test_loser_is_told_why(self, store, space, rival, action, loses):
        prepare(writer(store), space)
        late = Interrupted(store, [lambda: ACTIONS[rival](writer(store), space)])
        with pytest.raises(loses):
            ACTIONS[action](writer(late), space)
        assert store.space_version(space) == 3
        assert_sound(store, space)

    def test_no_update_is_lost(self, store, space):
        prepare(writer(store), space)
        late = Interrupted(store, [lambda: update(writer(store), Function.kind, "f", function(metadata={"rival": "1"}), space)])
        update(writer(late), Function.kind, "f", function(metadata={"ours": "1"}), space)
        rival, ours = store.changes(space, 2)
        assert rival.after == ours.before
        assert ours.after["metadata"] == {"ours": "1"}

    def test_deleted_and_created_again(self, store, space):
        prepare(writer(store), space)

        def replace():
            writer(store).delete(Function.kind, space, "f")
            create(writer(store), Function.kind, function(metadata={"new": "1"}), space)

        late = Interrupted(store, [replace])
        update(writer(late), Function.kind, "f", function(metadata={"ours": "1"}), space)
        assert_sound(store, space)

    def test_gives_up_after_so_many_attempts(self, store, space):
        names = count()
        rivals = [lambda: create(writer(store), EventType.kind, event_type(str(next(names))), space)] * (WRITE_ATTEMPTS + 5)
        late, pauses = Interrupted(store, rivals), []
        manager = writer(late)
        object.__setattr__(manager, "pause", pauses.append)
        with pytest.raises(Unavailable, match="many writers") as caught:
            create(manager, EventType.kind, event_type("ours"), space)
        assert error_result(caught.value).status == 503
        assert late.commits == store.space_version(space) == WRITE_ATTEMPTS
        assert all(0 <= pause <= 0.5 for pause in pauses)
        assert ("eventtype", "ours") not in fresh_state(store, space)


STEPS = st.tuples(st.sampled_from(sorted(ACTIONS)), st.lists(st.sampled_from(sorted(ACTIONS)), max_size=2))


class TestSchedules:
    @given(st.lists(STEPS, min_size=1, max_size=6))
    @settings(max_examples=12)
    def test_whatever_two_writers_do(self, store, steps):
        """Each step is a write of one, with writes of the other right before its commits."""
        space, rival, late = next(SPACES), writer(store), Interrupted(store)
        ours, follower = writer(late), writer(store)
        prepare(rival, space)
        for action, rivals in steps:
            late.rivals = [lambda each=each: outcome(lambda: ACTIONS[each](rival, space)) for each in rivals]
            outcome(lambda action=action: ACTIONS[action](ours, space))
            assert state(follower.spaces.current(space)) == fresh_state(store, space)
        assert_sound(store, space)
