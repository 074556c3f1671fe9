"""One routing table for each space: what is read when, and what is told of names that nobody has."""

import pytest

from eventgateway.core.errors import UnknownSpace
from eventgateway.operations import hosted_spaces
from tests.unit.hosted import BORN


def test_a_cold_instance_reads_the_space_it_is_asked_for_and_no_other(many):
    many.bear("a-b", "u")
    many.bear("c-d", "v")
    assert many.types("a-b") == {"u"}
    assert many.reads() == ["head a-b", "load a-b"]
    assert list(many.spaces.known) == ["a-b"]


def test_a_table_holds_one_space_and_tells_system_events_where_it_is(many):
    many.bear("a-b", "u")
    many.bear("c-d", "u")
    table = many.spaces.routing("a-b")
    assert set(table.spaces) == {"a-b"}
    assert table.system_path == "/a-b/"


def test_a_space_without_resources_is_there(many):
    many.bear("a-b")
    space = many.spaces.routing("a-b").spaces["a-b"]
    assert (space.size, space.version, space.born) == (0, BORN, BORN)
    assert many.spaces.knows("a-b")


def test_within_the_ttl_nothing_is_read(warm):
    warm.add("a-b", "v")
    warm.clock.advance(0.99)
    assert warm.types("a-b") == {"u"}
    assert warm.reads() == []


def test_after_the_ttl_the_head_is_read_and_if_nothing_changed_nothing_more(warm):
    warm.clock.advance(1)
    assert warm.types("a-b") == {"u"}
    assert warm.reads() == ["head a-b"]


def test_a_refresh_reads_the_changes_of_that_space_only(warm):
    warm.bear("c-d", "x")
    warm.types("c-d")
    warm.add("a-b", "v")
    warm.add("c-d", "y")
    warm.clock.advance(1)
    assert warm.types("a-b") == {"u", "v"}
    assert warm.reads() == ["head a-b", f"changes a-b {BORN + 1}"]


def test_the_latest_table_is_read_whatever_the_ttl_says(warm):
    warm.add("a-b", "v")
    assert set(warm.spaces.latest("a-b").spaces["a-b"].event_types) == {"u", "v"}
    warm.add("a-b", "w")
    assert set(warm.spaces.current("a-b").event_types) == {"u", "v", "w"}


def test_a_change_counts_at_once_when_the_tables_are_expired(warm):
    warm.add("a-b", "v")
    warm.spaces.expire()
    assert warm.types("a-b") == {"u", "v"}


def test_what_expires_while_it_is_read_is_read_again(warm):
    """A write that is told of between the reading of the head and its end would else be missed for a second."""
    head = warm.store.head

    def slow_head(space):
        found = head(space)
        warm.store.head = head
        warm.add("a-b", "v")
        warm.spaces.expire()
        return found

    warm.store.head = slow_head
    warm.clock.advance(1)
    warm.types("a-b")
    assert warm.types("a-b") == {"u", "v"}


def test_a_name_that_is_born_while_it_is_looked_for_is_found_at_once(many):
    head = many.store.head

    def slow_head(space):
        found = head(space)
        many.store.head = head
        many.bear("a-b", "u")
        many.spaces.expire()
        return found

    many.store.head = slow_head
    with pytest.raises(UnknownSpace):
        many.spaces.routing("a-b")
    assert many.types("a-b") == {"u"}


def test_a_clock_that_was_set_back_does_not_stop_refreshes(warm):
    warm.add("a-b", "v")
    warm.clock.advance(-3600)
    assert warm.types("a-b") == {"u", "v"}


def test_an_unknown_name_is_asked_for_once_in_a_ttl(many):
    for _ in range(3):
        with pytest.raises(UnknownSpace):
            many.spaces.routing("no-body")
    assert many.reads() == ["head no-body"]
    many.clock.advance(1)
    with pytest.raises(UnknownSpace):
        many.spaces.routing("no-body")
    assert many.reads() == ["head no-body"]
    assert not many.spaces.knows("no-body")


@pytest.mark.parametrize("name", ["", "-", "A-B", "a.b", "a/b", "a" * 64, "a--b", "ä", "a\n", "..", "space#x"])
def test_a_name_that_no_space_can_have_costs_nothing(many, name):
    for ask in (many.spaces.routing, many.spaces.latest, many.spaces.current):
        with pytest.raises(UnknownSpace):
            ask(name)
    with pytest.raises(UnknownSpace), many.spaces.locked(name):
        pass
    assert many.reads() == []
    assert not many.spaces.known
    assert not many.spaces.unknown


def test_unknown_names_are_kept_within_a_bound_and_drive_no_space_out(warm, monkeypatch):
    monkeypatch.setattr(hosted_spaces, "MOST_UNKNOWN", 10)
    monkeypatch.setattr(hosted_spaces, "MOST_SPACES", 3)
    for number in range(50):
        with pytest.raises(UnknownSpace):
            warm.spaces.routing(f"guess-{number}")
    assert list(warm.spaces.unknown) == [f"guess-{number}" for number in range(40, 50)]
    assert list(warm.spaces.known) == ["a-b"]


def test_a_new_space_is_found_after_the_ttl_though_it_was_looked_for_before(many):
    with pytest.raises(UnknownSpace):
        many.spaces.routing("a-b")
    many.bear("a-b", "u")
    with pytest.raises(UnknownSpace):
        many.spaces.routing("a-b")
    many.clock.advance(1)
    assert many.types("a-b") == {"u"}


def test_the_latest_table_is_found_at_once_and_then_known_to_all(many):
    """Deliveries ask for it, and what was accepted for a new space must not be dropped because an old one had its name."""
    with pytest.raises(UnknownSpace):
        many.spaces.routing("a-b")
    many.bear("a-b", "u")
    assert many.spaces.latest("a-b").spaces["a-b"].event_types
    assert many.types("a-b") == {"u"}


def test_a_lock_of_a_name_that_nobody_has_leaves_nothing(many):
    with pytest.raises(UnknownSpace), many.spaces.locked("no-body"):
        many.spaces.current("no-body")
    assert not many.spaces.known
