"""Functions that fail on real connections, once and then no more: what becomes of the delivery, and how long it waits."""

import re
from email.utils import formatdate
from time import time

import pytest

from eventgateway.core.message import parse
from tests.faults.emulated import emulated
from tests.loopback import Then, answer

NO = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
FLAKY = {
    "500": ([answer(status="500 No")], "HTTP status code: 500", 1),
    "503, later": ([answer(b"", "Retry-After: 40", status="503 Busy")], "HTTP status code: 503", 40),
    "429, later": ([answer(b"", "Retry-After: 100", status="429 Slow Down")], "HTTP status code: 429", 100),
    "429, much later": ([answer(b"", "Retry-After: 99999", status="429 Slow Down")], "HTTP status code: 429", 7200),
    "503, never": ([answer(b"", "Retry-After: tomorrow", status="503 Busy")], "HTTP status code: 503", 1),
    "not followed": ([answer(status="304 Not Modified")], "HTTP status code: 304", 1),
    "hangs up": ([Then.CLOSE], "the connection was closed without an answer", 1),
    "resets": ([Then.RESET], "", 1),
    "half an answer": ([NO, Then.CLOSE], "IncompleteRead", 1),
    "half a head": ([b"HTTP/1.1 20", Then.CLOSE], "", 1),
    "no HTTP": ([b"hello\r\n\r\n", Then.CLOSE], "BadStatusLine", 1),
    "half an answer, reset": ([NO, Then.RESET], "", 1),
    "drips": ([b"HTTP/1.1 200 OK\r\n", 0.3, b"X: y\r\n", 0.3, b"X: y\r\n", 0.3, Then.CLOSE], "timed out", 1),
    "silent": ([1.0], "timed out", 1),
}


@pytest.fixture(scope="module")
def running():
    with emulated() as running:
        yield running


@pytest.fixture
def gateway(running):
    """Of all tests here; each has an event type and a function of its own."""
    running.functions.requests.clear()
    yield running
    running.forget()


@pytest.fixture
def name(request):
    return re.sub(r"\W", "-", request.node.name)


def reasons(gateway, name):
    return [reason for function, reason in gateway.reasons if function == name]


def due(gateway, now):
    """The one delivery that waits, and in how many seconds it will be received."""
    [message] = gateway.waiting
    return parse(message.body), message.delayed_until / 1000 - now


@pytest.mark.parametrize("how", FLAKY)
def test_a_function_that_fails_once_gets_its_delivery_later(gateway, name, how, monkeypatch):
    monkeypatch.setattr("eventgateway.providers.http.TIMEOUT", 0.5)
    steps, error, wait = FLAKY[how]
    gateway.subscribe(name, type_=name)
    gateway.functions.script = lambda _: steps
    gateway.emit({"a": 1}, name)
    now = time()
    gateway.pump_once()
    delivery, seconds = due(gateway, now)
    assert error in delivery.failures[0].error
    assert wait <= delivery.not_before - delivery.failures[0].at < wait + 1
    assert min(wait, 900) <= seconds
    gateway.functions.script = lambda _: [answer()]
    monkeypatch.setattr("eventgateway.clock.time.time", lambda: now + 8000)
    gateway.reappear()
    gateway.pump_all()
    assert (gateway.waiting, reasons(gateway, name)) == ([], [])
    first, second = gateway.functions.requests
    assert (first.body, first.headers["x-delivery-id"]) == (second.body, second.headers["x-delivery-id"])


def test_a_date_to_come_again(gateway, name):
    gateway.subscribe(name, type_=name)
    now = time()
    gateway.functions.script = lambda _: [answer(b"", f"Retry-After: {formatdate(now + 600, usegmt=True)}", status="503 Busy")]
    gateway.emit(None, name)
    gateway.pump_once()
    delivery, _ = due(gateway, now)
    assert 599 <= delivery.not_before - now < 620


def test_a_function_that_is_gone_is_not_called_again(gateway, name):
    gateway.subscribe(name, type_=name)
    gateway.functions.script = lambda _: [answer(status="410 Gone")]
    gateway.emit(None, name)
    gateway.pump_all()
    assert (gateway.waiting, reasons(gateway, name)) == ([], ["HTTP status code: 410"])
    assert len(gateway.functions.requests) == 1


@pytest.mark.parametrize("how", ["500", "resets", "half an answer", "silent"])
def test_the_only_attempt_is_made_once_however_it_fails(gateway, name, how, monkeypatch):
    monkeypatch.setattr("eventgateway.providers.http.TIMEOUT", 0.5)
    gateway.subscribe(name, type_=name, attempts=1)
    gateway.functions.script = lambda _: FLAKY[how][0]
    gateway.emit(None, name)
    gateway.pump_all()
    assert (gateway.waiting, reasons(gateway, name)) == ([], ["1 of 1 attempts failed"])
    assert len(gateway.functions.requests) == 1
