"""Spaces of many tenants that are suspended, deleted, and made again under the same name; and the store that is away meanwhile."""

import pytest

from eventgateway.core.errors import Unavailable, UnknownSpace
from eventgateway.core.tenant import State
from eventgateway.operations import hosted_spaces
from tests.unit.hosted import BORN, Many


@pytest.mark.parametrize("end", [Many.erase, lambda many, name: many.put(name, State.DELETING)])
def test_a_space_that_is_deleted_is_gone_with_the_next_look(warm, end):
    end(warm, "a-b")
    assert warm.types("a-b") == {"u"}
    warm.clock.advance(1)
    for ask in (warm.spaces.routing, warm.spaces.current):
        with pytest.raises(UnknownSpace):
            ask("a-b")
    assert (len(warm.spaces.known), warm.spaces.size) == (0, 0)
    assert not warm.spaces.knows("a-b")


def test_a_space_that_is_deleted_does_not_come_back_when_the_store_is_away(warm):
    warm.erase("a-b")
    warm.clock.advance(1)
    with pytest.raises(UnknownSpace):
        warm.spaces.routing("a-b")
    warm.store.away = True
    warm.clock.advance(1)
    with pytest.raises(Unavailable):
        warm.spaces.routing("a-b")


@pytest.mark.parametrize("born", [BORN + 60_000, BORN - 60_000, BORN + 1])
def test_a_name_that_dies_and_is_born_again_has_nothing_of_its_first_life(warm, born):
    """Whatever the clocks of those who made it say: not even if its versions begin below, or at, those of the first life."""
    before = warm.spaces.routing("a-b")
    warm.erase("a-b")
    warm.bear("a-b", "v", born=born)
    warm.clock.advance(1)
    after = warm.spaces.routing("a-b")
    assert (warm.types("a-b"), after.spaces["a-b"].born) == ({"v"}, born)
    assert set(before.spaces["a-b"].event_types) == {"u"}, "who still works with the first life sees nothing of the second"


def test_an_empty_second_life_is_empty(warm):
    warm.erase("a-b")
    warm.bear("a-b", born=BORN + 60_000)
    warm.clock.advance(1)
    assert warm.types("a-b") == set()


def test_a_suspension_counts_with_the_next_look_and_so_does_its_end(warm):
    warm.put("a-b", State.SUSPENDED)
    warm.clock.advance(1)
    assert warm.spaces.routing("a-b").spaces["a-b"].is_suspended
    warm.put("a-b", State.ACTIVE)
    warm.clock.advance(1)
    assert not warm.spaces.routing("a-b").spaces["a-b"].is_suspended


def test_a_suspended_space_is_so_from_its_first_moment_in_memory(many):
    """Also when it is read anew: the table of others who use it at the same time never shows it open."""
    many.bear("a-b", "u")
    many.put("a-b", State.SUSPENDED)
    seen = []
    replaced = hosted_spaces.RoutingTable.replace

    def replace(table, space):
        seen.append(space.is_suspended)
        replaced(table, space)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hosted_spaces.RoutingTable, "replace", replace)
        many.spaces.routing("a-b")
        many.add("a-b", "v")
        many.store.forgotten = 2
        many.clock.advance(1)
        many.spaces.routing("a-b")
    assert seen == [True, True]


def test_a_warm_space_goes_on_while_the_store_is_away_but_not_for_ever(warm, logged):
    warm.store.away = True
    warm.clock.advance(899)
    assert warm.types("a-b") == {"u"}
    [line] = logged.records
    assert (line.space, line.age) == ("a-b", 899)
    warm.clock.advance(1)
    with pytest.raises(Unavailable):
        warm.spaces.routing("a-b")


def test_while_the_store_is_away_it_is_asked_once_in_a_ttl(warm):
    warm.store.away = True
    warm.clock.advance(10)
    warm.types("a-b")
    warm.store.away = False
    warm.types("a-b")
    assert warm.reads() == []
    warm.clock.advance(1)
    warm.types("a-b")
    assert warm.reads() == ["head a-b"]


def test_a_cold_space_cannot_go_on_and_leaves_nothing(warm):
    warm.bear("c-d", "u")
    warm.store.away = True
    for name in ("c-d", "no-body"):
        for ask in (warm.spaces.routing, warm.spaces.latest):
            with pytest.raises(Unavailable):
                ask(name)
    assert list(warm.spaces.known) == ["a-b"]
    assert not warm.spaces.unknown


def test_what_is_unknown_because_the_store_is_away_is_found_when_it_is_back(many):
    many.bear("a-b", "u")
    many.store.away = True
    with pytest.raises(Unavailable):
        many.spaces.routing("a-b")
    many.store.away = False
    assert many.types("a-b") == {"u"}


def test_an_instance_that_gave_up_recovers_with_the_store(warm):
    warm.store.away = True
    warm.clock.advance(5000)
    with pytest.raises(Unavailable):
        warm.spaces.routing("a-b")
    warm.store.away = False
    assert warm.types("a-b") == {"u"}


def test_age_is_measured_from_the_last_look_that_succeeded_be_it_for_routing_or_not(warm):
    warm.clock.advance(800)
    warm.spaces.latest("a-b")
    warm.store.away = True
    warm.clock.advance(899)
    assert warm.types("a-b") == {"u"}
    warm.clock.advance(1)
    with pytest.raises(Unavailable):
        warm.spaces.routing("a-b")


def test_the_configuration_is_not_read_from_memory_while_the_store_is_away(warm):
    warm.store.away = True
    with pytest.raises(Unavailable):
        warm.spaces.current("a-b")


def test_a_store_that_goes_away_in_the_middle_of_a_refresh_leaves_no_change_out(warm):
    warm.add("a-b", "v")
    changes = warm.store.changes

    def fail_once(space, after):
        warm.store.changes = changes
        raise Unavailable("away")

    warm.store.changes = fail_once
    warm.clock.advance(1)
    assert warm.types("a-b") == {"u"}
    warm.clock.advance(1)
    assert warm.types("a-b") == {"u", "v"}


def test_a_second_life_that_cannot_be_read_yet_shows_neither_itself_nor_half(warm):
    """For a moment requests still meet the first life, as they do within the time to live."""
    warm.erase("a-b")
    warm.bear("a-b", "v", born=BORN + 60_000)
    load = warm.store.load

    def fail_once(space):
        warm.store.load = load
        raise Unavailable("away")

    warm.store.load = fail_once
    warm.clock.advance(1)
    assert warm.types("a-b") == {"u"}
    warm.clock.advance(1)
    assert warm.types("a-b") == {"v"}
