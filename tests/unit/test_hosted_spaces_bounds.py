"""What an instance keeps of many spaces, and threads that want the same one."""

from threading import Event, Thread

import pytest

from eventgateway.core.errors import Unavailable, UnknownSpace
from eventgateway.core.event_type import EventType
from eventgateway.core.json import dumps
from eventgateway.operations import hosted_spaces
from eventgateway.operations.manage import Manager
from tests.unit.hosted import BORN


def test_the_spaces_used_last_are_kept(many, monkeypatch):
    monkeypatch.setattr(hosted_spaces, "MOST_SPACES", 3)
    for name in ("a-1", "a-2", "a-3"):
        many.bear(name, "u")
        many.types(name)
    many.clock.advance(1)
    many.types("a-1")
    many.bear("a-4", "u")
    many.types("a-4")
    assert list(many.spaces.known) == ["a-3", "a-1", "a-4"]
    assert many.spaces.size == 3


def test_resources_are_counted_over_all_spaces_and_the_oldest_go(many, monkeypatch):
    monkeypatch.setattr(hosted_spaces, "MOST_RESOURCES", 5)
    for name in ("a-1", "a-2"):
        many.bear(name, "u", "v")
        many.types(name)
    assert many.spaces.size == 4
    many.bear("a-3", "u", "v")
    many.types("a-3")
    assert (list(many.spaces.known), many.spaces.size) == (["a-2", "a-3"], 4)


def test_a_space_that_grows_drives_others_out(many, monkeypatch):
    monkeypatch.setattr(hosted_spaces, "MOST_RESOURCES", 4)
    for name in ("a-1", "a-2"):
        many.bear(name, "u", "v")
        many.types(name)
    many.add("a-1", "w")
    many.clock.advance(1)
    many.types("a-1")
    assert (list(many.spaces.known), many.spaces.size) == (["a-1"], 3)


def test_one_space_may_be_larger_than_the_bound(many, monkeypatch):
    monkeypatch.setattr(hosted_spaces, "MOST_RESOURCES", 1)
    many.bear("a-1", "u", "v", "w")
    assert many.types("a-1") == {"u", "v", "w"}
    assert many.types("a-1") == {"u", "v", "w"}
    assert many.reads() == ["head a-1", "load a-1"]


def test_what_shrinks_is_counted_as_it_is(warm):
    warm.manager.delete(EventType.kind, "a-b", "u")
    warm.clock.advance(1)
    warm.types("a-b")
    assert warm.spaces.size == 0


def test_a_space_that_was_let_go_is_read_again(many, monkeypatch):
    monkeypatch.setattr(hosted_spaces, "MOST_SPACES", 1)
    many.bear("a-1", "u")
    many.bear("a-2", "v")
    many.types("a-1")
    many.types("a-2")
    many.reads()
    assert many.types("a-1") == {"u"}
    assert many.reads() == ["head a-1", "load a-1"]


def test_a_space_in_use_is_not_let_go(many, monkeypatch):
    """Else a second writer would get another lock, and change the space that the first one is just checking."""
    monkeypatch.setattr(hosted_spaces, "MOST_SPACES", 1)
    many.bear("a-1", "u")
    many.bear("a-2", "v")
    with many.spaces.locked("a-1"):
        before = many.spaces.current("a-1")
        many.types("a-2")
        assert set(many.spaces.known) == {"a-1", "a-2"}
        assert many.spaces.current("a-1") is before
    many.clock.advance(1)
    many.types("a-2")
    assert list(many.spaces.known) == ["a-2"]


def test_one_space_that_is_slow_to_read_holds_up_no_other(many):
    many.bear("a-1", "u")
    many.bear("a-2", "v")
    head, reading, go_on = many.store.head, Event(), Event()

    def slow_head(space):
        if space == "a-1":
            reading.set()
            assert go_on.wait(10)
        return head(space)

    many.store.head = slow_head
    slow = Thread(target=many.types, args=["a-1"])
    slow.start()
    assert reading.wait(10)
    assert many.types("a-2") == {"v"}
    go_on.set()
    slow.join(10)
    assert many.types("a-1") == {"u"}


def test_threads_that_ask_for_one_space_read_it_once(many):
    many.bear("a-b", "u")
    head, found, go_on = many.store.head, [], Event()

    def slow_head(space):
        assert go_on.wait(10)
        return head(space)

    many.store.head = slow_head
    threads = [Thread(target=lambda: found.append(many.types("a-b"))) for _ in range(8)]
    for each in threads:
        each.start()
    go_on.set()
    for each in threads:
        each.join(10)
    assert found == [{"u"}] * 8
    assert many.reads() == ["head a-b", "load a-b"]


def test_threads_that_ask_for_a_name_that_nobody_has_ask_once_and_leave_nothing(many):
    head, refused, go_on = many.store.head, [], Event()

    def slow_head(space):
        assert go_on.wait(10)
        return head(space)

    def ask():
        with pytest.raises(UnknownSpace):
            many.spaces.routing("no-body")
        refused.append(True)

    many.store.head = slow_head
    threads = [Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    go_on.set()
    for each in threads:
        each.join(10)
    assert refused == [True] * 8
    assert many.reads() == ["head no-body"]
    assert not many.spaces.known


def test_writers_of_one_instance_lose_nothing_while_spaces_come_and_go(many, monkeypatch):
    monkeypatch.setattr(hosted_spaces, "MOST_SPACES", 1)
    names = ("a-1", "a-2", "a-3")
    for name in names:
        many.bear(name)
    manager = Manager(many.spaces, lambda _: None)
    failures = []

    def write(name, thread):
        try:
            for number in range(15):
                manager.create(EventType.kind, name, dumps({"name": f"u{thread}-{number}"}))
        except Exception as error:
            failures.append(error)

    threads = [Thread(target=write, args=[name, thread]) for thread in range(2) for name in names]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert not failures
    for name in names:
        assert many.spaces.current(name).version == BORN + 30
        assert len(many.spaces.current(name).event_types) == 30
    assert many.spaces.size == sum(entry.size for entry in many.spaces.known.values())
    assert len(many.spaces.known) == 1


def test_trying_out_reads_something(many):
    many.spaces.try_out()
    assert many.reads() == ["head -"]
    many.store.away = True
    with pytest.raises(Unavailable):
        many.spaces.try_out()
