import pytest

from eventgateway import providers
from eventgateway.core.errors import FunctionThrottled, FunctionUnreachable, Unavailable
from eventgateway.core.function import Function
from eventgateway.core.json import dumps
from eventgateway.core.retry import RetryPolicy
from eventgateway.operations.deliver import Deliverer, Outcome
from eventgateway.operations.spaces import Spaces
from eventgateway.settings import Settings

QUEUE_AWAY = Unavailable("The delivery queue is not available. Please try again.")
GONE = "the subscription or its function no longer exists"


def failing(gateway, error=None):
    gateway.functions.answers["f"] = error or FunctionUnreachable("refused")


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


def test_the_call_of_a_delivery_may_take_as_long_as_the_settings_say(waiting):
    assert waiting.deliverer.delivery_seconds == Settings("", "", "", "", "").delivery_seconds
