import pytest

from eventgateway.core.errors import FunctionUnreachable, Unavailable
from eventgateway.core.event import SOURCE, Event, Stamp
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.json import loads
from eventgateway.core.routing import RoutingTable
from eventgateway.core.subscription import Subscription
from eventgateway.operations.deliver import Outcome
from eventgateway.operations.system_events import INVOCATION_FAILED, INVOKED, INVOKING, RECEIVED, FunctionCall, SystemEvents
from tests.memory import FakeClock

TYPES = (RECEIVED, INVOKING, INVOKED, INVOCATION_FAILED)
EVENT = Event.new("u", {"a": 1}, Stamp("id-1", "2018-04-05T17:31:00Z"))
REQUEST = HttpRequest("POST", "/p", "", {"event": "u", "host": "gateway.test"})


@pytest.fixture
def watched(gateway):
    """A gateway where function `s` hears all system events."""
    for type_ in TYPES:
        gateway.subscribe("async", "s", type_)
    return gateway


def heard(gateway, function="s"):
    return [(each["eventType"].rpartition(".")[2], each["data"]) for each in gateway.queue.events(function)]


def kinds(gateway):
    return [kind for kind, _ in heard(gateway)]


def forbidden():
    raise AssertionError("nobody subscribes, so nothing should be built")


def test_nothing_is_built_when_nobody_subscribes():
    clock, call = FakeClock(), FunctionCall("default", "f", is_system=False, event=forbidden)
    events, table = SystemEvents(clock), RoutingTable()
    made = [events.received(table, EVENT, REQUEST.path, REQUEST), events.invoking(table, call), events.invoked(table, call, b"{}")]
    assert [*made, events.invocation_failed(table, call, "why")] == [[], [], [], []]
    assert clock.stamps == 0


def test_an_event_that_came_in_is_told_with_its_path_and_headers(watched):
    watched.receiver.receive(HttpRequest("POST", "/p", "", {"event": "u", "content-type": "text/plain", "host": "h"}, b"x"))
    [(kind, data)] = heard(watched)
    assert (kind, data["path"], data["headers"]) == ("received", "/p", {"Event": "u", "Content-Type": "text/plain"})
    assert (data["event"]["eventType"], data["event"]["data"]) == ("u", "eA==")


def test_a_system_event_is_an_event_of_the_gateway(watched):
    watched.emit()
    event = watched.queue.events("s")[0]
    assert (event["source"], event["contentType"], event["cloudEventsVersion"]) == (SOURCE, "application/json", "0.1")
    assert watched.queue.waiting[0].is_system


def test_a_sync_call_is_told_before_and_after(watched):
    watched.subscribe("sync", "f", "http.request", "/x/:id")
    watched.functions.answer("f", {"statusCode": 200, "body": "the result"})
    watched.request("POST", "/x/1")
    assert watched.journal == ["queue s", "queue s", "call f", "queue s"]
    assert kinds(watched) == ["received", "invoking", "invoked"]
    (_, invoking), (_, invoked) = heard(watched)[1:]
    assert invoking == {"space": "default", "functionId": "f", "event": watched.functions.calls[0][1]}
    assert invoked == invoking | {"result": {"statusCode": 200, "body": "the result"}}
    assert invoking["event"]["data"]["params"] == {"id": "1"}


@pytest.mark.parametrize(("answer", "result"), [(b'{"a":1}', {"a": 1}), (b"plain", "plain"), (b"\xff", "\ufffd"), (b"", "")])
def test_the_result_is_json_where_it_is_json(answer, result):
    table = RoutingTable()
    table.put(Subscription("default", "async", INVOKED, "s"))
    call = FunctionCall("default", "f", is_system=False, event=EVENT.document)
    [delivery] = SystemEvents(FakeClock()).invoked(table, call, answer)
    assert loads(delivery.event)["data"]["result"] == result


def test_a_failed_sync_call_is_told_with_its_reason(watched):
    watched.subscribe("sync", "f")
    watched.functions.answers["f"] = FunctionUnreachable("refused")
    with pytest.raises(FunctionUnreachable):
        watched.emit()
    assert kinds(watched) == ["received", "invoking", "invocationFailed"]
    assert heard(watched)[-1][1]["error"] == {"message": "refused"}


def test_an_async_call_is_told_when_it_is_made(watched):
    watched.subscribe("async", "f")
    watched.emit(data={"a": 1})
    assert kinds(watched) == ["received"]
    watched.queue.waiting.sort(key=lambda each: each.function_id)
    assert watched.deliver_next() is Outcome.DELIVERED
    assert kinds(watched) == ["received", "invoking", "invoked"]
    assert heard(watched)[1][1]["event"]["data"] == {"a": 1}
    assert watched.journal[-3:] == ["queue s", "call f", "queue s"]


def test_a_failed_async_call_is_told_with_its_reason(watched):
    watched.subscribe("async", "f")
    watched.emit()
    watched.functions.answers["f"] = FunctionUnreachable("refused")
    watched.queue.waiting.sort(key=lambda each: each.function_id)
    assert watched.deliver_next() is Outcome.RETRIED
    assert kinds(watched) == ["received", "invoking", "invocationFailed"]


def test_system_events_cause_no_system_events(watched):
    watched.emit()
    while watched.queue.waiting:
        watched.deliver_next()
    assert [event["eventType"] for _, event in watched.functions.calls] == [RECEIVED]


def test_a_system_event_that_cannot_be_delivered_causes_no_system_events_either(watched):
    watched.emit()
    watched.functions.answers["s"] = FunctionUnreachable("refused")
    assert watched.deliver_next() is Outcome.RETRIED
    assert kinds(watched) == ["received"]


def test_subscribers_of_every_space_hear_of_every_space(gateway):
    gateway.subscribe("async", "t", INVOKING, space="other")
    gateway.subscribe("async", "s", INVOKING)
    gateway.subscribe("sync", "f")
    gateway.emit()
    assert [data["space"] for function in ("s", "t") for _, data in heard(gateway, function)] == ["default", "default"]


@pytest.mark.parametrize(("type_", "path", "method"), [("async", "/x", "POST"), ("async", "/", "GET"), ("sync", "/", "POST")])
def test_only_async_subscribers_of_post_at_the_root_hear_anything(gateway, type_, path, method):
    gateway.subscribe(type_, "s", RECEIVED, path, method)
    gateway.emit(path=path)
    assert gateway.journal == []


def test_a_system_event_that_outgrows_the_queue_is_sent_by_reference(watched):
    watched.subscribe("sync", "f", "http.request", "/")
    watched.functions.answer("f", {"body": "ok"})
    assert watched.request("POST", "/", b"x" * 1024 * 1024).body == "ok"
    kept = [watched.payloads.get(each.payload) for each in watched.queue.waiting]
    assert [loads(each)["eventType"] for each in kept] == [RECEIVED, INVOKING, INVOKED]


def test_without_a_place_for_large_events_nothing_is_called(watched):
    watched.subscribe("sync", "f", "http.request", "/")
    watched.payloads.away = True
    with pytest.raises(Unavailable):
        watched.request("POST", "/", b"x" * 1024 * 1024)
    assert watched.functions.calls == []
