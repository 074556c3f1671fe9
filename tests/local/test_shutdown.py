"""Ending politely, whenever it is asked for."""

import os
import signal
from time import sleep

import pytest

from local.shutdown import SECONDS, Shutdown


@pytest.fixture
def handlers():
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_are_requests(handlers, number):
    shutdown, done = Shutdown(), []
    shutdown.on_signals()
    shutdown.then(lambda: done.append(1))
    assert not shutdown.requested
    os.kill(os.getpid(), number)
    sleep(0.01)
    assert (shutdown.requested, done) == (True, [1])


def test_who_comes_late_is_told_at_once():
    shutdown, done = Shutdown(), []
    shutdown.request()
    shutdown.then(lambda: done.append(1))
    assert done == [1]


def test_there_is_always_a_second_left():
    shutdown = Shutdown()
    assert shutdown.seconds_left() == SECONDS
    shutdown.request()
    assert SECONDS - 1 < shutdown.seconds_left() <= SECONDS
    shutdown._deadline -= 100
    assert shutdown.seconds_left() == 1


def test_the_second_signal_ends_at_once(handlers, monkeypatch):
    statuses = []
    monkeypatch.setattr(os, "_exit", statuses.append)
    shutdown = Shutdown()
    shutdown.on_signals()
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)
        sleep(0.01)
    assert statuses == [130]
