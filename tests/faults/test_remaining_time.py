"""What an invocation begins it ends in its time, with some to spare for what must follow."""

from random import Random

import pytest

from eventgateway.core.errors import FunctionUnreachable
from eventgateway.core.provider import HttpAnswer
from eventgateway.delivery_worker import AFTERWARDS
from eventgateway.operations.deliver import LEAST_SECONDS, SPLIT_AT_ONCE
from tests.faults.chance import Chance
from tests.faults.world import FEW, FUNCTION_SECONDS, MANY, THOUSAND, World


def world_of(simulated, subscribed=FEW):
    return World(subscribed, Chance(Random(0)), simulated)


def records(world):
    return [each.record() for each in world.sqs.receive()]


def failed(answer):
    return {each["itemIdentifier"] for each in answer["batchItemFailures"]}


def handle(world, seconds, batch=None):
    batch = batch or records(world)
    with world.clock.invocation(seconds):
        return failed(world.worker.handle({"Records": batch}, seconds)), {each["messageId"] for each in batch}


@pytest.mark.parametrize("seconds", [0.0, 1.0, AFTERWARDS, AFTERWARDS + LEAST_SECONDS - 0.001])
def test_with_too_little_time_nothing_is_begun_and_messages_are_visible_again_soon(simulated, seconds):
    world = world_of(simulated)
    world.emit("e", None)
    came_again, batch = handle(world, seconds)
    assert (came_again, len(batch)) == (batch, 4)
    assert (world.functions.calls, world.attempts.begun, world.letters.letters) == ([], set(), [])
    assert world.sqs.next_at() == simulated.now + 1.0
    world.rest()
    world.check()


def test_with_just_enough_time_all_is_called(simulated):
    world = world_of(simulated)
    world.emit("e", None)
    assert handle(world, AFTERWARDS + LEAST_SECONDS + 0.1)[0] == set()
    assert len(world.functions.calls) == 4


def test_a_call_gets_what_is_left_and_not_more(simulated, monkeypatch):
    """Functions that never answer: each call of this batch, one after the other, has less time than the one before."""
    world, timeouts = world_of(simulated), []

    def silence(url, body, headers, timeout, private):
        timeouts.append((timeout, world.clock.left()))
        world.clock.advance(timeout)
        raise FunctionUnreachable("timed out")

    monkeypatch.setattr(world.functions, "post", silence)
    world.emit("e", None)
    came_again, batch = handle(world, AFTERWARDS + 12.0)
    assert [pytest.approx(timeout) for timeout, _ in timeouts] == [5.0, 5.0, 2.0]
    assert all(timeout <= left - AFTERWARDS for timeout, left in timeouts)
    assert len(came_again) == len(batch) - len(timeouts)
    assert world.clock.now <= 1_800_000_000.0 + 12.0


def test_a_call_does_not_get_the_time_that_the_steps_before_it_took(simulated, monkeypatch):
    """Regression: the time of a call was reckoned before its event was fetched, so it could end behind its invocation."""
    world, timeouts = world_of(simulated), []
    world.emit("e", "ä" * 600_000)
    get = world.outbox.payloads.get

    def slowly(key):
        world.clock.advance(3.0)
        return get(key)

    def post(url, body, headers, timeout, private):
        timeouts.append(timeout)
        return HttpAnswer(200, b"")

    monkeypatch.setattr(world.outbox.payloads, "get", slowly)
    monkeypatch.setattr(world.functions, "post", post)
    handle(world, AFTERWARDS + 6.0, records(world)[:1])
    assert timeouts == [3.0]


def test_the_only_attempt_is_not_spent_on_a_call_without_time(simulated, monkeypatch):
    """Regression: it began however little time the steps before it had left, and failed for that."""
    world = world_of(simulated)
    world.emit("e", "ä" * 600_000)
    get = world.outbox.payloads.get

    def slowly(key):
        world.clock.advance(9.0)
        return get(key)

    with monkeypatch.context() as slow:
        slow.setattr(world.outbox.payloads, "get", slowly)
        came_again, batch = handle(world, AFTERWARDS + 10.0, [each for each in records(world) if '"once"' in each["body"]])
        assert came_again == batch
        assert (world.attempts.begun, world.functions.calls, world.letters.letters) == (set(), [], [])
    world.rest()
    world.check()
    assert [call.is_success for call in world.functions.calls if call.function == "once"] == [True]


def test_a_split_ends_with_its_time_and_begins_again_later(simulated, monkeypatch):
    """Regression: a slow queue kept the split of a large fan-out going until Lambda killed the whole batch."""
    world = world_of(simulated, THOUSAND)
    world.emit("e", None)
    send = world.queue.send

    def slowly(messages):
        assert len(messages) <= SPLIT_AT_ONCE
        world.clock.advance(5.0)
        send(messages)

    with monkeypatch.context() as slow:
        slow.setattr(type(world.queue), "send", lambda _, messages: slowly(messages))
        came_again, batch = handle(world, AFTERWARDS + 30.0)
    assert came_again == batch
    assert 0 < len(world.taken) - 1000 < 1000
    world.rest()
    world.check()


@pytest.mark.parametrize("subscribed", [FEW, MANY], ids=["few", "many"])
def test_no_invocation_is_killed_for_its_functions(simulated, subscribed):
    """Functions fail, stall and answer late, as many as will, and AWS is well."""
    for seed in range(30):
        world = World(subscribed, Chance(Random(seed), rates={"fail": 0.3, "stall": 0.7, "hurry": 0.2}), simulated)
        deaths = []
        world.start_worker = lambda deaths=deaths: deaths.append(1)
        world.emit("e", None)
        world.rest()
        world.check()
        assert deaths == []
    assert FUNCTION_SECONDS > AFTERWARDS
