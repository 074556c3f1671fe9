"""A gateway as it is wired, over the emulated AWS and functions on the loopback, one step at a time."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from json import dumps, loads
from pathlib import Path
from typing import Any

import boto3

from eventgateway import wiring
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.json import JsonObject
from eventgateway.core.subscription import Subscription
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.operations.manage import Manager
from eventgateway.operations.receive import Receiver
from eventgateway.settings import Settings
from local.emulator import SERVICES, Emulator
from local.pump import Pump
from local.resources import DEAD_LETTER_QUEUE, QUEUE, create_resources
from local.wire import Call
from tests.faults.aws_world import Letters
from tests.faults.faulty_aws import make_visible
from tests.loopback import Loopback, Request, Step, answer

ROOT = Path(__file__).parents[2]
SERVICE_OF = {target.partition("_")[0]: service for target, service in SERVICES.items()}


@dataclass
class Emulated:
    """`functions` answers for all functions; their names are the paths."""

    emulator: Emulator
    settings: Settings
    functions: Loopback
    receiver: Receiver = field(init=False)
    worker: DeliveryWorker = field(init=False)

    def __post_init__(self) -> None:
        self.receiver = wiring.events_api(self.settings).receiver
        self.worker = wiring.delivery_worker(self.settings)
        self.manager = Manager(wiring.spaces(self.settings))
        self.sqs = boto3.client("sqs")
        self.pump = Pump(self.sqs, self.settings.queue_url, self.handle, region=self.emulator.region)
        self.handler: Callable[[Any], Any] = lambda event: self.worker.handle(event, 180.0)

    def handle(self, event: Any, _: object) -> Any:
        """As the pump calls it; tests exchange `handler`."""
        return self.handler(event)

    def subscribe(self, *names: str, type_: str = "u", space: str = "default", attempts: int = 0) -> None:
        """Let functions get the events of a type."""
        if type_ not in self.manager.spaces.current(space).event_types:
            self.manager.create(EventType.kind, space, dumps({"name": type_}).encode())
        for name in names:
            provider = {"type": "http", "provider": {"url": self.functions.url(f"/{name}")}}
            self.manager.create(Function.kind, space, dumps({"functionId": name, **provider}).encode())
            document: JsonObject = {"type": "async", "eventType": type_, "functionId": name, "path": "/", "method": "POST"}
            wish: JsonObject = {"retry": {"maxAttempts": attempts}} if attempts else {}
            self.manager.create(Subscription.kind, space, dumps(document | wish).encode())
        self.receiver.spaces.expire()
        self.worker.expire()

    def emit(self, data: object = None, type_: str = "u") -> None:
        """Send an event."""
        headers = {"event": type_, "content-type": "application/json"}
        assert self.receiver.receive(HttpRequest("POST", "/", "", headers, dumps(data).encode(), "gateway.test")).status == 202

    def receive(self) -> Any:
        """A batch, as the delivery function gets it."""
        return {"Records": [self.pump._record(each) for each in self.pump._receive()]}

    def pump_once(self) -> bool:
        """Receive a batch, invoke, delete what succeeded; whether there was something."""
        batch = self.pump._receive()
        if batch:
            self.pump._deliver(batch)
        return bool(batch)

    def pump_all(self) -> None:
        """Until nothing is visible."""
        while self.pump_once():
            pass

    def reappear(self) -> None:
        """All messages are visible again, as after the visibility time-out, and due."""
        make_visible(self.emulator.queue(QUEUE).waiting)

    def forget(self) -> None:
        """Nothing waits any more."""
        self.emulator.queue(QUEUE).purge()

    @property
    def waiting(self) -> list[Any]:
        """The messages in the queue."""
        return list(self.emulator.queue(QUEUE).waiting)

    @property
    def poison(self) -> list[str]:
        """The bodies in the queue's own dead-letter queue."""
        return [each.body for each in self.emulator.queue(DEAD_LETTER_QUEUE).waiting]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """Functions and reasons of all dead letters."""
        letters = Letters(self.settings.records_table).letters
        return sorted((each.delivery.function_id, each.reason) for each in letters)

    def calls(self) -> dict[str, list[str]]:
        """The delivery ids that each function was called with."""
        called: dict[str, list[str]] = {}
        for request in self.functions.requests:
            called.setdefault(request.target[1:], []).append(request.headers["x-delivery-id"])
        return called


@contextmanager
def emulated(**settings: object) -> Iterator[Emulated]:
    """A fresh one; plugins are left out."""
    with Emulator() as emulator, Loopback() as functions:
        made = Emulated(emulator, create_resources(plugins="", **settings), functions)
        try:
            yield made
        finally:
            made.worker.pool.shutdown()
            made.worker.deliverer.outbound.http.close()


def over_http(emulator: Emulator) -> Callable[[Request], Sequence[Step]]:
    """The emulator as a script for a loopback, for clients in another process."""

    def script(request: Request) -> Sequence[Step]:
        service = SERVICE_OF[request.headers["x-amz-target"].partition(".")[0].partition("_")[0]]
        url = f"https://{service}.{emulator.region}.amazonaws.com{request.target}"
        response = emulator(Call(request.method, url, request.headers, request.body).request())
        return [answer(response.content, "Content-Type: application/x-amz-json-1.0", status=f"{response.status_code} Answer")]

    return script


def start_function(event: Any, settings: Settings, aws: Loopback, region: str) -> subprocess.Popen[bytes]:
    """The delivery function in a process of its own, with an event in its hands."""
    environment = settings.to_env() | {
        "AWS_ENDPOINT_URL": aws.url(),
        "AWS_DEFAULT_REGION": region,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers/eventgateway/python")]),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.delivery_process"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    process.stdin.write(dumps(event).encode())
    process.stdin.close()
    return process


def answer_of(process: subprocess.Popen[bytes]) -> Any:
    """What the function answered, None if it died before."""
    assert process.stdout is not None
    with process.stdout:
        text = process.stdout.read()
    process.wait(30)
    return loads(text) if text else None
