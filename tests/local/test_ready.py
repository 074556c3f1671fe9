"""What the command tells when it is ready."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from eventgateway.settings import Mode, Settings
from local.ports import Options, Ports
from local.ready import message

FOLDER = Path("/data")


@pytest.fixture
def ports() -> Iterator[Ports]:
    bound = Ports.bind(Options(FOLDER, "127.0.0.1", 0, 0, 0, 0))
    yield bound
    bound.close()


def told(ports: Ports, given_key: str = "", **others: object) -> str:
    return message(ports, FOLDER, Settings("c", "r", "q", "b", "k", **others), given_key)


def test_standalone_mode_begins_with_an_event_type(ports):
    text = told(ports)
    for each in (ports.events.url, ports.config.url, ports.connections.url, ports.dashboard.url, "/data", "/v1/spaces/default/eventtypes"):
        assert each in text
    assert "tenant" not in text


def test_without_the_ports_it_can_do_without_they_are_not_told(ports):
    text = message(Ports(ports.options, ports.events, ports.config), FOLDER, Settings("c", "r", "q", "b", "k"), "")
    assert "Connections" not in text
    assert "Dashboard" not in text


def test_hosted_mode_begins_with_a_tenant_and_tells_its_own_operator_key(ports):
    text, port = told(ports, mode=Mode.HOSTED, domain="localhost", operator_key="ego_1"), ports.events.url.rpartition(":")[2]
    assert "Operator key ego_1" in text
    assert f'curl -X POST {ports.config.url}/v1/tenants -H "Authorization: Bearer ego_1"' in text
    assert f"http://<tenant>-<app>.localhost:{port}, or {ports.events.url}/<tenant>-<app>" in text
    assert text.endswith(f"  curl -i http://acme-shop.localhost:{port}/")


def test_an_operator_key_of_the_environment_is_not_shown(ports):
    text = told(ports, "mine", mode=Mode.HOSTED, domain="localhost", operator_key="mine")
    assert "mine" not in text
    assert '"Authorization: Bearer $GATEWAY_OPERATOR_KEY"' in text


def test_a_domain_that_is_elsewhere_is_asked_for_on_this_machine(ports):
    text = told(ports, mode=Mode.HOSTED, domain="slsgateway.com", operator_key="k")
    netloc, port = ports.events.url.removeprefix("http://"), ports.events.url.rpartition(":")[2]
    assert text.endswith(f"  curl -i --connect-to ::{netloc} http://acme-shop.slsgateway.com:{port}/")
