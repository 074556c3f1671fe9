import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventgateway import providers
from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import GatewayError, Unavailable
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.json import dumps
from eventgateway.core.space import KINDS
from eventgateway.core.subscription import Subscription
from eventgateway.operations.manage import Manager
from eventgateway.operations.spaces import Spaces
from tests.fakes import Gateway
from tests.memory import FakeClock, MemoryStore


@pytest.fixture
def warm(gateway):
    """A gateway that knows one subscription and has just looked at the version."""
    gateway.subscribe("async", "f")
    gateway.spaces.routing()
    gateway.store.journal.clear()
    return gateway


def knows(gateway, function, space="default"):
    return [
        each.space.name for each in gateway.spaces.routing().asynchronous("POST", "/", "u") if each.subscription.function_id == function
    ] == [space]


def write(gateway, kind, document, space="default"):
    """As another instance would: the warm one is not told."""
    Manager(Spaces(gateway.store, providers.load(), gateway.clock)).create(kind, space, dumps(document))
    gateway.store.journal.clear()


def subscribe_elsewhere(gateway, function, space="default"):
    write(gateway, Function.kind, {"functionId": function, "type": "http", "provider": {"url": "http://h"}}, space)
    write(gateway, Subscription.kind, {"type": "async", "eventType": "u", "functionId": function}, space)


def test_a_cold_instance_loads_every_space():
    gateway = Gateway()
    gateway.subscribe("async", "f", space="one")
    gateway.subscribe("async", "g", space="two")
    gateway.store.journal.clear()
    assert knows(gateway, "f", "one")
    assert knows(gateway, "g", "two")
    assert gateway.store.journal == ["gateway version", "space versions", "load one", "load two"]


def test_within_the_ttl_nothing_is_read(warm):
    warm.clock.advance(0.99)
    subscribe_elsewhere(warm, "g")
    assert not knows(warm, "g")
    assert warm.store.journal == []


def test_after_the_ttl_one_version_is_read_and_if_nothing_changed_nothing_more(warm):
    warm.clock.advance(1.0)
    assert knows(warm, "f")
    assert warm.store.journal == ["gateway version"]


def test_a_refresh_reads_the_changes_of_changed_spaces_only(warm):
    warm.subscribe("async", "f", space="quiet")
    warm.spaces.routing()
    subscribe_elsewhere(warm, "g")
    warm.clock.advance(1.0)
    assert knows(warm, "g")
    assert warm.store.journal == ["gateway version", "space versions", "changes default 3"]


def test_a_refresh_follows_removals_too(warm):
    [subscription] = warm.manager.list(Subscription.kind, "default", {})
    warm.manager.delete(Subscription.kind, "default", subscription.id)
    warm.clock.advance(1.0)
    assert not knows(warm, "f")
    assert warm.spaces.table.spaces["default"].version == 4


def test_a_new_space_is_found_and_loaded(warm):
    write(warm, EventType.kind, {"name": "u"}, "other")
    subscribe_elsewhere(warm, "g", "other")
    warm.clock.advance(1.0)
    assert knows(warm, "g", "other")
    assert "load other" in warm.store.journal
    assert "load default" not in warm.store.journal


def test_a_gap_in_the_changes_means_a_full_reload(warm):
    subscribe_elsewhere(warm, "g")
    warm.store.forgotten = 4
    warm.clock.advance(1.0)
    assert knows(warm, "g")
    assert warm.store.journal == ["gateway version", "space versions", "changes default 3", "load default"]


def test_a_full_reload_forgets_what_is_gone(warm):
    [subscription] = warm.manager.list(Subscription.kind, "default", {})
    warm.manager.delete(Subscription.kind, "default", subscription.id)
    warm.store.forgotten = 4
    warm.clock.advance(1.0)
    assert warm.spaces.routing().asynchronous("POST", "/", "u") == []


def test_a_change_counts_at_once_when_the_table_is_expired(warm):
    subscribe_elsewhere(warm, "g")
    warm.spaces.expire()
    assert knows(warm, "g")


def test_a_clock_that_was_set_back_does_not_stop_refreshes(warm):
    subscribe_elsewhere(warm, "g")
    warm.clock.advance(-3600)
    assert knows(warm, "g")


def test_a_warm_instance_goes_on_while_the_store_is_away_but_not_for_ever(warm):
    warm.store.away = True
    warm.clock.advance(899)
    assert knows(warm, "f")
    warm.clock.advance(1)
    with pytest.raises(Unavailable):
        warm.spaces.routing()


def test_while_the_store_is_away_it_is_asked_once_in_a_ttl(warm):
    warm.store.away = True
    warm.clock.advance(10)
    warm.spaces.routing()
    warm.store.away = False
    subscribe_elsewhere(warm, "g")
    assert not knows(warm, "g")
    warm.clock.advance(1)
    assert knows(warm, "g")


def test_an_instance_that_gave_up_recovers_with_the_store(warm):
    warm.store.away = True
    warm.clock.advance(5000)
    with pytest.raises(Unavailable):
        warm.spaces.routing()
    warm.store.away = False
    assert knows(warm, "f")


def test_age_is_measured_from_the_last_look_that_succeeded(warm):
    warm.store.away = True
    for _ in range(9):
        warm.clock.advance(99)
        warm.spaces.routing()
    warm.clock.advance(99)
    with pytest.raises(Unavailable):
        warm.spaces.routing()


def test_a_cold_instance_cannot_go_on_while_the_store_is_away():
    spaces = Spaces(MemoryStore(away=True), providers.load(), FakeClock())
    for _ in range(2):
        with pytest.raises(Unavailable):
            spaces.routing()


def test_a_store_that_goes_away_in_the_middle_of_a_refresh_leaves_no_change_out(warm):
    write(warm, EventType.kind, {"name": "u"}, "aaa")
    subscribe_elsewhere(warm, "g")
    load = warm.store.load

    def fail_once(space):
        warm.store.load = load
        raise Unavailable("away")

    warm.store.load = fail_once
    warm.clock.advance(1)
    warm.spaces.routing()
    warm.clock.advance(1)
    assert knows(warm, "g")
    assert "aaa" in warm.spaces.table.spaces


def test_the_configuration_is_always_read_as_it_is_now(warm):
    write(warm, EventType.kind, {"name": "v"})
    assert set(warm.spaces.current("default").event_types) == {"u", "v"}
    assert warm.store.journal == ["version default", "changes default 3"]


def test_reading_one_space_asks_for_one_space(warm):
    write(warm, EventType.kind, {"name": "u"}, "other")
    warm.spaces.current("default")
    assert warm.store.journal == ["version default"]


def test_the_configuration_cannot_be_read_while_the_store_is_away(warm):
    warm.store.away = True
    with pytest.raises(Unavailable):
        warm.spaces.current("default")


def test_a_space_that_was_never_written_to_is_empty(gateway):
    space = gateway.spaces.current("nowhere")
    assert (space.name, space.version, space.functions) == ("nowhere", 0, {})


NAMES = st.sampled_from(["f", "g"])
HTTP = {"type": "http", "provider": {"url": "http://h"}}
DOCUMENTS = (
    st.tuples(st.just(EventType.kind), st.fixed_dictionaries({"name": st.sampled_from(["u", "v"])}))
    | st.tuples(st.just(Function.kind), st.fixed_dictionaries({"functionId": NAMES}).map(lambda document: document | HTTP))
    | st.tuples(
        st.just(Subscription.kind),
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(["sync", "async"]),
                "eventType": st.just("u"),
                "functionId": NAMES,
                "path": st.sampled_from(["/", "/a", "/:x"]),
            }
        ),
    )
    | st.tuples(st.just(CorsRule.kind), st.fixed_dictionaries({"method": st.just("GET"), "path": st.sampled_from(["/", "/a"])}))
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "create", "delete", "refresh", "expire changes"]), DOCUMENTS, st.sampled_from(["one", "two"]))
)


@settings(max_examples=120)
@given(STEPS)
def test_a_table_that_followed_the_changes_is_like_one_that_was_loaded(steps):
    gateway = Gateway()
    for action, (kind, document), space in steps:
        try:
            if action == "create":
                gateway.manager.create(kind, space, dumps(document))
            elif action == "delete" and (present := gateway.manager.list(kind, space, {})):
                gateway.manager.delete(kind, space, present[0].id)
        except GatewayError:
            continue
        if action == "refresh":
            gateway.clock.advance(1)
            gateway.spaces.routing()
        elif action == "expire changes":
            gateway.store.forgotten = len(gateway.store.log.get(space, ()))
    gateway.clock.advance(1)
    followed, loaded = gateway.spaces.routing(), Spaces(gateway.store, providers.load(), gateway.clock).routing()
    assert {name: space.version for name, space in followed.spaces.items()} == {
        name: space.version for name, space in loaded.spaces.items()
    }
    for name, space in loaded.spaces.items():
        assert [followed.spaces[name].of(kind) for kind in KINDS] == [space.of(kind) for kind in KINDS]
    for path in ("/", "/a", "/b"):
        one, other = (table.synchronous("POST", path, "u") for table in (followed, loaded))
        assert (one and (one.subscription, one.params)) == (other and (other.subscription, other.params))
        assert followed.cors("GET", path) == loaded.cors("GET", path)
        subscribers = [{each.subscription.id for each in table.asynchronous("POST", path, "u")} for table in (followed, loaded)]
        assert subscribers[0] == subscribers[1]
