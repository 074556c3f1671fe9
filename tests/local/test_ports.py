"""What the gateway can do without, and what it cannot."""

import socket
from contextlib import suppress
from pathlib import Path

import pytest

from local import ports
from local.listener import ListenError
from local.ports import Options, Ports

ANYWHERE = {"events_port": 0, "config_port": 0}
OPTIONAL = [("connections", "Connections API"), ("dashboard", "Dashboard")]
each_optional = pytest.mark.parametrize(("name", "shown"), OPTIONAL)


@pytest.fixture
def taken(monkeypatch):
    """A taken port, which is the default of the Connections API and of the dashboard."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(ports, "CONNECTIONS_PORT", port)
        monkeypatch.setattr(ports, "DASHBOARD_PORT", port)
        yield port


def test_all_listen_together():
    bound = Ports.bind(Options(Path(), connections_port=0, dashboard_port=0, **ANYWHERE))
    bound.listen()
    for each in bound.all:
        socket.create_connection(("127.0.0.1", int(each.url.rpartition(":")[2])), timeout=1).close()
    bound.close()


@each_optional
def test_the_default_port_may_be_taken(taken, caplog, name, shown):
    bound = Ports.bind(Options(Path(), **ANYWHERE))
    assert [each.name for each in bound.all] == ["Events API", "Config API"]
    assert f"{shown}: cannot listen" in caplog.text
    assert f"going on without it, --{name}-port takes another" in caplog.text
    bound.close()


@each_optional
def test_a_port_that_was_asked_for_may_not(taken, name, shown):
    with pytest.raises(ListenError, match=shown):
        Ports.bind(Options(Path(), **ANYWHERE, **{f"{name}_port": taken}))


def test_another_gateway_may_take_it_while_this_one_starts(monkeypatch, free_port, caplog):
    monkeypatch.setattr(ports, "CONNECTIONS_PORT", free_port())
    monkeypatch.setattr(ports, "DASHBOARD_PORT", free_port())
    both = [Ports.bind(Options(Path(), **ANYWHERE)) for _ in range(2)]
    for each in both:
        each.listen()
    assert [len(each.all) for each in both] == [4, 2]
    for each in both:
        with suppress(OSError):
            each.close()
