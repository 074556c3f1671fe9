import pytest

from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import (
    FunctionFailed,
    FunctionUnreachable,
    InvalidRequest,
    MalformedResult,
    PayloadTooLarge,
    SystemEventRefused,
    Unavailable,
)
from eventgateway.core.function import Function
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.ports import Change
from eventgateway.core.result import Result
from eventgateway.operations.deadline import Deadline
from eventgateway.operations.receive import BODY_LIMIT, Receiver

ACCEPTED = Result(202)
QUEUE_AWAY = Unavailable("The delivery queue is not available. Please try again.")
INVOKED, INVOCATION_FAILED = "eventgateway.function.invoked", "eventgateway.function.invocationFailed"


def cors(gateway, request):
    return gateway.receiver.cors(request, gateway.receiver.place(request))


def test_without_subscribers_an_event_is_accepted_and_nothing_happens(gateway):
    assert gateway.emit() == ACCEPTED
    assert gateway.journal == []


def test_an_async_subscriber_is_queued_and_not_called(gateway):
    gateway.subscribe("async", "f")
    assert gateway.emit(data={"a": 1}) == ACCEPTED
    assert gateway.journal == ["queue f"]
    assert gateway.queue.events("f")[0]["data"] == {"a": 1}


def test_a_sync_subscriber_is_called_and_its_result_is_the_answer(gateway):
    gateway.subscribe("sync", "f")
    gateway.functions.answer("f", {"statusCode": 201, "headers": {"X-A": "b"}, "body": "hey"})
    assert gateway.emit(data={"a": 1}) == Result(201, {"x-a": "b"}, "hey")
    assert [(name, event["data"]) for name, event in gateway.functions.calls] == [("f", {"a": 1})]


def test_async_deliveries_are_confirmed_before_the_sync_function_is_called(gateway):
    gateway.subscribe("sync", "f")
    gateway.subscribe("async", "g")
    gateway.subscribe("async", "h")
    gateway.emit()
    assert gateway.journal == ["queue g", "queue h", "call f"]


def test_all_deliveries_go_to_the_queue_at_once(gateway):
    for number in range(12):
        gateway.subscribe("async", f"f{number}")
    gateway.subscribe("async", "s", "eventgateway.event.received")
    gateway.emit()
    assert (gateway.queue.batches, len(gateway.queue.waiting)) == (1, 13)


def test_if_the_queue_is_away_no_function_is_called(gateway):
    gateway.subscribe("sync", "f")
    gateway.subscribe("async", "g")
    gateway.queue.refuse = QUEUE_AWAY
    with pytest.raises(Unavailable):
        gateway.emit()
    assert gateway.functions.calls == []


def test_an_event_that_is_too_large_for_the_queue_is_refused_and_no_function_is_called(gateway):
    gateway.subscribe("sync", "f")
    gateway.subscribe("async", "g")
    gateway.queue.refuse = PayloadTooLarge("The event is too large to be queued.")
    with pytest.raises(PayloadTooLarge):
        gateway.emit()
    assert gateway.functions.calls == []


def test_the_queue_is_not_asked_for_anything_when_nobody_is_async(gateway):
    gateway.subscribe("sync", "f")
    gateway.queue.refuse = QUEUE_AWAY
    assert gateway.emit() == Result(200)


@pytest.mark.parametrize(
    ("failure", "raised"),
    [(FunctionUnreachable("refused"), FunctionUnreachable), (FunctionFailed("HTTP status code: 500", 500), FunctionFailed)],
)
def test_a_failing_sync_function_is_called_once_and_the_async_ones_are_queued_all_the_same(gateway, failure, raised):
    gateway.subscribe("sync", "f")
    gateway.subscribe("async", "g")
    gateway.functions.answers["f"] = failure
    with pytest.raises(raised):
        gateway.emit()
    assert gateway.journal == ["queue g", "call f"]


def test_a_status_of_500_is_a_failure_of_the_function(gateway):
    gateway.subscribe("sync", "f")
    gateway.functions.answer("f", {"body": "x"}, status=500)
    with pytest.raises(FunctionFailed, match="500"):
        gateway.emit()


@pytest.mark.parametrize("status", [302, 400, 404, 501, 502, 503])
def test_any_other_status_is_the_functions_own_business(gateway, status):
    gateway.subscribe("sync", "f")
    gateway.functions.answer("f", {"statusCode": 200, "body": "from target"}, status)
    assert gateway.emit() == Result(200, {}, "from target")


def test_a_malformed_result_comes_after_the_async_deliveries(gateway):
    gateway.subscribe("sync", "f")
    gateway.subscribe("async", "g")
    gateway.functions.answer("f", {"statusCode": 999})
    with pytest.raises(MalformedResult):
        gateway.emit()
    assert gateway.journal == ["queue g", "call f"]


def test_a_subscribed_function_that_is_gone_is_a_failed_call(gateway):
    gateway.subscribe("sync", "f")
    gateway.store.log["default"].append(Change("default", 4, Function.kind, "f", {}, None))
    gateway.spaces.expire()
    with pytest.raises(FunctionUnreachable, match="not registered"):
        gateway.emit()


@pytest.mark.parametrize(
    ("pattern", "path", "params"),
    [
        ("/users/:id/posts/:slug", "/users/42/posts/a-b", {"id": "42", "slug": "a-b"}),
        ("/files/*path", "/files/a/b/c.txt", {"path": "a/b/c.txt"}),
        ("/users/:id", "/users/b c", {"id": "b c"}),
        ("/users/:id", "/users/a+b", {"id": "a+b"}),
        ("/a/b", "/a/b", {}),
        ("/", "/", None),
    ],
)
def test_a_raw_request_brings_its_path_parameters(gateway, pattern, path, params):
    gateway.subscribe("sync", "f", "http.request", pattern, "GET")
    gateway.request("GET", path)
    assert gateway.functions.calls[0][1]["data"]["params"] == params


def test_a_cloudevent_brings_no_path_parameters(gateway):
    gateway.subscribe("sync", "f", "u", "/x/:id")
    gateway.emit(path="/x/7", data={"k": 1})
    assert gateway.functions.calls[0][1]["data"] == {"k": 1}


def test_async_subscribers_of_a_raw_request_get_null_as_params(gateway):
    gateway.subscribe("async", "g", "http.request", "/x", "GET")
    gateway.request("GET", "/x")
    assert gateway.queue.events("g")[0]["data"]["params"] is None


def test_async_subscribers_beside_a_sync_one_get_its_path_parameters(gateway):
    """As recorded: events-http, "sync and async on the same path"."""
    gateway.subscribe("sync", "f", "http.request", "/x/:id")
    gateway.subscribe("async", "g", "http.request", "/x/1")
    gateway.request("POST", "/x/1")
    assert gateway.functions.calls[0][1]["data"]["params"] == {"id": "1"}
    assert gateway.queue.events("g")[0]["data"]["params"] == {"id": "1"}


@pytest.mark.parametrize("type_", ["eventgateway.event.received", "eventgateway.", "eventgateway.anything"])
def test_clients_may_not_emit_system_events(gateway, type_):
    gateway.subscribe("async", "f", type_)
    with pytest.raises(SystemEventRefused):
        gateway.emit(type_)
    assert gateway.journal == []


def test_an_event_that_cannot_be_read_reaches_nobody(gateway):
    gateway.subscribe("async", "s", "eventgateway.event.received")
    with pytest.raises(InvalidRequest, match="mime: expected token after slash"):
        gateway.request("POST", "/", b"x", content_type="text/")
    assert gateway.journal == []


def test_a_body_may_be_as_large_as_the_limit(gateway):
    assert gateway.request("POST", "/", b"x" * BODY_LIMIT) == ACCEPTED


def test_a_body_over_the_limit_is_refused_and_the_limit_named(gateway):
    with pytest.raises(PayloadTooLarge, match="The body has 4194305 bytes, the limit is 4194304"):
        gateway.request("POST", "/", b"x" * (BODY_LIMIT + 1))


def test_every_acceptance_has_delivery_ids_of_its_own(gateway):
    gateway.subscribe("async", "f")
    gateway.subscribe("async", "g")
    gateway.emit()
    gateway.emit()
    assert len({each.id for each in gateway.queue.waiting}) == 4


def test_subscribers_of_all_spaces_are_reached(gateway):
    for space in ("one", "two"):
        gateway.subscribe("async", "f", space=space)
        gateway.subscribe("sync", "g", space=space)
    gateway.functions.answer("g", {"body": "once"})
    assert gateway.emit() == Result(200, {}, "once")
    assert [(each.space, each.function_id) for each in gateway.queue.waiting] == [("one", "f"), ("two", "f")]
    assert gateway.functions.called() == ["g"]


def test_deliveries_carry_the_event_and_the_time_it_was_accepted(gateway):
    gateway.subscribe("async", "f")
    gateway.emit()
    delivery = gateway.queue.waiting[0]
    assert (delivery.accepted_at, delivery.attempt, delivery.not_before) == (gateway.clock.now, 1, 0.0)
    assert delivery.event_id == gateway.queue.events("f")[0]["eventID"]


def test_without_any_configuration_nothing_is_accepted(gateway):
    gateway.store.away = True
    with pytest.raises(Unavailable):
        gateway.emit()


def test_a_call_has_what_is_left_of_the_request_at_most(gateway):
    gateway.subscribe("sync", "f")
    Receiver(gateway.spaces, gateway.outbox, gateway.functions, gateway.clock, gateway.claims, request_seconds=2.0).receive(
        HttpRequest("POST", "/", "", {"event": "u"})
    )
    assert 1 < gateway.functions.timeouts[0] <= 2


def test_a_deadline_leaves_less_and_less_but_always_a_moment():
    readings = iter([10.0, 27.0, 40.0])
    deadline = Deadline(38.0, lambda: next(readings))
    assert [deadline.remaining() for _ in range(3)] == [28.0, 11.0, 0.05]


def test_the_cors_rule_of_a_request_is_that_of_its_method_and_path(gateway):
    rule = gateway.cors({"method": "GET", "path": "/u/:id"})
    assert cors(gateway, HttpRequest("GET", "/u/1", "", {"origin": "http://a"})) == rule
    assert cors(gateway, HttpRequest("PUT", "/u/1", "", {"origin": "http://a"})) is None


@pytest.mark.parametrize(("asked", "is_found"), [("GET", True), ("PUT", False), ("get", False)])
def test_the_cors_rule_of_a_preflight_is_that_of_the_method_it_asks_about(gateway, asked, is_found):
    gateway.cors({"method": "GET", "path": "/h"})
    found = cors(gateway, HttpRequest("OPTIONS", "/h", "", {"access-control-request-method": asked}))
    assert isinstance(found, CorsRule) is is_found


@pytest.mark.parametrize("type_", [INVOKED, INVOCATION_FAILED])
def test_a_queue_that_fails_behind_the_call_does_not_change_the_answer(gateway, type_):
    """Unavailable means that nothing was called: the emitter would send the event again and the function would run twice."""
    gateway.subscribe("sync", "f")
    gateway.subscribe("async", "s", type_)
    gateway.queue.refuse = QUEUE_AWAY
    if type_ == INVOKED:
        gateway.functions.answer("f", {"body": "done"})
        assert gateway.emit() == Result(200, {}, "done")
    else:
        gateway.functions.answers["f"] = FunctionUnreachable("refused")
        with pytest.raises(FunctionUnreachable):
            gateway.emit()
