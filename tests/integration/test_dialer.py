"""Look-ups of host names end with the deadline, and those that are stuck are told."""

import logging
import socket
from threading import Event
from time import monotonic

import pytest

from eventgateway.core.errors import FunctionUnreachable
from eventgateway.core.guard import Guard
from eventgateway.dialer import ADDRESS_LIMIT, Dialer
from eventgateway.http_client import HttpClient
from tests.integration.exchange import SHORT, post, times_out


@pytest.fixture
def stuck(monkeypatch):
    """Name servers do not answer for `stuck.test` until the event is set."""
    over, real = Event(), socket.getaddrinfo

    def look_up(host, port, **options):
        if host == "stuck.test":
            over.wait(10)
        return real("127.0.0.1", port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield over
    over.set()


@pytest.fixture
def logged(caplog, monkeypatch):
    logger = logging.getLogger("eventgateway")
    monkeypatch.setattr(logger, "propagate", False)
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


def test_a_look_up_ends_with_the_deadline(stuck, server):
    client = HttpClient()
    with times_out():
        post(client, f"http://stuck.test:{server.port}/", timeout=SHORT)
    assert server.connections == 0
    assert post(client, f"http://other.test:{server.port}/").status == 200


def test_stuck_look_ups_exhaust_their_threads_aloud_and_only_for_a_while(stuck, server, logged):
    dialer = Dialer(Guard(), look_ups=2)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            dialer.dial("stuck.test", server.port, monotonic() + 0.05)
    assert logged.messages == []
    for attempt in (1, 2):
        with pytest.raises(FunctionUnreachable, match="too many host names are being looked up"):
            dialer.dial("other.test", server.port, monotonic() + 0.05)
        assert logged.messages == ["no host name could be looked up: all threads wait for name servers"] * attempt
    stuck.set()
    for _ in range(3):
        dialer.dial("other.test", server.port, monotonic() + 5).close()


def test_a_look_up_that_fails_gives_its_place_back(monkeypatch, server):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    dialer, real = Dialer(Guard(), look_ups=1), socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for _ in range(3):
        with pytest.raises(socket.gaierror):
            dialer.dial("unknown.test", 80, monotonic() + 5)
    monkeypatch.setattr(socket, "getaddrinfo", real)
    dialer.dial("127.0.0.1", server.port, monotonic() + 5).close()


def test_an_unknown_host_is_unreachable(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(FunctionUnreachable, match=r"^Name or service not known$"):
        post(HttpClient(), "http://unknown.test/")


def test_of_many_addresses_some_are_tried(monkeypatch):
    tried = []

    def connect(_, address):
        tried.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"8.8.{number // 256}.{number % 256}", 80)) for number in range(4000)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(FunctionUnreachable, match=r"^Connection refused$"):
        post(HttpClient(), "http://many.test/")
    assert tried == [address[4] for address in addresses[:ADDRESS_LIMIT]]


def test_a_host_without_an_address(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    with pytest.raises(OSError, match="no address"):
        Dialer(Guard()).dial("empty.test", 80, monotonic() + 5)
