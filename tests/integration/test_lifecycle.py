"""The end of an instance: the handlers in processes of their own, with a Runtime API of ours."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.plugin_packages import with_path
from tests.loopback import Loopback, Then, answer

ROOT = Path(__file__).parents[2]
OVERDUE = {"errors": [{"message": 'Plugin "p" did not answer in time. Please try again.'}]}
INVOCATION = """
import json, os
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from {module} import handler
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.web.events_api import EventsApi
from tests.fakes import Gateway
from tests.unit.plugging import Recorder, Stuck, plug_in, worker
from tests.unit.samples import sample

gateway = Gateway()
gateway.subscribe("async", "welcome", "user.created")
plug_in(gateway, worker("p", {plugin}(), [("{type}", "{mode}")], seconds=0.05))
handler.api = lambda: EventsApi(gateway.receiver)
handler.worker = lambda: DeliveryWorker(gateway.deliverer, gateway.queue, ThreadPoolExecutor(2), gateway.runner)
context = SimpleNamespace(aws_request_id="request-1", get_remaining_time_in_millis=lambda: 60_000)
print(json.dumps(handler.handler(sample("{event}"), context)), flush=True)
os._exit(0)
"""


@dataclass(frozen=True)
class Invocation:
    """One of a handler with a plugin."""

    module: str
    event: str
    type: str
    plugin: str = "Stuck"
    mode: str = "sync"

    def run(self, runtime_api: Loopback | None) -> subprocess.CompletedProcess[str]:
        environment = with_path() | ({"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime_api.port}"} if runtime_api else {})
        script = INVOCATION.format(**vars(self))
        return subprocess.run(
            [sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )


ROUTER = Invocation("functions.router", "http_post_json", "eventgateway.event.received")
DELIVERY = Invocation("functions.delivery", "sqs", "eventgateway.function.invoking")
ROUTER_ASYNC = Invocation(ROUTER.module, ROUTER.event, ROUTER.type, mode="async")
ROUTER_WELL = Invocation(ROUTER.module, ROUTER.event, ROUTER.type, "Recorder")


@pytest.fixture
def runtime_api() -> Iterator[Loopback]:
    with Loopback(lambda _: [answer(b'{"status":"OK"}', status="202 Accepted")]) as server:
        yield server


@pytest.mark.parametrize("invocation", [ROUTER, ROUTER_ASYNC, DELIVERY], ids=["router", "async", "delivery"])
def test_with_a_stuck_plugin_the_invocation_is_answered_and_the_process_ends(runtime_api, invocation):
    done = invocation.run(runtime_api)
    [request] = runtime_api.requests
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert (request.method, request.target) == ("POST", "/2018-06-01/runtime/invocation/request-1/response")
    assert request.headers["content-type"] == "application/json"
    answered = json.loads(request.body)
    if invocation is ROUTER:
        assert (answered["statusCode"], json.loads(answered["body"])) == (503, OVERDUE)
    elif invocation is ROUTER_ASYNC:
        assert (answered["statusCode"], answered["body"]) == (202, "")
    else:
        assert len(answered["batchItemFailures"]) == 2  # those that are no plugin's fault: the attempt itself was copied for later


def test_an_instance_whose_plugins_are_well_goes_on(runtime_api):
    done = ROUTER_WELL.run(runtime_api)
    assert (done.returncode, runtime_api.requests) == (0, []), done.stderr
    assert json.loads(done.stdout)["statusCode"] == 202


def test_outside_of_lambda_the_process_goes_on():
    done = ROUTER.run(None)
    assert (done.returncode, json.loads(done.stdout)["statusCode"]) == (0, 503), done.stderr


@pytest.mark.parametrize(
    "script", [[answer(b"{}", status="413 Request Entity Too Large")], [b"no HTTP\r\n\r\n"], [Then.CLOSE]], ids=["413", "garbage", "end"]
)
def test_if_the_runtime_api_does_not_take_the_answer_it_is_given_as_usual(runtime_api, script):
    runtime_api.script = lambda _: script
    done = ROUTER.run(runtime_api)
    assert (done.returncode, json.loads(done.stdout)["statusCode"]) == (0, 503), done.stderr
