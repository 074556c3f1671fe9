"""Logs never carry payloads: whatever happens to an event or a document, what is in it stays out of them."""

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from traceback import format_exception
from typing import Any

import pytest

from eventgateway.core.errors import FunctionFailed, FunctionUnreachable, GatewayError, PayloadTooLarge, Unavailable
from eventgateway.core.json import dumps
from eventgateway.core.provider import HttpAnswer
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.plugin import Event, Refused
from eventgateway.web.config_api import ConfigApi
from eventgateway.web.events_api import EventsApi
from tests.fakes import Gateway
from tests.unit.plugging import Recorder, plug_in, worker

CANARY, SECRET = "canary-7f3a", "secret-9b1c"
HEADERS = {"authorization": f"Bearer {CANARY}", "x-a": CANARY, "host": "gateway.test"}
CLOUD_EVENT = {
    "eventType": "u",
    "cloudEventsVersion": "0.1",
    "source": "/",
    "eventID": "1",
    "extensions": {"a": CANARY},
    "data": {"b": CANARY},
}
Script = Callable[["Handlers"], object]


class Handlers:
    """All three handlers over fakes, and what was answered."""

    def __init__(self) -> None:
        self.gateway = Gateway()
        self.pool = ThreadPoolExecutor(1)
        self.statuses: set[int] = set()

    def event(self, body: Any = None, path: str = "/sync", **headers: str) -> None:
        named = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
        text = body if isinstance(body, str) else json.dumps(body or {"a": CANARY})
        request = self._request("POST", path) | {
            "headers": named,
            "body": text,
            "cookies": [f"c={CANARY}"],
            "rawQueryString": f"q={CANARY}",
        }
        self._answered(EventsApi(self.gateway.receiver).handle(request))

    def structured(self, **changes: Any) -> None:
        self.event(CLOUD_EVENT | changes, content_type="application/cloudevents+json")

    def config(self, method: str, path: str, body: Any = None) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        request = self._request(method, f"/v1/spaces/default/{path}") | {"headers": HEADERS, "body": text, "rawQueryString": f"q={CANARY}"}
        self._answered(ConfigApi(self.gateway.manager).handle(request))
        self.gateway.spaces.expire()

    def deliver(self) -> None:
        records = [self._record(each.message()) for each in self.gateway.queue.waiting]
        self.gateway.queue.waiting.clear()
        DeliveryWorker(self.gateway.deliverer, self.gateway.queue, self.pool, self.gateway.runner).handle({"Records": records}, 60)  # type: ignore[arg-type]

    def broken_record(self) -> None:
        DeliveryWorker(self.gateway.deliverer, self.gateway.queue, self.pool, self.gateway.runner).handle(
            {"Records": [self._record(CANARY)]}, 60
        )  # type: ignore[arg-type]

    def break_everything(self) -> None:
        self.gateway.receiver = replace(self.gateway.receiver, outbox=Bug())
        self.gateway.manager = replace(self.gateway.manager, spaces=Bug())

    @staticmethod
    def _record(body: str) -> dict[str, Any]:
        return {"messageId": "m", "receiptHandle": "r", "body": body, "attributes": {"SentTimestamp": "0", "ApproximateReceiveCount": "1"}}

    @staticmethod
    def _request(method: str, path: str) -> dict[str, Any]:
        return {"requestContext": {"http": {"method": method}}, "rawPath": path}

    def _answered(self, answer: dict[str, Any]) -> None:
        self.statuses.add(answer["statusCode"])


class Bug:
    """A port whose every use is a bug that quotes all it knows."""

    def __getattr__(self, name: str) -> Any:
        raise LookupError(f"{CANARY} {SECRET}") from ValueError(f"{CANARY} {SECRET}")


def raising(error: Exception) -> Callable[[Event], object]:
    def react(_: Event) -> object:
        raise error

    return react


def failing(error: GatewayError | HttpAnswer) -> Script:
    def script(handlers: Handlers) -> None:
        handlers.gateway.functions.answers["f"] = error
        handlers.event(event="u")
        handlers.deliver()

    return script


def failing_later(handlers: Handlers) -> None:
    handlers.event(event="u")
    handlers.gateway.functions.answers["f"] = HttpAnswer(500, CANARY.encode())
    handlers.deliver()


def asking(error: GatewayError) -> Script:
    def script(handlers: Handlers) -> None:
        handlers.gateway.event_type("judged", "judge")
        handlers.gateway.subscribe("async", "f", "judged", "/judged")
        handlers.gateway.functions.answers["judge"] = error
        handlers.event(event="judged", path="/judged")

    return script


def with_plugin(answer: Callable[[Event], object], *types: str) -> Script:
    def script(handlers: Handlers) -> None:
        plug_in(handlers.gateway, worker("p", Recorder(answer), tuple((f"eventgateway.{each}", "sync") for each in types)))
        handlers.event(event="u")
        handlers.deliver()

    return script


def function(**provider: Any) -> dict[str, Any]:
    return {
        "functionId": "g",
        "type": "awslambda",
        "provider": {"arn": CANARY, "region": "us-east-1", "awsSecretAccessKey": SECRET, **provider},
    }


def refuse(error: GatewayError) -> Script:
    def script(handlers: Handlers) -> None:
        handlers.gateway.queue.refuse = error
        handlers.event(event="u")

    return script


def bug(call: Callable[[Handlers], None]) -> Script:
    def script(handlers: Handlers) -> None:
        handlers.break_everything()
        call(handlers)

    return script


SCRIPTS: dict[str, tuple[set[int], Script]] = {
    "an event": ({200}, lambda all_: (all_.event(event="u"), all_.deliver())),
    "a request": ({202}, lambda all_: all_.event(path="/other")),
    "no JSON": ({400}, lambda all_: all_.event(CANARY, content_type="application/cloudevents+json")),
    "no text": ({400}, lambda all_: all_.event(f"{CANARY}\ud800")),
    "a wrong time": ({400}, lambda all_: all_.structured(eventTime=CANARY)),
    "a wrong type": ({400}, lambda all_: all_.structured(eventID={CANARY: CANARY})),
    "a wrong source": ({400}, lambda all_: all_.structured(source=f"{CANARY} :")),
    "a long attribute": ({400}, lambda all_: all_.structured(eventID=CANARY * 1000)),
    "a long header": ({400}, lambda all_: all_.event(event=CANARY * 1000)),
    "a wrong media type": ({400}, lambda all_: all_.event(content_type=f"{CANARY};;")),
    "a system event": ({400}, lambda all_: all_.structured(eventType=f"eventgateway.{CANARY}")),
    "a large body": ({413}, lambda all_: all_.event(CANARY * 500_000)),
    "a queue that is away": ({503}, refuse(Unavailable("The delivery queue is not available. Please try again."))),
    "a queue that is full": ({413}, refuse(PayloadTooLarge("The event is too large to be queued."))),
    "a function that fails": ({500}, failing(FunctionFailed("Unhandled", detail=CANARY))),
    "a function that cannot be called": ({500}, failing(FunctionUnreachable("ValidationException", CANARY))),
    "a function that answers 500": ({500}, failing(HttpAnswer(500, CANARY.encode()))),
    "a function that answers 500 later": ({200}, failing_later),
    "a function that answers no object": ({500}, failing(HttpAnswer(200, CANARY.encode()))),
    "an authorizer that fails": ({202}, asking(FunctionFailed("Unhandled", detail=CANARY))),
    "an authorizer that cannot be asked": ({503}, asking(FunctionUnreachable("ValidationException", CANARY))),
    "a plugin that refuses": ({403}, with_plugin(raising(Refused(CANARY, 403)), "event.received")),
    "a plugin that refuses a call": ({403}, with_plugin(raising(Refused(CANARY, 403)), "function.invoking")),
    "a plugin that refuses afterwards": ({403}, with_plugin(raising(Refused(CANARY, 403)), "function.invoked")),
    "a plugin that fails": ({500}, with_plugin(raising(ValueError(CANARY)), "event.received")),
    "a plugin that returns nonsense": ({500}, with_plugin(lambda _: Event("", CANARY, CANARY), "event.received")),
    "a plugin that returns a wrong time": ({500}, with_plugin(lambda _: Event("a", "/", "1", time=CANARY), "event.received")),
    "a bug in the router": ({500}, bug(lambda all_: all_.event(event="u"))),
    "a bug in the Config API": ({500}, bug(lambda all_: all_.config("POST", "functions", function()))),
    "a broken record": (set(), lambda all_: all_.broken_record()),
    "a document": ({201}, lambda all_: all_.config("POST", "functions", function())),
    "a document that is none": ({400}, lambda all_: all_.config("POST", "functions", f"{CANARY}{SECRET}")),
    "a field of a wrong type": ({400}, lambda all_: all_.config("POST", "functions", function(awsSecretAccessKey={SECRET: SECRET}))),
    "a secret that is too long": ({400}, lambda all_: all_.config("POST", "functions", function(awsSecretAccessKey=SECRET * 1000))),
    "an update": ({404}, lambda all_: all_.config("PUT", "functions/missing", function())),
    "a label": ({201}, lambda all_: all_.config("POST", "eventtypes", {"name": "w", "metadata": {CANARY: CANARY}})),
}


@pytest.fixture
def handlers() -> Iterator[Handlers]:
    handlers = Handlers()
    handlers.gateway.subscribe("sync", "f", "u", "/sync")
    handlers.gateway.subscribe("async", "f", "u", "/sync")
    handlers.gateway.function("judge")
    yield handlers
    handlers.pool.shutdown()


def written(record: logging.LogRecord) -> str:
    """All that any formatter could write of a record."""
    error = "".join(format_exception(record.exc_info[1])) if record.exc_info else ""
    return f"{record.getMessage()} {vars(record)} {error}"


@pytest.mark.parametrize(("statuses", "script"), SCRIPTS.values(), ids=SCRIPTS)
def test_no_log_carries_a_payload(statuses: set[int], script: Script, handlers: Handlers, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "eventgateway"):
        script(handlers)
    assert handlers.statuses == statuses
    assert [written(each) for each in caplog.records if SECRET in written(each)] == []
    assert [written(each) for each in caplog.records if each.levelno >= logging.INFO and CANARY in written(each)] == []


def test_what_went_wrong_is_logged_all_the_same(handlers: Handlers, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "eventgateway"):
        handlers.structured(eventTime=CANARY)
        handlers.break_everything()
        handlers.event(event="u")
    refused, detail, failed = caplog.records
    assert (refused.levelname, refused.getMessage(), vars(refused)["status"]) == ("INFO", "request refused", 400)
    assert vars(refused)["errorType"] == "InvalidRequest"
    assert (detail.levelname, CANARY in detail.getMessage()) == ("DEBUG", True)
    assert (failed.levelname, vars(failed)["errorType"], vars(failed)["causes"]) == ("ERROR", "LookupError", ["ValueError"])
    assert dumps(vars(failed)["at"])
