from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.delivery import MESSAGE_LIMIT, Delivery
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.event import Event
from eventgateway.core.fan_out import EVENT_LIMIT, MOST_TARGETS, TARGETS_LIMIT, FanOut, fan_outs
from eventgateway.core.json import dumps, loads
from eventgateway.core.message import parse
from tests.unit.strategies import JSON_VALUES, TEXTS

NAMES = st.text("abcXYZ019.-_", min_size=1, max_size=30)
TARGETS = st.lists(st.tuples(TEXTS, NAMES, NAMES, st.integers(0, 10**15)), min_size=1, max_size=8)
FIRST = Delivery("d", "default", "s", "f", 3, dumps({"a": 1}), "e", "u", 1.5)


def many(number, event=b"{}", identifier="x" * 36, subscription="s" * 100, function="f"):
    """So many deliveries of one event, as the router makes them."""
    first = replace(FIRST, event=event)
    return [
        replace(first, id=f"{identifier}-{each:012x}", subscription_id=f"{subscription}{each}", function_id=function)
        for each in range(number)
    ]


def size(fan_out):
    return len(fan_out.message().encode())


@given(TARGETS, JSON_VALUES.map(dumps), st.tuples(TEXTS, TEXTS, st.text(max_size=10)), st.sampled_from(["", "space/key"]))
def test_every_fan_out_survives_the_queue(targets, event, names, payload):
    space, type_, event_id = names
    first = replace(FIRST, space=space, event_type=type_, event_id=event_id, payload=payload, event=b"" if payload else event)
    sent = FanOut(tuple(replace(first, id=i, subscription_id=s, function_id=f, since=since) for i, s, f, since in targets))
    assert parse(sent.message()) == sent
    assert sent.space == space


def test_a_message_holds_the_event_once():
    event = Event("u", "/s", "id-1", data="x" * 1000).json()
    [fan_out] = fan_outs(many(60, event))
    message = loads(fan_out.message())
    assert message["kind"] == "fan-out"
    assert message["event"] == loads(event)
    assert message["targets"][59] == [f"{'x' * 36}-00000000003b", f"{'s' * 100}59", "f", 3]
    assert fan_out.message().count("x" * 1000) == 1


@given(st.integers(0, 5000), st.integers(1, 3000), st.integers(1, 3000))
def test_as_few_as_keep_both_limits_and_none_is_left_out(number, subscription, function):
    number = min(number, 4_000_000 // (subscription + function))
    deliveries = many(number, subscription="s" * subscription, function="f" * function)
    made = list(fan_outs(deliveries))
    assert [each for fan_out in made for each in fan_out.deliveries] == deliveries
    assert all(0 < len(each.deliveries) <= MOST_TARGETS for each in made)
    bounds = [sum(2 * len(one.id) + len(one.subscription_id) + len(one.function_id) + 32 for one in each.deliveries) for each in made]
    firsts = [len(each.deliveries) for each in made]
    assert all(bound <= TARGETS_LIMIT for bound in bounds)
    assert all(
        count == MOST_TARGETS or bound + 2 * bound // count > TARGETS_LIMIT
        for (count, _), bound in zip(pairwise(firsts), bounds, strict=False)
    )


@pytest.mark.parametrize("event", [b"{}", dumps({"a": "\uffff" * (EVENT_LIMIT // 6 - 10)})], ids=["small", "most"])
@pytest.mark.parametrize("subscription", [10, 500, 100_000])
@pytest.mark.parametrize("identifier", ["x" * 36, "\uffff\\\x00" * 12], ids=["plain", "escaped"])
def test_every_message_fits_into_the_queue(event, subscription, identifier):
    """Also with ids whose every character is escaped, beside the largest event that is not stored elsewhere."""
    made = list(fan_outs(many(2000 if subscription < 1000 else 20, event, identifier, "s" * subscription)))
    assert len(made) > 1
    assert max(map(size, made)) <= MESSAGE_LIMIT


def test_a_target_that_is_larger_than_all_goes_alone():
    deliveries = many(3, subscription="s" * TARGETS_LIMIT)
    assert [len(each.deliveries) for each in fan_outs(deliveries)] == [1, 1, 1]


def test_nothing_makes_nothing():
    assert list(fan_outs([])) == []


MESSAGE = FanOut((FIRST,)).message()


@pytest.mark.parametrize(
    "targets",
    [
        "[]",
        "null",
        "{}",
        "1",
        '["d"]',
        "[[]]",
        '[["d","s","f"]]',
        '[["d","s","f",3,4]]',
        '[["d","s","f","x"]]',
        '[["d","s","f",3],null]',
        '["abcd"]',
    ],
)
def test_targets_that_are_not_ours_are_refused(targets):
    message = MESSAGE.replace('[["d","s","f",3]]', targets)
    assert message != MESSAGE
    with pytest.raises(InvalidRequest, match="not a message of the delivery queue"):
        parse(message)


def test_a_fan_out_without_targets_is_refused():
    with pytest.raises(InvalidRequest):
        parse(MESSAGE.replace(',"targets":[["d","s","f",3]]', ""))
