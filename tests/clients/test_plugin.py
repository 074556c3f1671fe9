"""@serverless/serverless-event-gateway-plugin 0.7.8, driven as the Serverless Framework drives it, against the local gateway."""

import pytest

from tests.clients.gateway import Gateway
from tests.clients.node import Sdk
from tests.clients.serverless_service import Service, endpoint, event
from tests.clients.servers import received, writes
from tests.loopback import Loopback

pytestmark = pytest.mark.xdist_group("clients")

TYPES = {"http.request": None, "user.created": None}
HELLO = [endpoint("/hello/:name"), event("user.created")]
NOTHING = {"functions": [], "subscriptions": [], "eventTypes": [], "cors": []}
GUARD_FIRST = "Serverless Error: Failed to update user.created event type due the error: Authorizer function doesn't exists."


def pick(resources, *names):
    return sorted(tuple(each[name] for name in names) for each in resources)


def test_deploy_registers_event_types_functions_and_subscriptions(service: Service, gateway: Gateway, space: str) -> None:
    service.write({"hello": HELLO, "record": [event("user.created", path="new")], "unrelated": []}, TYPES)
    printed = service.run("deploy")
    assert sorted(line for line in printed if '"hello"' in line or "Type" in line) == [
        'EventGateway: Event Type "http.request" created.',
        'EventGateway: Event Type "user.created" created.',
        'EventGateway: Function "hello" registered. (ID: shop-dev-hello)',
        'EventGateway: Function "hello" subscribed to "http.request" event.',
        'EventGateway: Function "hello" subscribed to "user.created" event.',
    ]
    found = gateway.configuration(space)
    provider = {
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-hello",
        "region": "us-east-1",
        "awsAccessKeyId": "AKIASTACK",
        "awsSecretAccessKey": "*****",
    }
    metadata = {"service": "shop", "stage": "dev"}
    hello = {"space": space, "functionId": "shop-dev-hello", "type": "awslambda", "provider": provider, "metadata": metadata}
    assert hello in found["functions"]
    assert pick(found["functions"], "functionId") == [("shop-dev-hello",), ("shop-dev-record",)]
    assert pick(found["subscriptions"], "functionId", "type", "method", "path") == [
        ("shop-dev-hello", "async", "POST", f"/{space}/"),
        ("shop-dev-hello", "sync", "GET", f"/{space}/hello/:name"),
        ("shop-dev-record", "async", "POST", f"/{space}/new"),
    ]
    assert pick(found["eventTypes"], "name") == [("http.request",), ("user.created",)]
    assert gateway.request("GET", f"/{space}/hello/Ada") == (200, "hello Ada")


def test_a_second_deploy_changes_nothing(service: Service, gateway: Gateway, config_proxy: Loopback, space: str) -> None:
    """It only writes each function again, as it is: the plugin compares secrets, and they are masked."""
    service.write({"hello": HELLO, "record": [event("user.created")]}, TYPES)
    service.run("deploy")
    before = gateway.configuration(space)
    config_proxy.requests.clear()
    printed = service.run("deploy")
    assert gateway.configuration(space) == before
    path = f"/v1/spaces/{space}/functions"
    assert writes(config_proxy) == [("PUT", f"{path}/shop-dev-hello"), ("PUT", f"{path}/shop-dev-record")]
    assert sorted(printed[1:]) == [
        'EventGateway: Function "hello" updated. (ID: shop-dev-hello)',
        'EventGateway: Function "record" updated. (ID: shop-dev-record)',
    ]


def test_a_second_deploy_doubles_no_delivery(service: Service, inbox: Loopback, space: str) -> None:
    service.write({"record": [event("user.created")]}, TYPES)
    service.run("deploy")
    service.run("deploy")
    attributes = {"eventType": "user.created", "eventID": space, "cloudEventsVersion": "0.1", "source": "/users"}
    url = service.url.removesuffix("/")
    sdk = Sdk({"url": url, "space": space})
    sdk(("emit", attributes), ("emit", attributes | {"eventID": f"{space}-last"}))
    received(inbox, f"/record/{space}-last")
    assert len(received(inbox, f"/record/{space}")) == 1


def test_a_changed_service(service: Service, gateway: Gateway, config_proxy: Loopback, space: str) -> None:
    service.write({"hello": HELLO, "old": [event("user.deleted")]}, TYPES | {"user.deleted": None})
    service.run("deploy")
    config_proxy.requests.clear()
    service.write({"hello": [endpoint("/hi/:name"), event("user.created")], "record": [event("user.created")]}, TYPES)
    printed = service.run("deploy")
    assert sorted(printed[1:]) == [
        'EventGateway: Event Type "user.deleted" deleted.',
        'EventGateway: Function "hello" subscribed to "http.request" event.',
        'EventGateway: Function "hello" unsubscribed from "http.request" event.',
        'EventGateway: Function "hello" updated. (ID: shop-dev-hello)',
        'EventGateway: Function "record" registered. (ID: shop-dev-record)',
        'EventGateway: Function "record" subscribed to "user.created" event.',
        'EventGateway: Function "shop-dev-old" and it\'s subscriptions deleted.',
    ]
    assert [method for method, _ in writes(config_proxy)] == ["DELETE"] * 4 + ["POST"] * 3 + ["PUT"]
    found = gateway.configuration(space)
    assert pick(found["subscriptions"], "functionId", "path") == [
        ("shop-dev-hello", f"/{space}/"),
        ("shop-dev-hello", f"/{space}/hi/:name"),
        ("shop-dev-record", f"/{space}/"),
    ]
    assert gateway.request("GET", f"/{space}/hi/Ada") == (200, "hello Ada")


def test_events_in_the_form_of_older_plugins(service: Service, gateway: Gateway, space: str) -> None:
    old = [{"eventgateway": {"event": "http", "path": "hello/:name", "method": "GET"}}, {"eventgateway": {"event": "user.created"}}]
    service.write({"hello": old})
    service.run("deploy")
    before = gateway.configuration(space)
    assert pick(before["subscriptions"], "type", "eventType", "path") == [
        ("async", "user.created", f"/{space}/"),
        ("sync", "http.request", f"/{space}/hello/:name"),
    ]
    service.run("deploy")
    assert gateway.configuration(space) == before


def test_connector_functions(service: Service, gateway: Gateway, space: str) -> None:
    queue_url = "https://sqs.us-east-1.amazonaws.com/123456789012/mails"
    inputs = {"arn": "arn:aws:sqs:us-east-1:123456789012:mails", "queueUrl": queue_url}
    service.write({"mails": {"type": "awssqs", "inputs": inputs, "events": [event("user.created")]}})
    service.run("deploy")
    [function] = gateway.configuration(space)["functions"]
    keys = {"region": "us-east-1", "awsAccessKeyId": "AKIASTACK", "awsSecretAccessKey": "*****"}
    assert (function["type"], function["provider"]) == ("awssqs", {**keys, "queueUrl": queue_url})


def test_an_authorizer_is_deployed_before_it_is_named(service: Service, gateway: Gateway, space: str) -> None:
    """The plugin names it before it registers it (mended by its pull request 88, which was not released)."""
    functions = {"record": [event("user.created")], "guard": []}
    guarded = {"user.created": {"authorizer": "guard"}}
    service.write(functions, guarded)
    assert service.fail("deploy") == GUARD_FIRST
    service.write(functions | {"guard": [event("guard.idle")]})
    service.run("deploy")
    service.write(functions, guarded)
    service.run("deploy")
    found = gateway.configuration(space)
    assert pick(found["eventTypes"], "name", "authorizerId") == [("user.created", "shop-dev-guard")]
    assert pick(found["subscriptions"], "functionId") == [("shop-dev-record",)]


def test_cors_rules_come_and_go_with_every_other_deploy(service: Service, gateway: Gateway, space: str) -> None:
    """Issue 92 of the plugin: it updates the rules that it finds and then deletes them."""
    service.write({"hello": [endpoint("/hello/:name", cors={"origins": ["http://example.com"]})]}, TYPES)
    found = []
    for _ in range(3):
        service.run("deploy")
        found.append(pick(gateway.configuration(space)["cors"], "method", "path", "allowedOrigins"))
    rule = ("GET", f"/{space}/hello/:name", ["http://example.com"])
    assert found == [[rule], [], [rule]]


def test_remove(service: Service, gateway: Gateway, space: str) -> None:
    service.write({"hello": HELLO}, TYPES)
    service.run("deploy")
    assert sorted(service.run("remove")[1:]) == [
        'EventGateway: Event Type "http.request" removed.',
        'EventGateway: Event Type "user.created" removed.',
        'EventGateway: Function "shop-dev-hello" removed.',
        'EventGateway: Subscription "http.request" removed from function: shop-dev-hello',
        'EventGateway: Subscription "user.created" removed from function: shop-dev-hello',
    ]
    assert gateway.configuration(space) == NOTHING
    service.run("deploy")
    assert gateway.request("GET", f"/{space}/hello/Ada") == (200, "hello Ada")


def test_remove_leaves_cors_rules(service: Service, gateway: Gateway, space: str) -> None:
    service.write({"hello": [endpoint("/hello/:name", cors=True)]}, TYPES)
    service.run("deploy")
    service.run("remove")
    [rule] = gateway.configuration(space)["cors"]
    assert gateway.configuration(space) == NOTHING | {"cors": [rule]}
    error = f'Failed to create CORS configuration due the error: CORS configuration "{rule["corsId"]}" already exists.'
    assert service.fail("deploy") == f"Serverless Error: Couldn't configure CORS for path {rule['path']}. Error: {error}"


def test_cors_rules_made_by_others_stay(service: Service, gateway: Gateway, sdk: Sdk, space: str) -> None:
    [rule] = sdk(("createCORS", {"method": "GET", "path": f"/{space}/hello/:name"}))
    service.write({"hello": HELLO}, TYPES)
    service.run("deploy")
    service.run("deploy")
    assert gateway.configuration(space)["cors"] == [rule]


def test_two_services_in_a_space(service: Service, gateway: Gateway, space: str) -> None:
    """They leave each other alone, but `remove` wants to delete every event type of the space."""
    service.write({"hello": [endpoint("/hello/:name")]})
    service.run("deploy")
    service.write({"hello": [endpoint("/hi/:name")]}, name="bakery")
    service.run("deploy")
    assert pick(gateway.configuration(space)["functions"], "functionId") == [("bakery-dev-hello",), ("shop-dev-hello",)]
    assert service.fail("remove") == (
        "Serverless Error: Failed to delete http.request event type due the error: "
        "Event type cannot be deleted because there are subscriptions using it."
    )
    assert gateway.request("GET", f"/{space}/hello/Ada") == (200, "hello Ada")


def test_an_endpoint_of_another_service(service: Service) -> None:
    service.write({"hello": [endpoint("/hello/:name")]})
    service.run("deploy")
    service.write({"hello": [endpoint("/hello/:name")]}, name="bakery")
    assert service.fail("deploy").startswith("Serverless Error: Could not subscribe the bakery-dev-hello function to the ")


def test_gateway_emit(service: Service, inbox: Loopback) -> None:
    service.write({"record": [event("user.created")]}, TYPES)
    service.run("deploy")
    before = len(inbox.requests)
    assert service.run("gateway", "emit", "--event", "user.created", "--data", '{"id": 1}')[0] == "Event emitted: user.created"
    assert inbox.wait_until(lambda: len(inbox.requests) > before, 10)
    [got] = received(inbox, inbox.requests[-1].target)
    assert {name: got[name] for name in ("eventType", "source", "contentType", "data")} == {
        "eventType": "user.created",
        "source": "https://github.com/serverless/serverless-event-gateway-plugin",
        "contentType": "application/json",
        "data": {"id": 1},
    }


def test_gateway_emit_that_is_refused(service: Service) -> None:
    service.write({})
    error = service.fail("gateway", "emit", "--event", "eventgateway.event.received", "--data", "{}")
    assert "Cannot read properties of undefined" in error


def test_gateway_dashboard(service: Service, space: str) -> None:
    service.write({"hello": HELLO}, TYPES)
    service.run("deploy")
    printed = service.run("gateway", "dashboard")
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in printed if line.startswith("│")]
    assert printed[:3] == ["Event Gateway", f" space: {space}", f" endpoint: {service.url}"]
    assert cells == [
        ["Function ID", "Region", "ARN"],
        ["shop-dev-hello", "us-east-1", "arn:aws:lambda:us-east-1:123456789012:function:shop-dev-hello"],
        ["Event", "Function ID", "Method", "Path"],
        ["", "shop-dev-hello", "GET", f"/{space}/hello/:name"],  # the plugin looks for the event under its old name
        ["", "shop-dev-hello", "POST", f"/{space}/"],
    ]


def test_the_gateway_command_lists_its_commands(service: Service) -> None:
    service.write({})
    assert service.run("gateway") == ["emit", "dashboard"]
