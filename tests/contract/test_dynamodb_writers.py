"""The configuration in DynamoDB: many writers at once."""

import time
from threading import Thread

import pytest

from eventgateway.core.errors import InUse, InvalidRequest
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.space import Space
from eventgateway.core.subscription import Subscription
from eventgateway.storage.dynamodb import DynamoConfigStore
from tests.contract.config import (
    ACTIONS,
    assert_sound,
    create,
    function,
    new_dynamodb_store,
    outcome,
    prepare,
    race,
    subscription,
    update,
    writer,
)
from tests.contract.stored import NOW, SPACES


@pytest.fixture(scope="class")
def store(emulator):
    return new_dynamodb_store(clock=lambda: NOW + 0.9)


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
