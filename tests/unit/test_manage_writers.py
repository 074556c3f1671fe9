"""Several writers of one space, and what a write may not break."""

from threading import Thread

import pytest

from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import AlreadyExists, InUse, InvalidRequest, NotFound, PathConflict, Unavailable
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.json import dumps
from eventgateway.core.space import Space
from eventgateway.core.subscription import Subscription
from eventgateway.operations.manage import WRITE_ATTEMPTS, Manager
from tests.unit.attempts import attempt
from tests.unit.management import SYNC, create, message, rival_of, update


def test_a_write_that_lost_a_race_is_made_again_on_the_new_state(gateway, manager):
    gateway.store.rivals = [lambda: create(rival_of(gateway), EventType.kind, {"name": "faster"})]
    create(manager, EventType.kind, {"name": "v"})
    assert {each.id for each in manager.list(EventType.kind, "default", {})} == {"u", "v", "faster"}


def test_two_writers_of_the_same_id_cannot_both_win(gateway, manager):
    gateway.store.rivals = [lambda: create(rival_of(gateway), EventType.kind, {"name": "v", "metadata": {"by": "rival"}})]
    with pytest.raises(AlreadyExists):
        create(manager, EventType.kind, {"name": "v"})
    assert manager.get(EventType.kind, "default", "v").metadata == {"by": "rival"}


def test_two_writers_cannot_leave_a_subscription_without_its_function(gateway, manager):
    gateway.store.rivals = [lambda: rival_of(gateway).delete(Function.kind, "default", "f")]
    with pytest.raises(InvalidRequest, match='Function "f" not found'):
        create(manager, Subscription.kind, SYNC)


def test_two_writers_cannot_leave_two_conflicting_paths(gateway, manager):
    gateway.store.rivals = [lambda: create(rival_of(gateway), Subscription.kind, SYNC | {"path": "/:x"})]
    with pytest.raises(PathConflict):
        create(manager, Subscription.kind, SYNC)


def test_two_writers_cannot_delete_a_function_that_was_just_subscribed(gateway, manager):
    gateway.store.rivals = [lambda: create(rival_of(gateway), Subscription.kind, SYNC)]
    with pytest.raises(InUse):
        manager.delete(Function.kind, "default", "f")


def test_an_update_that_lost_a_race_to_a_deletion_finds_nothing(gateway, manager):
    gateway.store.rivals = [lambda: rival_of(gateway).delete(EventType.kind, "default", "u")]
    with pytest.raises(NotFound):
        update(manager, EventType.kind, "u", {"metadata": {"a": "b"}})


def test_a_writer_that_always_loses_gives_up_after_bounded_pauses(gateway, manager):
    pauses = []
    patient = Manager(manager.spaces, pauses.append)
    gateway.store.rivals = [
        lambda number=number: create(rival_of(gateway), EventType.kind, {"name": f"rival-{number}"}) for number in range(WRITE_ATTEMPTS)
    ]
    gateway.clock.chance = 1.0
    with pytest.raises(Unavailable, match="many writers"):
        create(patient, EventType.kind, {"name": "v"})
    assert gateway.store.rivals == []
    assert pauses == [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5, 0.5, 0.5]


def test_pauses_are_spread_by_chance(gateway, manager):
    pauses = []
    gateway.clock.chance = 0.25
    gateway.store.rivals = [lambda: create(rival_of(gateway), EventType.kind, {"name": "faster"})]
    create(Manager(manager.spaces, pauses.append), EventType.kind, {"name": "v"})
    assert pauses == [0.0025]


def test_a_store_that_is_away_is_not_a_lost_race(gateway, manager):
    gateway.store.away = True
    with pytest.raises(Unavailable, match="configuration is not available"):
        create(Manager(manager.spaces, pytest.fail), EventType.kind, {"name": "v"})


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        ("/a", "/:x", "static route already defined for route: /:x"),
        ("/:x", "/a", 'parameter with different name ("x") already defined: for route: /a'),
        ("/a", "/*w", 'wildcard with different name ("") already defined: for route: /*w'),
        ("/u/:id", "/u/:name", 'parameter with different name ("id") already defined: for route: /u/:name'),
        ("/a", "/b/*w/c", "wildcard must be the last parameter"),
    ],
)
def test_cors_rules_with_conflicting_paths_are_refused_before_they_stop_the_routing(gateway, first, second, reason):
    rule = gateway.cors({"method": "GET", "path": first})
    with pytest.raises(PathConflict) as refused:
        gateway.cors({"method": "GET", "path": second})
    assert message(refused) == f"CORS configuration path conflict: {reason}"
    gateway.spaces.expire()
    assert gateway.emit().status == 202
    assert gateway.manager.list(CorsRule.kind, "default", {}) == [rule]


def test_cors_rules_of_different_methods_do_not_conflict(gateway):
    gateway.cors({"method": "GET", "path": "/a"})
    assert gateway.cors({"method": "PUT", "path": "/:x"}).path == "/:x"


def test_looking_at_spaces_that_do_not_exist_leaves_nothing_behind(gateway, manager):
    for number in range(50):
        assert manager.list(Function.kind, f"nowhere-{number}", {}) == []
    assert set(manager.spaces.table.spaces) == {"default"}


def test_two_threads_of_one_instance_cannot_leave_two_conflicting_paths(gateway, manager, monkeypatch):
    """Threads share the table: what one of them checks must not be changed by the refresh of another before it is written."""
    check_path, rivals = Space.check_path, []

    def rival():
        attempt(create, manager, Subscription.kind, SYNC | {"path": "/a"})
        manager.list(Subscription.kind, "default", {})

    def check_and_be_slow(space, resource):
        check_path(space, resource)
        if not rivals:
            rivals.append(Thread(target=rival))
            rivals[0].start()
            rivals[0].join(0.2)

    monkeypatch.setattr(Space, "check_path", check_and_be_slow)
    attempt(create, manager, Subscription.kind, SYNC | {"path": "/:x"})
    rivals[0].join()
    stored = [document["path"] for kind, document in gateway.store.documents("default").values() if kind is Subscription.kind]
    assert len(stored) == 1


def test_an_update_that_changes_nothing_writes_nothing(gateway, manager):
    """Clients that deploy again send every function again, since they cannot compare masked secrets."""
    function = {"type": "http", "provider": {"url": "http://host/f"}}
    gateway.create(Function.kind, {"functionId": "same", **function})
    version = manager.spaces.current("default").version
    assert manager.update(Function.kind, "default", "same", dumps(function)).shown()["provider"] == function["provider"]
    assert manager.spaces.current("default").version == version
