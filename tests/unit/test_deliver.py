from concurrent.futures import ThreadPoolExecutor
from time import time

import pytest

from eventgateway import providers
from eventgateway.core.errors import FunctionThrottled, FunctionUnreachable, SpaceSuspended, Unavailable
from eventgateway.core.function import Function
from eventgateway.core.json import dumps
from eventgateway.core.retry import RetryPolicy
from eventgateway.core.suspension import Suspension
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.operations.deliver import Deliverer, Outcome
from eventgateway.operations.spaces import Spaces
from eventgateway.settings import Settings

QUEUE_AWAY = Unavailable("The delivery queue is not available. Please try again.")
GONE = "the subscription or its function no longer exists"


@pytest.fixture
def waiting(gateway):
    """A gateway where one delivery to function `f` waits."""
    gateway.subscription = gateway.subscribe("async", "f")
    gateway.emit(data={"a": 1})
    return gateway


@pytest.fixture
def worker(waiting):
    with ThreadPoolExecutor(2) as pool:
        yield DeliveryWorker(waiting.deliverer, waiting.queue, pool, waiting.runner)


def failing(gateway, error=None):
    gateway.functions.answers["f"] = error or FunctionUnreachable("refused")


def record(delivery, number=1, age=0):
    body = delivery if isinstance(delivery, str) else delivery.message()
    sent = {"SentTimestamp": str(int((time() - age) * 1000))}
    return {"messageId": f"m{number}", "receiptHandle": f"r{number}", "body": body, "attributes": sent}


def failures(answer):
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def test_a_delivery_is_a_call_with_the_event(waiting):
    event = waiting.queue.events("f")[0]
    assert waiting.deliver_next() is Outcome.DELIVERED
    assert waiting.functions.calls == [("f", event)]
    assert waiting.queue.waiting == []


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_success(waiting, status):
    waiting.functions.answer("f", None, status)
    assert waiting.deliver_next() is Outcome.DELIVERED


@pytest.mark.parametrize("status", [199, 300, 304, 400, 404, 429, 500, 503])
def test_anything_else_is_tried_again(waiting, status):
    waiting.functions.answer("f", {}, status)
    assert waiting.deliver_next() is Outcome.RETRIED


@pytest.mark.parametrize(("error", "wait"), [(FunctionUnreachable("timed out"), 1.0), (FunctionThrottled("slow down"), 22.5)])
def test_a_failed_delivery_is_copied_for_a_later_attempt(waiting, error, wait):
    first = waiting.queue.waiting[0]
    failing(waiting, error)
    assert waiting.deliver_next() is Outcome.RETRIED
    [second] = waiting.queue.waiting
    assert second == first.failed(waiting.clock.now, error.message).at(waiting.clock.now + wait)
    assert (second.attempt, waiting.queue.delays) == (2, [wait])


def test_ids_stay_the_same_over_all_attempts(waiting):
    failing(waiting)
    waiting.deliver_next()
    waiting.deliver_next()
    first, second = waiting.functions.headers
    assert (first["X-Event-Id"], first["X-Delivery-Id"]) == (second["X-Event-Id"], second["X-Delivery-Id"])
    assert first["X-Delivery-Id"] == waiting.queue.waiting[0].id


def test_the_wait_has_its_share_of_chance(waiting):
    failing(waiting)
    waiting.clock.chance = 0.0
    waiting.deliver_next()
    waiting.deliver_next()
    waiting.clock.chance = 0.5
    waiting.deliver_next()
    assert waiting.queue.delays == [1.0, 2.5, 22.5]


def test_after_the_last_attempt_there_is_a_dead_letter(waiting):
    failing(waiting)
    outcomes = []
    while waiting.queue.waiting:
        waiting.clock.now = max(waiting.clock.now, waiting.queue.waiting[0].not_before)
        outcomes.append(waiting.deliver_next())
    assert outcomes == [Outcome.RETRIED] * 7 + [Outcome.DEAD]
    [letter] = waiting.dead_letters.letters
    assert [each.error for each in letter.delivery.failures] == ["refused"] * 8
    assert (letter.reason, letter.at, letter.delivery.failures[-1].at) == ("8 of 8 attempts failed", waiting.clock.now, waiting.clock.now)


def test_a_delivery_that_is_too_old_is_not_tried_again(waiting):
    failing(waiting)
    waiting.clock.advance(24 * 3600)
    assert waiting.deliver_next() is Outcome.DEAD
    [letter] = waiting.dead_letters.letters
    assert (len(letter.delivery.failures), letter.reason) == (1, "the next attempt would be later than 86400 seconds after the event")


def test_a_delivery_is_never_buried_before_it_was_tried(waiting):
    waiting.clock.advance(10 * 24 * 3600)
    assert waiting.deliver_next() is Outcome.DELIVERED


def test_if_the_dead_letter_cannot_be_kept_the_delivery_must_come_again(waiting):
    failing(waiting)
    waiting.clock.advance(24 * 3600)
    waiting.dead_letters.away = True
    with pytest.raises(Unavailable):
        waiting.deliver_next()


def test_if_the_copy_cannot_be_queued_the_delivery_must_come_again(waiting):
    failing(waiting)
    waiting.queue.refuse = QUEUE_AWAY
    with pytest.raises(Unavailable):
        waiting.deliver_next()
    assert waiting.dead_letters.letters == []


def test_a_delivery_whose_subscription_was_deleted_is_kept_as_a_dead_letter(waiting):
    waiting.delete(waiting.subscription)
    assert waiting.deliver_next() is Outcome.DEAD
    assert [letter.reason for letter in waiting.dead_letters.letters] == [GONE]
    assert waiting.functions.calls == []


def test_a_delivery_of_an_unknown_space_is_kept_as_a_dead_letter(waiting, gateway):
    strangers = Deliverer(
        Spaces(type(gateway.store)(), providers.load(), gateway.clock),
        gateway.outbox,
        gateway.dead_letters,
        gateway.attempts,
        gateway.functions,
        gateway.clock,
    )
    assert strangers.deliver(waiting.queue.waiting[0]) is Outcome.DEAD


def test_a_subscription_that_is_newer_than_the_workers_table_is_not_taken_for_deleted(gateway):
    """The router may know a subscription up to CONFIG_TTL before the worker does."""
    behind = Spaces(gateway.store, providers.load(), gateway.clock)
    gateway.function("f")
    behind.routing()
    gateway.subscribe("async", "f")
    gateway.emit()
    deliverer = Deliverer(behind, gateway.outbox, gateway.dead_letters, gateway.attempts, gateway.functions, gateway.clock)
    assert deliverer.deliver(gateway.queue.waiting[0]) is Outcome.DELIVERED
    assert gateway.dead_letters.letters == []


def test_a_worker_that_cannot_look_whether_a_subscription_is_new_does_not_bury_its_delivery(gateway):
    behind = Spaces(gateway.store, providers.load(), gateway.clock)
    gateway.function("f")
    behind.routing()
    gateway.subscribe("async", "f")
    gateway.emit()
    gateway.store.away = True
    deliverer = Deliverer(behind, gateway.outbox, gateway.dead_letters, gateway.attempts, gateway.functions, gateway.clock)
    with pytest.raises(Unavailable):
        deliverer.deliver(gateway.queue.waiting[0])
    assert gateway.dead_letters.letters == []


def test_a_subscription_that_was_deleted_and_created_again_gets_nothing_from_before(waiting):
    waiting.delete(waiting.subscription)
    waiting.subscribe("async", "f")
    assert waiting.deliver_next() is Outcome.DEAD
    assert waiting.functions.calls == []
    waiting.emit()
    assert waiting.deliver_next() is Outcome.DELIVERED


def test_an_update_of_its_subscription_does_not_stop_a_delivery(waiting):
    document = waiting.subscription.shown() | {"metadata": {"a": "b"}}
    waiting.manager.update(waiting.subscription.kind, "default", waiting.subscription.id, dumps(document))
    waiting.spaces.expire()
    assert waiting.deliver_next() is Outcome.DELIVERED


@pytest.mark.parametrize("depth", [100, 196, 200])
@pytest.mark.parametrize("type_", ["u", "http.request"])
def test_whatever_was_accepted_can_be_delivered_however_deep_it_is_nested(gateway, type_, depth):
    gateway.subscribe("async", "f", type_)
    for system in ("event.received", "function.invoking", "function.invoked"):
        gateway.subscribe("async", "s", f"eventgateway.{system}")
    headers = {"content_type": "application/json"} | ({"event": type_} if type_ == "u" else {})
    assert gateway.request("POST", "/", b"[" * depth + b"]" * depth, **headers).status == 202
    while gateway.queue.waiting:
        assert gateway.deliver_next() is Outcome.DELIVERED
    assert sorted(gateway.functions.called()) == ["f", "s", "s", "s"]


def test_a_function_that_moved_is_called_where_it_is_now(waiting):
    failing(waiting)
    waiting.deliver_next()
    waiting.manager.update(Function.kind, "default", "f", b'{"type":"http","provider":{"url":"http://host/moved"}}')
    waiting.spaces.expire()
    assert waiting.deliver_next() is Outcome.DELIVERED
    assert waiting.functions.called() == ["f", "moved"]


def test_a_warm_worker_goes_on_while_the_configuration_is_away(waiting):
    waiting.clock.advance(10)
    waiting.store.away = True
    assert waiting.deliver_next() is Outcome.DELIVERED


def test_a_cold_worker_needs_the_configuration(waiting):
    waiting.store.away = True
    cold = Spaces(waiting.store, providers.load(), waiting.clock)
    deliverer = Deliverer(cold, waiting.outbox, waiting.dead_letters, waiting.attempts, waiting.functions, waiting.clock)
    with pytest.raises(Unavailable):
        deliverer.deliver(waiting.queue.waiting[0])
    assert (waiting.functions.calls, waiting.dead_letters.letters) == ([], [])


def test_the_policy_decides_how_often(waiting):
    failing(waiting)
    deliverer = Deliverer(
        waiting.spaces,
        waiting.outbox,
        waiting.dead_letters,
        waiting.attempts,
        waiting.functions,
        waiting.clock,
        RetryPolicy(max_attempts=1),
        delivery_seconds=3.0,
    )
    assert deliverer.deliver(waiting.queue.waiting[0]) is Outcome.DEAD
    assert waiting.functions.timeouts == [3.0]


@pytest.mark.parametrize(("not_before", "early"), [(0, 0.0), (-5, 0.0), (7.5, 7.5)])
def test_a_delivery_is_early_until_its_time_has_come(waiting, not_before, early):
    delivery = waiting.queue.waiting[0].at(waiting.clock.now + not_before)
    assert waiting.deliverer.wait(delivery) == early


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


def test_the_call_of_a_delivery_may_take_as_long_as_the_settings_say(waiting):
    assert waiting.deliverer.delivery_seconds == Settings("", "", "", "", "").delivery_seconds


def suspend(gateway, reason="unpaid"):
    gateway.manager.suspend("default", dumps({"reason": reason}))
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


def test_a_delivery_that_waits_for_longer_than_the_queue_keeps_it_is_copied(waiting, worker):
    suspend(waiting)
    [delivery] = waiting.queue.waiting
    assert failures(worker.handle({"Records": [record(delivery, age=8 * 86400)]}, 60)) == []
    assert (waiting.queue.waiting, waiting.queue.delays) == ([delivery, delivery], [900.0])


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
