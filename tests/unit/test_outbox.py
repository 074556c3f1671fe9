"""What leaves for the queue: what goes by reference, what as one message for many, and in which order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.delivery import ERROR_LENGTH, GROWTH_LIMIT, MESSAGE_LIMIT, Delivery
from eventgateway.core.errors import Unavailable
from eventgateway.core.fan_out import EVENT_LIMIT, MOST_TARGETS, FanOut
from eventgateway.core.json import dumps
from eventgateway.core.retry import ATTEMPTS_LIMIT
from eventgateway.operations.outbox import MOST_SINGLE, Outbox
from tests.memory import MemoryQueue
from tests.records import MemoryPayloads

ROOM = MESSAGE_LIMIT - GROWTH_LIMIT


class JournaledPayloads(MemoryPayloads):
    """Tells in the journal of the queue what is put."""

    journal: list[str]

    def put(self, space, event):
        self.journal.append("put")
        return super().put(space, event)


@pytest.fixture
def outbox():
    payloads = JournaledPayloads()
    queue = MemoryQueue()
    payloads.journal = queue.journal
    return Outbox(queue, payloads)


def deliveries(number=1, event=b"{}", space="default", **fields):
    first = Delivery("d", space, "s", "f", 3, event, "e", "u", 1.5)
    return [replace(first, id=f"d{each}", **fields) for each in range(number)]


def event_for(size, **fields):
    """An event whose message has so many bytes."""
    [empty] = deliveries(event=dumps(""), **fields)
    return dumps("x" * (size - len(empty.message())))


def sizes(messages):
    return [len(each.message().encode()) for each in messages]


def test_nothing_is_no_message(outbox):
    outbox.send([])
    assert (outbox.queue.waiting, outbox.payloads.events) == ([], {})


@pytest.mark.parametrize("size", [100, 300_000, ROOM])
def test_what_has_room_goes_as_it_is(outbox, size):
    sent = deliveries(2, event_for(size))
    outbox.send(sent)
    assert outbox.queue.waiting == sent
    assert outbox.payloads.events == {}


@pytest.mark.parametrize("size", [ROOM + 1, MESSAGE_LIMIT, MESSAGE_LIMIT + 1, 4 * MESSAGE_LIMIT])
def test_what_has_no_room_to_grow_goes_by_reference_which_is_put_once_and_before(outbox, size):
    event = event_for(size)
    outbox.send(deliveries(3, event))
    [key] = outbox.payloads.events
    assert outbox.queue.waiting == [each.stored_at(key) for each in deliveries(3)]
    assert outbox.payloads.events == {key: event}
    assert outbox.queue.journal == ["put", "queue f", "queue f", "queue f"]


def test_size_is_that_of_the_message_and_in_bytes(outbox):
    """Some characters are longer in the queue than in the event."""
    event = dumps("\uffff" * 170_000)
    assert len(event) < ROOM
    outbox.send(deliveries(1, event))
    assert list(outbox.payloads.events.values()) == [event]


def test_the_longest_ids_decide_whether_an_event_has_room(outbox):
    """Regression: only the first of many deliveries was looked at, and a longer one behind it was refused as too large."""
    event = event_for(ROOM)
    first, second = deliveries(2, event)
    outbox.send([first, replace(second, function_id="f" * 70_000)])
    assert all(each.payload for each in outbox.queue.waiting)
    assert max(sizes(outbox.queue.waiting)) < MESSAGE_LIMIT


def test_the_last_attempt_of_the_largest_message_fits(outbox):
    outbox.send(deliveries(1, event_for(ROOM)))
    [message] = outbox.queue.waiting
    for _ in range(ATTEMPTS_LIMIT):
        message = message.failed(1_800_000_000.123456, "\x00" * ERROR_LENGTH, 500).at(1_800_000_000.123456)
    assert sizes([message])[0] <= MESSAGE_LIMIT


@pytest.mark.parametrize(
    ("number", "kinds"), [(MOST_SINGLE, [Delivery] * MOST_SINGLE), (MOST_SINGLE + 1, [FanOut]), (1000, [FanOut]), (1001, [FanOut] * 2)]
)
def test_many_of_one_event_and_space_go_as_a_fan_out(outbox, number, kinds):
    sent = deliveries(number)
    outbox.send(sent)
    assert list(map(type, outbox.queue.waiting)) == kinds
    assert [one for each in outbox.queue.waiting for one in (each.deliveries if isinstance(each, FanOut) else [each])] == sent
    assert outbox.queue.batches == 1


@pytest.mark.parametrize(("size", "is_stored"), [(EVENT_LIMIT, False), (EVENT_LIMIT + 1, True), (2 * MESSAGE_LIMIT, True)])
def test_events_of_fan_outs_go_by_reference_sooner(outbox, size, is_stored):
    outbox.send(deliveries(60, event_for(size)))
    [fan_out] = outbox.queue.waiting
    assert bool(outbox.payloads.events) is is_stored
    assert {bool(each.payload) for each in fan_out.deliveries} == {is_stored}


def test_spaces_and_events_do_not_mix(outbox):
    outbox.send([*deliveries(60, space="one"), *deliveries(60, space="two"), *deliveries(60, b"[]", "two"), *deliveries(2, space="three")])
    assert [(each.space, len(each.deliveries) if isinstance(each, FanOut) else 1) for each in outbox.queue.waiting] == [
        ("one", 60), ("two", 60), ("two", 60), ("three", 1), ("three", 1),
    ]  # fmt: skip


def test_if_the_payload_store_is_away_nothing_is_queued(outbox):
    outbox.payloads.away = True
    with pytest.raises(Unavailable):
        outbox.send([*deliveries(), *deliveries(1, event_for(MESSAGE_LIMIT))])
    assert outbox.queue.waiting == []


def test_if_the_queue_is_away_the_sender_knows(outbox):
    outbox.queue.refuse = Unavailable("away")
    with pytest.raises(Unavailable):
        outbox.send(deliveries())


GROUPS = st.lists(
    st.tuples(st.sampled_from(["one", "two"]), st.integers(1, 70), st.sampled_from([10, 20_000, 700_000, 1_100_000])), max_size=4
)


@given(GROUPS, st.integers(1, 2000))
def test_nothing_is_lost_and_everything_fits(groups, length):
    queue, payloads = MemoryQueue(), MemoryPayloads()
    sent = [one for space, number, size in groups for one in deliveries(number, dumps("x" * size), space, function_id="f" * length)]
    Outbox(queue, payloads).send(sent)
    arrived = [one for each in queue.waiting for one in (each.deliveries if isinstance(each, FanOut) else [each])]
    assert [replace(each, payload="", event=payloads.events.get(each.payload, each.event)) for each in arrived] == sent
    assert all(size <= MESSAGE_LIMIT for size in sizes(queue.waiting))
    assert all(len(each.deliveries) <= MOST_TARGETS for each in queue.waiting if isinstance(each, FanOut))
