"""@serverless/event-gateway-sdk 0.11 against the local gateway: what its methods give and do."""

import json

import pytest

from tests.clients.node import Failure, Sdk, run
from tests.clients.servers import received
from tests.loopback import Loopback, answer

pytestmark = pytest.mark.xdist_group("clients")

EVENT = {
    "eventType": "user.created",
    "cloudEventsVersion": "0.1",
    "source": "/services/users",
    "eventID": "1",
    "contentType": "application/json",
    "data": {"userID": "foo"},
}
PROVIDERS = {
    "http": {"url": "http://localhost:8080/"},
    "awslambda": {"arn": "arn:aws:lambda:us-east-1:123456789012:function:hello", "region": "us-east-1"},
    "awssqs": {"queueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/mails", "region": "us-east-1"},
    "awskinesis": {"streamName": "clicks", "region": "us-east-1"},
    "awsfirehose": {"deliveryStreamName": "clicks", "region": "us-east-1"},
}


def http(function_id: str, url: str) -> dict[str, object]:
    return {"functionId": function_id, "type": "http", "provider": {"url": url}}


def awslambda(name: str) -> dict[str, object]:
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    return {"functionId": name, "type": "awslambda", "provider": {"arn": arn, "region": "us-east-1"}}


def test_event_types(sdk: Sdk, space: str) -> None:
    created, updated, all_types, of_team, of_others, deleted, left = sdk(
        ("createEventType", {"name": "user.created", "metadata": {"team": "a"}}),
        ("updateEventType", {"name": "user.created", "metadata": {"team": "b"}}),
        ("listEventTypes",),
        ("listEventTypes", {"metadata.team": "b"}),
        ("listEventTypes", {"metadata.team": "a"}),
        ("deleteEventType", {"name": "user.created"}),
        ("listEventTypes",),
    )
    assert created == {"space": space, "name": "user.created", "metadata": {"team": "a"}}
    assert updated == {"space": space, "name": "user.created", "metadata": {"team": "b"}}
    assert all_types == of_team == [updated]
    assert (of_others, deleted, left) == ([], None, [])


@pytest.mark.parametrize("kind", PROVIDERS)
def test_functions_of_every_type(sdk: Sdk, space: str, kind: str) -> None:
    given = {"functionId": "f", "type": kind, "provider": PROVIDERS[kind]}
    created, updated, listed, deleted, left = sdk(
        ("createFunction", given),
        ("updateFunction", {**given, "metadata": {"team": "b"}}),
        ("listFunctions", {"metadata.team": "b"}),
        ("deleteFunction", {"functionId": "f"}),
        ("listFunctions",),
    )
    assert created == {"space": space, **given}
    assert updated == {**created, "metadata": {"team": "b"}}
    assert (listed, deleted, left) == ([updated], None, [])


def test_secrets_of_a_function_are_masked_and_the_mask_keeps_them(sdk: Sdk) -> None:
    given = awslambda("hello")
    given["provider"] |= {"awsAccessKeyId": "AKIA", "awsSecretAccessKey": "secret", "awsSessionToken": "token"}
    [created] = sdk(("createFunction", given))
    assert created["provider"] == given["provider"] | {"awsSecretAccessKey": "*****", "awsSessionToken": "*****"}
    assert sdk(("updateFunction", created), ("listFunctions",)) == [created, [created]]


def test_subscriptions(sdk: Sdk, space: str) -> None:
    _, _, sync, usual, listed, gone, left = sdk(
        ("createEventType", {"name": "user.created"}),
        ("createFunction", http("users", "http://localhost:8080/")),
        ("subscribe", {"type": "sync", "eventType": "user.created", "functionId": "users", "method": "PUT", "path": "/a/:b"}),
        ("subscribe", {"type": "async", "eventType": "user.created", "functionId": "users", "metadata": {"team": "a"}}),
        ("listSubscriptions", {"metadata.team": "a"}),
        ("unsubscribe", {"subscriptionId": "YXN5bmMsdXNlci5jcmVhdGVkLHVzZXJzLCUyRixQT1NU"}),
        ("listSubscriptions",),
    )
    common = {"space": space, "eventType": "user.created", "functionId": "users"}
    sync_id, usual_id = "c3luYyx1c2VyLmNyZWF0ZWQsJTJGYSUyRjpiLFBVVA", "YXN5bmMsdXNlci5jcmVhdGVkLHVzZXJzLCUyRixQT1NU"
    assert sync == {**common, "subscriptionId": sync_id, "type": "sync", "method": "PUT", "path": "/a/:b"}
    assert usual == {**common, "subscriptionId": usual_id, "type": "async", "method": "POST", "path": "/", "metadata": {"team": "a"}}
    assert (listed, gone, left) == ([usual], None, [sync])


def test_cors(sdk: Sdk, space: str) -> None:
    rule = {"method": "GET", "path": f"/{space}/hello"}
    created, updated, listed, deleted, left = sdk(
        ("createCORS", {**rule, "allowedOrigins": ["http://example.com"]}),
        ("updateCORS", {**rule, "corsId": f"GET%2F{space}%2Fhello", "allowCredentials": True, "metadata": {"team": "a"}}),
        ("listCORS", {"metadata.team": "a"}),
        ("deleteCORS", {"corsId": f"GET%2F{space}%2Fhello"}),
        ("listCORS",),
    )
    lists = {"allowedMethods": ["HEAD", "GET", "POST"], "allowedHeaders": ["Origin", "Accept", "Content-Type"]}
    known = {"space": space, "corsId": f"GET%2F{space}%2Fhello", **rule, **lists}
    assert created == {**known, "allowedOrigins": ["http://example.com"], "allowCredentials": False}
    assert updated == {**known, "allowedOrigins": ["*"], "allowCredentials": True, "metadata": {"team": "a"}}
    assert (listed, deleted, left) == ([updated], None, [])


def test_emit_to_an_async_subscriber(sdk: Sdk, target: Loopback, space: str) -> None:
    *_, emitted = sdk(
        ("createEventType", {"name": "user.created"}),
        ("createFunction", http("users", target.url("/users"))),
        ("subscribe", {"type": "async", "eventType": "user.created", "functionId": "users", "path": f"/{space}/new"}),
        ("emit", EVENT, {"path": f"{space}/new"}),  # the SDK puts the slash before it
    )
    assert (emitted["status"], emitted["body"]) == (202, "")
    assert received(target, "/users") == [EVENT]


def test_emit_to_a_sync_subscriber(sdk: Sdk, target: Loopback, space: str) -> None:
    result = {"statusCode": 201, "headers": {"X-Users": "1"}, "body": "made"}
    target.script = lambda _: [answer(json.dumps(result).encode())]
    *_, emitted = sdk(
        ("createEventType", {"name": "user.created"}),
        ("createFunction", http("users", target.url("/users"))),
        ("subscribe", {"type": "sync", "eventType": "user.created", "functionId": "users", "path": f"/{space}/:team"}),
        ("emit", EVENT, {"path": f"/{space}/a"}),
    )
    assert (emitted["status"], emitted["headers"]["x-users"], emitted["body"]) == (201, "1", "made")
    assert received(target, "/users") == [EVENT]


def test_emit_with_the_header_event_makes_a_cloudevent_of_any_json(sdk: Sdk, target: Loopback, space: str) -> None:
    headers = {"Content-Type": "application/json", "Event": "user.created"}
    *_, emitted = sdk(
        ("createEventType", {"name": "user.created"}),
        ("createFunction", http("users", target.url("/users"))),
        ("subscribe", {"type": "async", "eventType": "user.created", "functionId": "users", "path": f"/{space}"}),
        ("emit", {"userID": "foo"}, {"path": f"/{space}", "headers": headers}),
    )
    [event] = received(target, "/users")
    assert emitted["status"] == 202
    assert (event["eventType"], event["contentType"], event["data"]) == ("user.created", "application/json", {"userID": "foo"})


def test_emit_with_a_header_for_the_authorizer(sdk: Sdk, inbox: Loopback, space: str) -> None:
    event = EVENT | {"eventID": space}
    path = {"path": f"/{space}"}
    *_, closed, opened = sdk(
        ("createFunction", awslambda("guard")),
        ("createFunction", awslambda("record")),
        ("createEventType", {"name": "user.created", "authorizerId": "guard"}),
        ("subscribe", {"type": "async", "eventType": "user.created", "functionId": "record", **path}),
        ("emit", event, path),
        ("emit", event, {**path, "headers": {"Authorization": "open sesame"}}),
    )
    assert (closed["status"], opened["status"]) == (202, 202)
    authorization = {"eventgateway": {"authorization": {"principalId": "ali", "context": None}}}
    assert received(inbox, f"/record/{space}") == [{**event, "extensions": authorization}]


EMPTY_ERROR = "Cannot read properties of undefined (reading 'errors')"
INVALID = "Error:Field validation for"
REFUSALS = {
    "an event type that exists": (
        ("createEventType", {"name": "user.created"}),
        'Failed to create user.created event type due the error: Event Type "user.created" already exists.',
    ),
    "an event type without a name": (
        ("createEventType", {}),
        (
            "Failed to create undefined event type due the error: Event Type doesn't validate. Validation error: "
            f"Key: 'Type.Name' {INVALID} 'Name' failed on the 'required' tag"
        ),
    ),
    "an authorizer that does not exist": (
        ("updateEventType", {"name": "user.created", "authorizerId": "nope"}),
        "Failed to update user.created event type due the error: Authorizer function doesn't exists.",
    ),
    "an event type that does not exist": (
        ("deleteEventType", {"name": "nope"}),
        'Failed to delete nope event type due the error: Event Type "nope" not found.',
    ),
    "an event type that is subscribed": (
        ("deleteEventType", {"name": "user.created"}),
        "Failed to delete user.created event type due the error: Event type cannot be deleted because there are subscriptions using it.",
    ),
    "a function without a provider": (
        ("createFunction", {"functionId": "f", "type": "http"}),
        "Failed to create the function f due the error: Function doesn't validate. Validation error: provider configuration not set",
    ),
    "a function that does not exist": (
        ("updateFunction", http("nope", "http://localhost:8080/")),
        'Failed to update the function nope due the error: Function "nope" not found.',
    ),
    "a function that is subscribed": (
        ("deleteFunction", {"functionId": "users"}),
        "Failed to delete the function users due the error: Function cannot be deleted because it's subscribed to a least one event.",
    ),
    "a subscription to nothing": (
        ("subscribe", {"type": "async", "eventType": "nope", "functionId": "users"}),
        'Failed to subscribe the event nope to the function users due the error: Event Type "nope" not found.',
    ),
    "a subscription that does not exist": (
        ("unsubscribe", {"subscriptionId": "nope"}),
        'Failed to unsubscribe the subscription nope due the error: Subscription "nope" not found.',
    ),
    "a CORS rule that does not exist": (
        ("deleteCORS", {"corsId": "GET%2Fnope"}),
        'Failed to delete GET%2Fnope CORS configuration due the error: CORS configuration "GET%2Fnope" not found.',
    ),
    "an event without attributes": (
        ("emit", {"eventType": "user.created"}),
        (
            "Failed to emit the event user.created due the error: CloudEvent doesn't validate: "
            f"Key: 'Event.CloudEventsVersion' {INVALID} 'CloudEventsVersion' failed on the 'required' tag\n"
            f"Key: 'Event.Source' {INVALID} 'Source' failed on the 'uri' tag\n"
            f"Key: 'Event.EventID' {INVALID} 'EventID' failed on the 'required' tag"
        ),
    ),
}


def test_error_texts(sdk: Sdk, space: str) -> None:
    subscription = {"type": "sync", "eventType": "user.created", "functionId": "users", "path": f"/{space}/x"}
    *_, first, again = sdk(
        ("createEventType", {"name": "user.created"}),
        ("createFunction", http("users", "http://localhost:8080/")),
        ("subscribe", subscription),
        ("subscribe", subscription),
    )
    start = "Failed to subscribe the event user.created to the function users due the error: "
    assert again == Failure(f'{start}Subscription "{first["subscriptionId"]}" already exists.')
    outcomes = sdk(*(call for call, _ in REFUSALS.values()))
    assert dict(zip(REFUSALS, outcomes, strict=True)) == {name: Failure(message) for name, (_, message) in REFUSALS.items()}


def test_a_sync_function_that_fails(sdk: Sdk, target: Loopback, space: str) -> None:
    target.script = lambda _: [answer(b"", status="500 Internal Server Error")]
    *_, failed = sdk(
        ("createEventType", {"name": "user.created"}),
        ("createFunction", http("users", target.url())),
        ("subscribe", {"type": "sync", "eventType": "user.created", "functionId": "users", "path": f"/{space}"}),
        ("emit", EVENT, {"path": f"/{space}"}),
    )
    assert failed == Failure("Failed to emit the event user.created due the error: Function call failed. Please check logs.")


def test_an_error_without_a_body_ends_the_process(sdk: Sdk) -> None:
    """As the original, the gateway answers system events (400) and denials of an authorizer (403) with an empty body. The SDK stumbles
    over it twice: the TypeError can be caught, the rejection of a second promise cannot, and ends Node.js since version 15."""
    told = {"options": sdk.options, "redirects": {}, "calls": [("emit", EVENT | {"eventType": "eventgateway.event.received"})]}
    done = run(["node", "sdk.cjs"], json.dumps(told))
    assert json.loads(done.stdout) == [{"failure": {"kind": "TypeError", "message": EMPTY_ERROR}}]
    assert done.returncode == 1
    assert "Error: body used already for" in done.stderr
