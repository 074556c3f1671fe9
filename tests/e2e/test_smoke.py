"""What a deployed gateway must do at least; `make e2e-smoke` runs these alone."""

import json

import pytest

from tests.e2e.target import DELIVERY_SECONDS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_sync_event_is_answered_by_its_function(gateway, targets):
    target = targets.new(body=json.dumps({"statusCode": 201, "headers": {"x-from": "a function"}, "body": "created"}).encode())
    subscribed = gateway.subscribe_http(target, sync=True, event_type="http.request", method="PUT")
    answer = gateway.emit(f"{subscribed.path}?name=J%C3%B6rg&a=1&a=2", b"\x00\xff", "PUT", content_type="application/octet-stream")
    assert (answer.status, answer.headers["x-from"], answer.body) == (201, "a function", b"created")
    (event,) = target.events
    request = event["data"]
    assert (request["method"], request["path"], request["query"]) == ("PUT", subscribed.path, {"name": ["Jörg"], "a": ["1", "2"]})


def test_an_async_event_reaches_its_function_through_the_queue_as_it_was_emitted(gateway, target):
    subscribed = gateway.subscribe_http(target)
    assert subscribed.emit('{"name": "Jörg", "n": [1, 2.5, null]}').status == 202
    target.wait()
    (event,) = target.events
    assert event["data"] == {"name": "Jörg", "n": [1, 2.5, None]}
    assert event["eventType"] == subscribed.event_type
    assert target.requests[0].headers["x-event-id"] == event["eventID"]


def test_a_preflight_is_answered_by_the_rule_of_the_path(gateway):
    gateway.create("cors", method="PATCH", path="/shop/:id", allowedOrigins=["https://shop.example"], allowedMethods=["PATCH"])
    gateway.settle()
    asked = {"access_control_request_method": "PATCH"}
    answer = gateway.emit("/shop/7", method="OPTIONS", origin="https://shop.example", **asked)
    assert answer.status in (200, 204)
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert answer.headers["access-control-allow-methods"] == "PATCH"
    assert "access-control-allow-origin" not in gateway.emit("/shop/7", method="OPTIONS", origin="https://other.example", **asked).headers


def test_an_event_that_nobody_wants_is_accepted_and_an_unknown_page_of_the_config_api_is_not(gateway):
    assert gateway.emit("/nobody/wants/this").status == 202
    assert gateway.configure("GET", "functions/unknown").status == 404


def test_the_config_api_asks_for_the_operators_key(gateway):
    assert gateway.configure("GET", "functions").status == 200
    assert gateway.configure("GET", "functions", key="").status == 401
    assert gateway.configure("GET", "functions", key="another").status == 403


def test_the_dashboard_is_there(gateway):
    page = gateway.ask("DashboardUrl", "GET", "/")
    assert (page.status, page.headers["content-type"].split(";")[0]) == (200, "text/html")


def test_a_second_deployment_would_change_nothing(cdk, outputs):
    assert "There were no differences" in cdk.diff()


def test_the_queue_is_empty_in_the_end(ministack, outputs, targets):
    """No message is left behind, neither for the worker nor among the poison."""
    sqs = ministack.client("sqs")
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")

    def waiting():
        urls = [each for each in sqs.list_queues()["QueueUrls"] if "EventGateway" in each]
        assert len(urls) == 2
        return [sqs.get_queue_attributes(QueueUrl=each, AttributeNames=list(names))["Attributes"] for each in urls]

    assert targets.new().server.wait_until(lambda: all(count == "0" for each in waiting() for count in each.values()), DELIVERY_SECONDS)
