import pytest

from eventgateway.core.errors import (
    FunctionAccessDenied,
    FunctionFailed,
    FunctionThrottled,
    FunctionUnreachable,
    NotAuthorized,
    Unavailable,
)
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.ports import Change
from eventgateway.core.result import Result
from eventgateway.operations.authorize import verdict

PRINCIPAL = {"principalId": "id1", "context": {"k": "v"}}
ALLOW = {"authorization": PRINCIPAL}
DENY = {"error": {"message": "no"}}
AWAY = [
    pytest.param(FunctionUnreachable("timed out"), id="unreachable"),
    pytest.param(FunctionThrottled("slow down"), id="throttled"),
    pytest.param(FunctionAccessDenied("no", "AccessDeniedException"), id="credentials refused"),
    pytest.param(FunctionFailed("HTTP status code: 500", 500), id="status 500"),
    pytest.param(FunctionFailed("HTTP status code: 503", 503), id="status 503"),
]


@pytest.fixture
def guarded(gateway):
    """A gateway whose event type `u` has an authorizer."""
    gateway.function("auth")
    gateway.event_type("u", "auth")
    gateway.functions.answer("auth", ALLOW)
    return gateway


@pytest.mark.parametrize(
    ("answer", "authorization"),
    [
        pytest.param(b'{"authorization":{"principalId":"id1","context":{"k":"v"}}}', PRINCIPAL, id="principal and context"),
        pytest.param(b'{"authorization":{"principalId":"p"}}', {"principalId": "p", "context": None}, id="principal"),
        pytest.param(b'{"authorization":{"principalId":"p","x":1}}', {"principalId": "p", "context": None}, id="unknown keys"),
        pytest.param(b'{"error":null,"authorization":{"principalId":"p"}}', {"principalId": "p", "context": None}, id="error is null"),
        pytest.param(b'{"authorization":{"principalId":"p","context":{}}}', {"principalId": "p", "context": {}}, id="empty context"),
    ],
)
def test_an_authorization_with_a_principal_allows(answer, authorization):
    assert (verdict(answer).allowed, verdict(answer).authorization) == (True, authorization)


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"nope", b"[]", b"null", b"{}", b'"x"', b"true", b"\xff",
        b'{"error":{}}', b'{"error":{"message":"denied"}}', b'{"error":"x"}', b'{"error":false}', b'{"error":0}',
        b'{"authorization":{"principalId":"p"},"error":{"message":"denied"}}', b'{"authorization":null}', b'{"authorization":{}}',
        b'{"authorization":"p"}', b'{"authorization":{"principalId":""}}', b'{"authorization":{"principalId":1}}',
        b'{"authorization":{"principalId":"p","context":[]}}', b'{"authorization":{"principalId":"p","context":{"k":1}}}',
        b'{"statusCode":200,"body":"ok"}',
    ],
)  # fmt: skip
def test_anything_else_denies_without_being_an_error(answer):
    assert (verdict(answer).allowed, verdict(answer).error) == (False, None)


def test_the_authorization_reaches_sync_and_async_subscribers(guarded):
    guarded.subscribe("sync", "f")
    guarded.subscribe("async", "g")
    guarded.emit()
    extensions = [guarded.functions.calls[-1][1]["extensions"], guarded.queue.events("g")[0]["extensions"]]
    assert [each["eventgateway"]["authorization"] for each in extensions] == [PRINCIPAL, PRINCIPAL]


def test_other_extensions_stay(guarded):
    guarded.subscribe("async", "g")
    body = b'{"eventType":"u","cloudEventsVersion":"0.1","source":"/s","eventID":"1","extensions":{"a":"b","eventgateway":{"x":1}}}'
    guarded.request("POST", "/", body, content_type="application/cloudevents+json")
    assert guarded.queue.events("g")[0]["extensions"] == {"a": "b", "eventgateway": {"x": 1, "authorization": PRINCIPAL}}


def test_the_authorizer_sees_event_and_request_before_anything_else_happens(guarded):
    guarded.subscribe("sync", "f")
    guarded.subscribe("async", "g")
    guarded.receiver.receive(HttpRequest("POST", "/", "x=1&x=2", {"event": "u", "x-token": "t"}, b"\x00\xff", "gateway.test"))
    name, payload = guarded.functions.calls[0]
    assert (guarded.journal[0], name, payload["event"]["data"]) == ("call auth", "auth", "AP8=")
    assert "authorization" not in payload["event"]["extensions"]["eventgateway"]
    assert payload["request"] == {
        "headers": {"Event": "u", "X-Token": "t"},
        "query": {"x": ["1", "2"]},
        "body": None,
        "host": "gateway.test",
        "path": "/",
        "method": "POST",
        "params": None,
    }


def test_the_authorizer_of_a_raw_request_sees_no_path_parameters(gateway):
    gateway.function("auth")
    gateway.event_type("http.request", "auth")
    gateway.subscribe("sync", "f", "http.request", "/users/:id")
    gateway.functions.answer("auth", ALLOW)
    gateway.request("POST", "/users/7", b"a=b", content_type="application/x-www-form-urlencoded")
    (_, asked), (_, called) = gateway.functions.calls
    assert (asked["event"]["data"]["params"], asked["event"]["data"]["body"], asked["request"]["body"]) == (None, "a=b", None)
    assert called["data"]["params"] == {"id": "7"}


def test_the_authorizer_is_asked_once_for_all_subscribers_of_a_space(guarded):
    guarded.subscribe("sync", "f")
    for function in ("g", "h", "i"):
        guarded.subscribe("async", function)
    guarded.emit()
    assert guarded.functions.called() == ["auth", "f"]


def test_each_space_asks_its_own_authorizer(gateway):
    for space in ("one", "two"):
        gateway.function(f"auth-{space}", space)
        gateway.event_type("u", f"auth-{space}", space)
        gateway.subscribe("async", "g", space=space)
    gateway.functions.answer("auth-one", DENY)
    gateway.functions.answer("auth-two", ALLOW)
    assert gateway.emit() == Result(202)
    assert sorted(gateway.functions.called()) == ["auth-one", "auth-two"]
    assert [each.space for each in gateway.queue.waiting] == ["two"]


def test_nobody_is_asked_about_other_event_types(guarded):
    guarded.subscribe("async", "g", "v")
    guarded.emit("v")
    assert (guarded.functions.called(), len(guarded.queue.events("g"))) == ([], 1)


def test_nobody_is_asked_when_nobody_is_subscribed(guarded):
    assert guarded.emit() == Result(202)
    assert guarded.functions.called() == []


def test_a_denial_stops_the_sync_call_and_the_async_deliveries(guarded):
    guarded.subscribe("sync", "f")
    guarded.subscribe("async", "g")
    guarded.functions.answer("auth", DENY)
    with pytest.raises(NotAuthorized):
        guarded.emit()
    assert guarded.journal == ["call auth"]


def test_a_denial_of_async_subscribers_only_is_accepted_and_nothing_queued(guarded):
    guarded.subscribe("async", "g")
    guarded.functions.answer("auth", DENY)
    assert guarded.emit() == Result(202)
    assert guarded.queue.waiting == []


@pytest.mark.parametrize("status", [400, 403, 499])
def test_a_client_error_denies_whatever_the_body_says(guarded, status):
    guarded.subscribe("async", "g")
    guarded.functions.answer("auth", ALLOW, status)
    assert guarded.emit() == Result(202)
    assert guarded.queue.waiting == []


@pytest.mark.parametrize("failure", AWAY)
def test_if_the_authorizer_cannot_be_asked_async_subscribers_get_nothing_and_the_emitter_tries_again(guarded, failure):
    guarded.subscribe("async", "g")
    guarded.functions.answers["auth"] = failure
    with pytest.raises(Unavailable, match="authorizer"):
        guarded.emit()
    assert guarded.queue.waiting == []


@pytest.mark.parametrize("failure", AWAY)
def test_if_the_authorizer_cannot_be_asked_a_sync_subscriber_alone_is_denied(guarded, failure):
    guarded.subscribe("sync", "f")
    guarded.functions.answers["auth"] = failure
    with pytest.raises(NotAuthorized):
        guarded.emit()
    assert guarded.functions.called() == ["auth"]


@pytest.mark.parametrize("failure", AWAY)
def test_if_the_authorizer_cannot_be_asked_a_sync_function_beside_async_ones_is_not_called(guarded, failure):
    guarded.subscribe("sync", "f")
    guarded.subscribe("async", "g")
    guarded.functions.answers["auth"] = failure
    with pytest.raises(Unavailable):
        guarded.emit()
    assert guarded.journal == ["call auth"]


def test_an_authorizer_that_is_away_in_one_space_holds_the_whole_event_back(gateway):
    gateway.function("auth", "one")
    gateway.event_type("u", "auth", "one")
    gateway.subscribe("async", "g", space="one")
    gateway.subscribe("async", "g", space="two")
    gateway.functions.answers["auth"] = FunctionUnreachable("refused")
    with pytest.raises(Unavailable):
        gateway.emit()
    assert gateway.queue.waiting == []


def test_an_authorizer_that_is_gone_denies(guarded):
    guarded.subscribe("sync", "f")
    guarded.store.log["default"].append(Change("default", 5, Function.kind, "auth", {}, None))
    guarded.spaces.expire()
    with pytest.raises(NotAuthorized):
        guarded.emit()
    assert guarded.functions.called() == []


def test_an_authorizer_that_is_added_later_counts_for_the_next_event(gateway):
    gateway.subscribe("async", "g")
    gateway.function("auth")
    gateway.functions.answer("auth", DENY)
    gateway.emit()
    gateway.manager.update(EventType.kind, "default", "u", b'{"authorizerId":"auth"}')
    gateway.spaces.expire()
    gateway.emit()
    assert len(gateway.queue.events("g")) == 1


def test_calls_of_authorizers_are_no_function_calls_to_tell_about(guarded):
    for type_ in ("invoking", "invoked", "invocationFailed"):
        guarded.subscribe("async", f"s-{type_}", f"eventgateway.function.{type_}")
    guarded.subscribe("sync", "f")
    guarded.emit()
    assert [each["data"]["functionId"] for each in guarded.queue.events("s-invoking")] == ["f"]
    assert [each["data"]["functionId"] for each in guarded.queue.events("s-invoked")] == ["f"]
