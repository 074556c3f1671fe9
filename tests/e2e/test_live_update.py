"""Updates of a gateway that is in use."""

import json

import pytest

from tests.e2e.traffic import Traffic

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]


def function_named(ministack, part):
    """The configuration of the stack's function."""
    found = ministack.client("lambda").list_functions()["Functions"]
    (function,) = [each for each in found if each["FunctionName"].startswith(f"EventGateway-{part}Function")]
    return function


@pytest.mark.parametrize(
    "context",
    [{"router_memory": "640", "log_level": "debug"}, {"snap_start": "true"}, {"router_memory": "768", "log_level": "info"}],
    ids=["other settings", "functions from snapshots", "new snapshots"],
)
def test_an_update_fails_no_request_and_loses_no_event(cdk, gateway, ministack, targets, context):
    answering, receiving = targets.new(body=json.dumps({"statusCode": 200, "body": "well"}).encode()), targets.new()
    sync = gateway.subscribe_http(answering, sync=True, event_type="http.request", method="GET")
    asynchronous = gateway.subscribe_http(receiving)
    accepted = []

    def call(number):
        answer = gateway.emit(sync.path, method="GET")
        accepting = gateway.emit(asynchronous.path, json.dumps(number), event=asynchronous.event_type, content_type="application/json")
        if accepting.status == 202:
            accepted.append(number)
        return answer.status, answer.body, accepting.status

    with Traffic(call) as traffic:
        assert receiving.wait_until(lambda: traffic.calls > 5)
        cdk.deploy(**context)
        after = traffic.calls
        assert receiving.wait_until(lambda: traffic.calls > after + 5)
    assert set(traffic.outcomes) == {(200, b"well", 202)}, traffic.outcomes
    assert receiving.wait_until(lambda: set(accepted) <= {each["data"] for each in receiving.events})
    assert function_named(ministack, "Router")["MemorySize"] == int(cdk.context["router_memory"])


def test_nothing_is_left_to_deploy_after_updates(cdk):
    assert "There were no differences" in cdk.diff()
