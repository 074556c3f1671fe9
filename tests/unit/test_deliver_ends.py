"""How attempts end: at once, for good, later than usual, not at all."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from email.utils import formatdate

import pytest

from eventgateway.core.delivery import Attempt
from eventgateway.core.errors import FunctionOverflow, FunctionThrottled, FunctionUnreachable, Unavailable
from eventgateway.core.fan_out import FanOut
from eventgateway.core.function import Function
from eventgateway.core.json import dumps
from eventgateway.core.provider import HttpAnswer
from eventgateway.core.subscription import Subscription
from eventgateway.delivery_worker import AFTERWARDS, DeliveryWorker
from eventgateway.operations.deadline import Deadline
from eventgateway.operations.deliver import LEAST_SECONDS, NO_PAYLOAD, OUTCOME_UNKNOWN, SPLIT_AT_ONCE, Outcome
from tests.memory import NOON
from tests.unit.batches import failures, record


def subscribed(gateway, **retry):
    """A gateway where one delivery to function `f` waits, whose subscription says something about retries."""
    gateway.event_type("u")
    gateway.function("f")
    gateway.create(Subscription.kind, {"type": "async", "eventType": "u", "functionId": "f", "path": "/", "method": "POST", "retry": retry})
    gateway.emit()
    return gateway


@pytest.fixture
def waiting(gateway):
    return subscribed(gateway)


@pytest.fixture
def once(gateway):
    return subscribed(gateway, maxAttempts=1)


def answering(gateway, *answers):
    """Let `f` give one answer after the other."""
    left: Iterator[object] = iter(answers)

    def post(url, body, headers, timeout, private):
        gateway.functions.timeouts.append(timeout)
        answer = next(left)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    gateway.functions.post = post


def reasons(gateway):
    return [letter.reason for letter in gateway.dead_letters.letters]


def deadline(*left):
    """One that has so many seconds left, at each look at it."""
    readings = iter(left)
    return Deadline(0.0, lambda: -next(readings, left[-1]))


class TestFinal:
    @pytest.mark.parametrize(
        ("error", "reason", "status"),
        [
            (HttpAnswer(410, b"", "5"), "HTTP status code: 410", 410),
            (FunctionOverflow("AWS SQS function", 2, 1), "AWS SQS function takes at most 1 bytes, the event has 2", 0),
        ],
    )
    def test_what_can_never_succeed_is_a_dead_letter_at_once(self, waiting, error, reason, status):
        answering(waiting, error)
        assert waiting.deliver_next() is Outcome.DEAD
        [letter] = waiting.dead_letters.letters
        assert (letter.reason, letter.delivery.failures) == (reason, (Attempt(NOON, reason, status),))
        assert (waiting.queue.waiting, waiting.queue.delays) == ([], [])

    def test_a_payload_that_is_gone(self, gateway):
        gateway.subscribe("async", "f")
        gateway.emit(data="x" * 1_100_000)
        gateway.payloads.events.clear()
        assert gateway.deliver_next() is Outcome.DEAD
        assert reasons(gateway) == [NO_PAYLOAD]
        assert gateway.functions.calls == []

    def test_a_payload_store_that_is_away_is_no_attempt(self, gateway):
        gateway.subscribe("async", "f")
        gateway.emit(data="x" * 1_100_000)
        gateway.payloads.away = True
        with pytest.raises(Unavailable):
            gateway.deliverer.deliver(gateway.queue.waiting[0])
        assert (gateway.functions.calls, gateway.dead_letters.letters) == ([], [])

    def test_a_stored_payload_is_delivered_as_it_was_and_stays_for_the_next_attempt(self, gateway):
        gateway.subscribe("async", "f")
        gateway.emit(data="x" * 1_100_000)
        gateway.functions.answer("f", {}, 500)
        assert gateway.deliver_next() is Outcome.RETRIED
        gateway.functions.answer("f", {})
        assert gateway.deliver_next() is Outcome.DELIVERED
        first, second = (event for _, event in gateway.functions.calls)
        assert first == second
        assert first["data"] == "x" * 1_100_000


class TestLater:
    @pytest.mark.parametrize(
        ("answer", "wait"),
        [
            (HttpAnswer(503, b"", "0"), 1.0),
            (HttpAnswer(503, b"", "90"), 90.0),
            (HttpAnswer(429, b"", "90"), 90.0),
            (HttpAnswer(404, b"", "90"), 90.0),
            (HttpAnswer(503, b"", formatdate(NOON + 3600, usegmt=True)), 3600.0),
            (HttpAnswer(503, b"", "86400"), 7200.0),
            (HttpAnswer(503, b"", "never"), 1.0),
            (FunctionUnreachable("timed out"), 1.0),
            (FunctionThrottled("slow down"), 22.5),
        ],
    )
    def test_a_function_may_ask_for_time(self, waiting, answer, wait):
        answering(waiting, answer)
        assert waiting.deliver_next() is Outcome.RETRIED
        assert waiting.queue.delays == [wait]
        assert waiting.queue.waiting[0].not_before == NOON + wait

    def test_throttling_leaves_waits_out_and_ends_as_usual(self, waiting):
        answering(waiting, *[FunctionThrottled("slow down")] * 8)
        while waiting.queue.waiting:
            waiting.deliver_next()
        assert waiting.queue.delays == [22.5, 90, 450, 1350, 5400, 5400, 5400]
        assert reasons(waiting) == ["8 of 8 attempts failed"]

    def test_who_asks_for_more_time_than_the_event_has_gets_no_other_attempt(self, gateway):
        subscribed(gateway, maxAgeSeconds=60)
        answering(gateway, HttpAnswer(503, b"", "61"))
        assert gateway.deliver_next() is Outcome.DEAD
        assert reasons(gateway) == ["the next attempt would be later than 60 seconds after the event"]

    def test_a_subscription_has_as_many_attempts_as_it_wants(self, gateway):
        subscribed(gateway, maxAttempts=10)
        answering(gateway, *[HttpAnswer(500, b"")] * 10)
        outcomes = []
        while gateway.queue.waiting:
            outcomes.append(gateway.deliver_next())
        assert outcomes == [Outcome.RETRIED] * 9 + [Outcome.DEAD]


class TestOnce:
    def test_success(self, once):
        assert once.deliver_next() is Outcome.DELIVERED

    @pytest.mark.parametrize(
        "answer", [HttpAnswer(500, b""), HttpAnswer(503, b"", "5"), FunctionThrottled("slow"), FunctionUnreachable("timed out")]
    )
    def test_failure(self, once, answer):
        answering(once, answer)
        assert once.deliver_next() is Outcome.DEAD
        assert (reasons(once), once.queue.waiting) == (["1 of 1 attempts failed"], [])

    @pytest.mark.parametrize("first", [HttpAnswer(200, b""), HttpAnswer(500, b""), RuntimeError("bug"), SystemExit()], ids=repr)
    def test_whatever_became_of_it_there_is_no_second_call(self, once, first):
        [delivery] = once.queue.waiting
        answering(once, first)
        with suppress(RuntimeError, SystemExit):
            once.deliverer.deliver(delivery)
        assert once.deliverer.deliver(delivery) is Outcome.DEAD
        assert reasons(once)[-1] == OUTCOME_UNKNOWN
        assert len(once.functions.timeouts) == 1

    def test_without_the_store_of_attempts_there_is_no_call(self, once):
        once.attempts.away = True
        with pytest.raises(Unavailable):
            once.deliverer.deliver(once.queue.waiting[0])
        once.attempts.away = False
        assert once.deliver_next() is Outcome.DELIVERED

    def test_if_what_must_come_before_fails_the_attempt_has_not_begun(self, once):
        once.subscribe("async", "s", "eventgateway.function.invoking")
        [delivery] = once.queue.waiting
        once.queue.refuse = Unavailable("away")
        with pytest.raises(Unavailable):
            once.deliverer.deliver(delivery)
        once.queue.refuse = None
        assert once.deliverer.deliver(delivery) is Outcome.DELIVERED

    def test_a_dead_letter_that_could_not_be_kept_comes_again_as_one_of_unknown_outcome(self, once):
        [delivery] = once.queue.waiting
        answering(once, HttpAnswer(500, b""))
        once.dead_letters.away = True
        with pytest.raises(Unavailable):
            once.deliverer.deliver(delivery)
        once.dead_letters.away = False
        assert once.deliverer.deliver(delivery) is Outcome.DEAD
        assert reasons(once) == [OUTCOME_UNKNOWN]

    def test_others_leave_no_trace_among_the_attempts(self, waiting):
        waiting.deliver_next()
        assert waiting.attempts.begun == set()


class TestTime:
    @pytest.mark.parametrize(("left", "timeout"), [(1e9, 28.0), (28.5, 28.0), (7.0, 7.0), (LEAST_SECONDS, LEAST_SECONDS)])
    def test_a_call_ends_before_the_deadline(self, waiting, left, timeout):
        waiting.functions.post = lambda url, body, headers, given, private: timeouts.append(given) or HttpAnswer(200, b"")
        timeouts = []
        waiting.deliverer.deliver(waiting.queue.waiting[0], deadline(left))
        assert timeouts == [min(timeout, 5.0)]

    def test_with_too_little_time_nothing_is_called(self, waiting):
        with pytest.raises(Unavailable, match="Too little time"):
            waiting.deliverer.deliver(waiting.queue.waiting[0], deadline(LEAST_SECONDS - 0.01))
        assert waiting.functions.calls == []

    def test_the_only_attempt_does_not_begin_with_too_little_time(self, once):
        with pytest.raises(Unavailable):
            once.deliverer.deliver(once.queue.waiting[0], deadline(1.0))
        assert once.attempts.begun == set()

    def test_a_split_stops_when_its_time_is_over(self, waiting):
        [delivery] = waiting.queue.waiting
        fan_out = FanOut(tuple(replace(delivery, id=str(number)) for number in range(2 * SPLIT_AT_ONCE + 1)))
        waiting.queue.waiting.clear()
        with pytest.raises(Unavailable):
            waiting.deliverer.split(fan_out, deadline(30.0, 20.0, 1.0))
        assert waiting.queue.waiting == list(fan_out.deliveries[: 2 * SPLIT_AT_ONCE])
        waiting.queue.waiting.clear()
        waiting.deliverer.split(fan_out)
        assert waiting.queue.waiting == list(fan_out.deliveries)

    @pytest.mark.parametrize("seconds", [0.0, AFTERWARDS, AFTERWARDS + LEAST_SECONDS - 0.1])
    def test_a_worker_without_time_lets_everything_be_received_again_soon(self, waiting, seconds):
        [delivery] = waiting.queue.waiting
        with ThreadPoolExecutor(2) as pool:
            worker = DeliveryWorker(waiting.deliverer, waiting.queue, pool, waiting.runner)
            answer = worker.handle({"Records": [record(delivery, 1), record(FanOut((delivery,)), 2)]}, seconds)
        assert failures(answer) == ["m1", "m2"]
        assert sorted(waiting.queue.postponed) == [("r1", 1.0), ("r2", 1.0)]
        assert (waiting.functions.calls, len(waiting.queue.waiting)) == ([], 1)


def test_a_worker_splits_a_fan_out_which_it_acknowledges_only_then(gateway):
    for number in range(51):
        gateway.subscribe("async", f"f{number}")
    gateway.emit()
    [fan_out] = gateway.queue.waiting
    with ThreadPoolExecutor(2) as pool:
        worker = DeliveryWorker(gateway.deliverer, gateway.queue, pool, gateway.runner)
        gateway.queue.refuse = Unavailable("away")
        assert failures(worker.handle({"Records": [record(fan_out)]}, 60)) == ["m1"]
        gateway.queue.refuse = None
        assert failures(worker.handle({"Records": [record(fan_out)]}, 60)) == []
    assert gateway.queue.waiting[1:] == list(fan_out.deliveries)
    assert gateway.functions.calls == []


def test_a_function_that_was_deleted_is_a_dead_letter_even_for_a_stored_event(gateway):
    subscription = gateway.subscribe("async", "f")
    gateway.emit(data="x" * 1_100_000)
    gateway.delete(subscription)
    gateway.manager.delete(Function.kind, "default", "f")
    gateway.spaces.expire()
    gateway.payloads.away = True
    assert gateway.deliver_next() is Outcome.DEAD


def test_a_delivery_survives_all_its_copies(gateway):
    subscribed(gateway, maxAttempts=50)
    answering(gateway, *[FunctionUnreachable("\x00" * 500)] * 50)
    gateway.clock.now = 1_800_000_000.123
    original = gateway.queue.waiting[0]
    while len(gateway.queue.waiting[0].failures) < 49:
        gateway.clock.now = NOON
        gateway.deliver_next()
    last = gateway.queue.waiting[0]
    assert replace(last, failures=(), not_before=0.0) == original
    assert dumps(last.document())


def test_a_delivery_of_a_name_that_nobody_had_a_moment_ago_is_dropped_only_if_nobody_has_it_now(waiting, many):
    """A leftover of a deleted space makes the name unknown for a second; events of a new space with that name must not be lost."""
    deliverer, delivery = replace(waiting.deliverer, spaces=many.spaces), waiting.queue.waiting[0]
    assert deliverer.deliver(delivery) is Outcome.DROPPED
    many.bear(delivery.space, born=0)
    assert deliverer.deliver(delivery) is Outcome.DEAD, "it has no target there, but that is for people to see"
    many.erase(delivery.space)
    many.bear(delivery.space, born=delivery.since + 1)
    many.clock.advance(1)
    assert deliverer.deliver(delivery) is Outcome.DROPPED, "it is of an earlier life"
