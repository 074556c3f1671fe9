"""Batches of the delivery queue: what is acknowledged, what comes again and when."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from eventgateway.core.delivery import Delivery
from eventgateway.core.errors import FunctionUnreachable, SpaceSuspended, Unavailable
from eventgateway.core.fan_out import FanOut
from eventgateway.core.json import dumps
from eventgateway.core.retry import DEFAULT_RETRY
from eventgateway.core.suspension import Suspension
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.operations.deliver import Outcome
from tests.unit.batches import failures, record

QUEUE_AWAY = Unavailable("The delivery queue is not available. Please try again.")
GONE = "the subscription or its function no longer exists"


@pytest.fixture
def worker(waiting):
    with ThreadPoolExecutor(2) as pool:
        yield DeliveryWorker(waiting.deliverer, waiting.queue, pool, waiting.runner)


def failing(gateway, error=None):
    gateway.functions.answers["f"] = error or FunctionUnreachable("refused")


def test_the_worker_acknowledges_what_is_delivered_copied_or_buried(waiting, worker):
    [delivery] = waiting.queue.waiting
    assert failures(worker.handle({"Records": [record(delivery)]}, 60)) == []
    failing(waiting)
    assert failures(worker.handle({"Records": [record(delivery)]}, 60)) == []
    waiting.delete(waiting.subscription)
    assert failures(worker.handle({"Records": [record(delivery)]}, 60)) == []
    assert (waiting.queue.delays, len(waiting.dead_letters.letters)) == ([1.0], 1)


def test_the_worker_postpones_an_early_message_which_is_no_attempt(waiting, worker):
    early = waiting.queue.waiting[0].at(waiting.clock.now + 3600)
    assert failures(worker.handle({"Records": [record(early)]}, 60)) == ["m1"]
    assert waiting.queue.postponed == [("r1", 3600.0)]
    assert waiting.functions.calls == []


def test_the_worker_names_what_must_come_again_and_only_that(waiting, worker):
    [delivery] = waiting.queue.waiting
    early = delivery.at(waiting.clock.now + 9)
    records = [record(delivery, 1), record("not ours", 2), record(early, 3), record(delivery, 4)]
    assert failures(worker.handle({"Records": records}, 60)) == ["m2", "m3"]
    assert waiting.functions.called() == ["f", "f"]


def test_the_worker_does_not_acknowledge_what_could_not_be_made_safe(waiting, worker):
    failing(waiting)
    waiting.queue.refuse = QUEUE_AWAY
    assert failures(worker.handle({"Records": [record(waiting.queue.waiting[0])]}, 60)) == ["m1"]


def test_the_worker_survives_a_bug_in_one_delivery(waiting, worker):
    waiting.functions.answers["f"] = RuntimeError("bug")
    assert failures(worker.handle({"Records": [record(waiting.queue.waiting[0])]}, 60)) == ["m1"]


def suspend(gateway, reason="unpaid"):
    gateway.manager.put(Suspension, "default", dumps({"reason": reason}))
    gateway.spaces.expire()


def resume(gateway):
    gateway.manager.delete(Suspension.kind, "default", "default")
    gateway.spaces.expire()


def test_deliveries_of_a_suspended_space_wait_and_lose_no_attempt(waiting, worker):
    suspend(waiting)
    records = [record(waiting.queue.waiting[0])]
    assert failures(worker.handle({"Records": records}, 60)) == ["m1"]
    assert (waiting.queue.postponed, waiting.functions.calls) == ([("r1", 900.0)], [])
    resume(waiting)
    assert failures(worker.handle({"Records": records}, 60)) == []
    assert waiting.functions.called() == ["f"]


def test_where_attempts_follow_each_other_faster_a_suspended_space_is_looked_at_sooner(waiting):
    suspend(waiting)
    [delivery] = waiting.queue.waiting
    assert replace(waiting.deliverer, retry=replace(DEFAULT_RETRY, scale=0.01)).wait(delivery) == 9.0


def test_a_delivery_that_waits_for_longer_than_the_queue_keeps_it_is_copied(waiting, worker):
    suspend(waiting)
    [delivery] = waiting.queue.waiting
    assert failures(worker.handle({"Records": [record(delivery, age=8 * 86400)]}, 60)) == []
    assert (waiting.queue.waiting, waiting.queue.delays) == ([delivery, delivery], [900.0])


@pytest.mark.parametrize(("receives", "copies"), [(250, 0), (251, 1)])
def test_a_delivery_that_has_waited_for_days_was_buried_for_one_failure(waiting, worker, receives, copies):
    """Regression: each look at a suspended space is a receive, and behind the 500th of them any failure of a look buried the delivery."""
    suspend(waiting)
    [delivery] = waiting.queue.waiting
    assert len(failures(worker.handle({"Records": [record(delivery, receives=receives)]}, 60))) == 1 - copies
    assert waiting.queue.waiting[1:] == [delivery] * copies


def test_a_fan_out_of_a_suspended_space_waits_in_one_piece(waiting, worker):
    suspend(waiting)
    fan_out = FanOut(tuple(waiting.queue.waiting))
    assert failures(worker.handle({"Records": [record(fan_out)]}, 60)) == ["m1"]
    assert waiting.queue.postponed == [("r1", 900.0)]
    assert failures(worker.handle({"Records": [record(fan_out, age=8 * 86400)]}, 60)) == []
    assert waiting.queue.waiting[1:] == [fan_out]
    resume(waiting)
    assert failures(worker.handle({"Records": [record(fan_out)]}, 60)) == []
    assert waiting.queue.waiting[2:] == list(fan_out.deliveries)


@pytest.mark.parametrize("type_", ["sync", "async"])
def test_events_for_a_suspended_space_are_refused(gateway, type_):
    gateway.subscribe("async", "g", space="another")
    gateway.subscribe(type_, "f")
    suspend(gateway)
    with pytest.raises(SpaceSuspended, match=r'The space "default" is suspended\.'):
        gateway.emit()
    assert gateway.journal == []
    resume(gateway)
    gateway.emit()
    assert gateway.journal != []


def test_other_spaces_go_on_beside_a_suspended_one(gateway):
    gateway.subscribe("async", "g", space="another")
    gateway.subscribe("async", "f", path="/f")
    suspend(gateway)
    assert gateway.emit().status == 202
    assert gateway.deliver_next() is Outcome.DELIVERED


def test_a_worker_with_little_time_left_gives_its_messages_back(waiting, worker):
    assert failures(worker.handle({"Records": [record(waiting.queue.waiting[0])]}, 9)) == ["m1"]
    assert (waiting.queue.postponed, waiting.functions.calls) == ([("r1", 1.0)], [])


@pytest.mark.parametrize("seconds", [12, 20])
def test_a_call_gets_no_more_time_than_the_invocation_has(waiting, worker, seconds):
    waiting.functions.answers["f"] = FunctionUnreachable("timed out")
    worker.handle({"Records": [record(waiting.queue.waiting[0])]}, seconds)
    assert waiting.functions.timeouts[0] <= seconds - 8


@pytest.mark.parametrize(("receives", "dead"), [(499, 0), (500, 1), (999, 1)])
def test_a_delivery_that_can_never_be_attempted_vanished_behind_the_limit_of_the_queue(waiting, worker, receives, dead):
    """Regression: a function whose secrets can no longer be read sent its events to SQS's dead-letter queue, where nobody sees them."""
    waiting.functions.answers["f"] = Unavailable("The secrets of the function cannot be read. Please try again.")
    answer = worker.handle({"Records": [record(waiting.queue.waiting[0], receives=receives)]}, 60)
    assert failures(answer) == ([] if dead else ["m1"])
    assert [letter.reason for letter in waiting.dead_letters.letters] == ["it could not be attempted, 500 times"] * dead


def test_while_dead_letters_cannot_be_kept_it_comes_again(waiting, worker):
    waiting.functions.answers["f"] = Unavailable("The secrets of the function cannot be read. Please try again.")
    waiting.dead_letters.away = True
    assert failures(worker.handle({"Records": [record(waiting.queue.waiting[0], receives=700)]}, 60)) == ["m1"]


def test_what_cannot_be_read_is_left_to_the_queue(waiting, worker):
    assert failures(worker.handle({"Records": [record("not ours", receives=700)]}, 60)) == ["m1"]
    assert waiting.dead_letters.letters == []


class TestCopies:
    """Hosted mode: nothing that waits is in flight, of which SQS allows 120,000 messages of all tenants together."""

    @pytest.fixture
    def worker(self, worker):
        return replace(worker, copies=True)

    @pytest.mark.parametrize("seconds", [0.5, 60.0, 7200.0])
    def test_an_early_message_is_replaced_by_a_copy(self, waiting, worker, seconds):
        early = waiting.queue.waiting[0].at(waiting.clock.now + seconds)
        assert failures(worker.handle({"Records": [record(early)]}, 60)) == []
        assert (waiting.queue.waiting[1:], waiting.queue.delays, waiting.queue.postponed) == ([early], [seconds], [])
        assert waiting.functions.calls == []

    def test_so_are_deliveries_and_fan_outs_of_a_suspended_space(self, waiting, worker):
        suspend(waiting)
        [delivery] = waiting.queue.waiting
        fan_out = FanOut((delivery,))
        assert failures(worker.handle({"Records": [record(delivery, 1), record(fan_out, 2)]}, 60)) == []
        assert sorted(map(type, waiting.queue.waiting[1:]), key=str) == [Delivery, FanOut]
        assert (waiting.queue.delays, waiting.queue.postponed) == ([900.0, 900.0], [])

    def test_nothing_is_acknowledged_before_its_copy_is_confirmed(self, waiting, worker):
        suspend(waiting)
        [delivery] = waiting.queue.waiting
        waiting.queue.refuse = QUEUE_AWAY
        assert failures(worker.handle({"Records": [record(delivery, 1), record(FanOut((delivery,)), 2)]}, 60)) == ["m1", "m2"]
        assert (waiting.queue.waiting, waiting.queue.postponed) == ([delivery], [])

    def test_a_worker_with_little_time_left_makes_none(self, waiting, worker):
        """It might be over before the message is acknowledged, and then there would be two."""
        suspend(waiting)
        assert failures(worker.handle({"Records": [record(waiting.queue.waiting[0])]}, 9)) == ["m1"]
        assert (len(waiting.queue.waiting), waiting.queue.postponed) == (1, [("r1", 1.0)])

    def test_a_failed_attempt_is_still_copied_once(self, waiting, worker):
        failing(waiting)
        assert failures(worker.handle({"Records": [record(waiting.queue.waiting[0])]}, 60)) == []
        assert [each.attempt for each in waiting.queue.waiting] == [1, 2]

    def test_what_cannot_be_attempted_is_given_up_all_the_same(self, waiting, worker):
        """It comes again by itself, so its receives are counted: only what waits in good order begins anew."""
        waiting.functions.answers["f"] = Unavailable("The secrets of the function cannot be read. Please try again.")
        answer = worker.handle({"Records": [record(waiting.queue.waiting[0], receives=500)]}, 60)
        assert (failures(answer), len(waiting.dead_letters.letters)) == ([], 1)
