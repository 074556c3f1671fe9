"""The router ends between any two steps of accepting an event: nothing is lost, and what comes twice can be told by its delivery id.

It really ends: the router of these tests is another process, which talks HTTP to the DynamoDB and SQS of this one.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from time import time

import boto3
import pytest

from eventgateway import wiring
from eventgateway.core.claim import LEASE_SECONDS
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.subscription import Subscription
from eventgateway.settings import Settings
from local.emulator import SERVICES, Emulator
from local.resources import create_resources
from local.wire import Call
from tests.fakes import FunctionHost
from tests.faults.router import DIED, at
from tests.loopback import Loopback, Request, answer

ROOT = Path(__file__).parents[2]
NOW = time()
WINDOW = 3600
FUNCTIONS = [f"f{number}" for number in range(12)]  # more than one call to SQS takes
ONCE, PLAIN = "once", "plain"


@dataclass
class Gateway:
    """What is left when a router ends: tables and queue, other routers, workers, and the functions."""

    settings: Settings
    endpoint: str

    def die(self, step: str, event_type: str) -> None:
        """Emit the event to a router that ends behind a step."""
        variables = os.environ | self.settings.to_env() | {"AWS_ENDPOINT_URL": self.endpoint, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", "tests.faults.router", step, str(NOW)]
        request = json.dumps(http_request(event_type))
        done = subprocess.run(command, cwd=ROOT, env=variables, input=request, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout) == (DIED, ""), done.stdout + done.stderr

    def emit(self, event_type: str, seconds: float) -> tuple[int, str | None]:
        """Emit the event to another router some time later: status and `Retry-After`."""
        answered = at(wiring.events_api(self.settings), NOW + seconds).handle(http_request(event_type))
        return answered["statusCode"], answered["headers"].get("retry-after")

    def deliver(self) -> list[tuple[str, str]]:
        """Deliver everything that waits: the functions that were called, each with the id of the delivery."""
        host, worker, sqs = FunctionHost(), wiring.delivery_worker(self.settings), boto3.client("sqs")
        worker = replace(worker, deliverer=replace(worker.deliverer, outbound=host))
        while messages := sqs.receive_message(QueueUrl=self.settings.queue_url, MaxNumberOfMessages=10).get("Messages"):
            records = [{"messageId": each["MessageId"], "receiptHandle": each["ReceiptHandle"], "body": each["Body"]} for each in messages]
            assert worker.handle({"Records": records}, 60.0) == {"batchItemFailures": []}
            for each in messages:
                sqs.delete_message(QueueUrl=self.settings.queue_url, ReceiptHandle=each["ReceiptHandle"])
        worker.pool.shutdown()
        assert all(event["eventID"] == "1" for _, event in host.calls)
        return [(name, headers["X-Delivery-Id"]) for name, headers in zip(host.called(), host.headers, strict=True)]


def http_request(event_type: str) -> dict:
    event = {"eventType": event_type, "cloudEventsVersion": "0.1", "source": "/me", "eventID": "1"}
    headers = {"content-type": "application/cloudevents+json"}
    return {"requestContext": {"http": {"method": "POST"}}, "rawPath": "/", "headers": headers, "body": json.dumps(event)}


@pytest.fixture
def gateway():
    with Emulator() as emulator, Loopback() as server:

        def emulate(request: Request) -> list[bytes]:
            target = request.headers["x-amz-target"]
            url = f"https://{SERVICES[target.partition('.')[0]]}.{emulator.region}.amazonaws.com/"
            response = emulator(Call.json(url, target, json.loads(request.body)).request())
            return [answer(response.content, status=f"{response.status_code} Emulated")]

        server.script = emulate
        settings = create_resources()
        configure(settings)
        yield Gateway(settings, server.url())


def configure(settings: Settings) -> None:
    manager = wiring.config_api(settings).manager
    event_types = [{"name": ONCE, "deduplicate": {"windowSeconds": WINDOW}}, {"name": PLAIN}]
    functions = [{"functionId": name, "type": "http", "provider": {"url": f"http://host/{name}"}} for name in FUNCTIONS]
    subscriptions = [{"type": "async", "eventType": type_, "functionId": name} for name in FUNCTIONS for type_ in (ONCE, PLAIN)]
    for kind, documents in [(EventType.kind, event_types), (Function.kind, functions), (Subscription.kind, subscriptions)]:
        for document in documents:
            manager.create(kind, "default", json.dumps(document).encode())


def functions_called(deliveries: list[tuple[str, str]]) -> list[str]:
    return sorted(name for name, _ in deliveries)


@pytest.mark.parametrize(("step", "queued"), [("claimed", 0), ("half queued", 10), ("queued", 12)])
def test_a_router_that_dies_before_it_has_accepted(gateway, step, queued):
    gateway.die(step, ONCE)
    assert gateway.emit(ONCE, 0) == (409, "30")
    assert gateway.emit(ONCE, LEASE_SECONDS - 1) == (409, "1")
    first = gateway.deliver()
    assert len(first) == queued
    assert gateway.emit(ONCE, LEASE_SECONDS) == (202, None)
    second = gateway.deliver()
    assert functions_called(second) == sorted(FUNCTIONS)
    assert set(first) <= set(second)
    assert gateway.emit(ONCE, LEASE_SECONDS + 1) == (202, None)
    assert gateway.deliver() == []


def test_a_router_that_dies_when_it_has_accepted_and_not_answered(gateway):
    gateway.die("accepted", ONCE)
    for seconds in (0, LEASE_SECONDS, WINDOW - 1):
        assert gateway.emit(ONCE, seconds) == (202, None)
    assert functions_called(gateway.deliver()) == sorted(FUNCTIONS)


def test_after_the_window_the_event_is_a_new_one(gateway):
    gateway.die("accepted", ONCE)
    assert gateway.emit(ONCE, WINDOW + 1) == (202, None)
    deliveries = gateway.deliver()
    assert functions_called(deliveries) == sorted(FUNCTIONS * 2)
    assert len({delivery for _, delivery in deliveries}) == 2 * len(FUNCTIONS)


@pytest.mark.parametrize(("step", "queued"), [("half queued", 10), ("queued", 12)])
def test_without_deduplication_a_router_that_dies_loses_nothing_either(gateway, step, queued):
    """The emitter got no answer and tries again: then all functions are called, some of them for the second time."""
    gateway.die(step, PLAIN)
    assert len(gateway.deliver()) == queued
    assert gateway.emit(PLAIN, 0) == (202, None)
    assert functions_called(gateway.deliver()) == sorted(FUNCTIONS)
