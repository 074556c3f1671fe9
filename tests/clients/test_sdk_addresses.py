"""Where @serverless/event-gateway-sdk 0.11 sends what, and with which access key, by its options."""

import json

import pytest

from tests.clients.node import Failure, Sdk
from tests.clients.servers import forwarding_to
from tests.loopback import Loopback, answer

pytestmark = pytest.mark.xdist_group("clients")

KEY = "AK-from-the-environment"
EVENT = {"eventType": "user.created", "eventID": "1", "cloudEventsVersion": "0.1", "source": "/users", "data": {}}


@pytest.fixture
def events_proxy(gateway):
    with Loopback(forwarding_to(gateway.events)) as proxy:
        yield proxy


@pytest.fixture
def connector():
    """Stands where the Connections API will be."""
    with Loopback(lambda _: [answer(b'{"connections": []}')]) as server:
        yield server


def sent(server: Loopback) -> list[tuple[str, str, str | None]]:
    """Method, path and key of each request."""
    return [(each.method, each.target, each.headers.get("authorization")) for each in server.requests]


def standalone(space: str, events: Loopback, config: Loopback, connector: Loopback) -> dict[str, object]:
    return {"url": events.url(""), "configurationUrl": config.url(""), "connectorUrl": connector.url(""), "space": space}


def calls(space: str) -> list[tuple[object, ...]]:
    """One for each API."""
    return [("createEventType", {"name": "user.created"}), ("emit", EVENT, {"path": f"/{space}"}), ("listConnections",)]


def test_on_a_domain_of_ones_own_each_api_has_its_option(space, events_proxy, config_proxy, connector) -> None:
    sdk = Sdk(standalone(space, events_proxy, config_proxy, connector))
    created, emitted, connections = sdk(*calls(space))
    assert created == {"space": space, "name": "user.created"}
    assert emitted["status"] == 202
    assert connections == []
    assert sent(config_proxy) == [("POST", f"/v1/spaces/{space}/eventtypes", None)]
    assert sent(events_proxy) == [("POST", f"/{space}", None)]
    assert sent(connector) == [("GET", f"/v1/spaces/{space}/connections?", None)]


def test_on_a_domain_of_ones_own_the_key_comes_from_the_environment(space, events_proxy, config_proxy, connector) -> None:
    """And is sent to the Config and Connections API only. The local gateway ignores it."""
    sdk = Sdk(standalone(space, events_proxy, config_proxy, connector), {"EVENT_GATEWAY_ACCESS_KEY": KEY})
    assert sdk(*calls(space))[0] == {"space": space, "name": "user.created"}
    assert sent(config_proxy)[0][2] == sent(connector)[0][2] == f"bearer {KEY}"
    assert sent(events_proxy)[0][2] is None


def test_on_a_domain_of_ones_own_the_option_access_key_is_ignored(space, events_proxy, config_proxy, connector) -> None:
    sdk = Sdk({**standalone(space, events_proxy, config_proxy, connector), "accessKey": "AK-option"})
    assert sdk(*calls(space))[0] == {"space": space, "name": "user.created"}
    assert [key for server in (config_proxy, connector, events_proxy) for _, _, key in sent(server)] == [None] * 3


def test_defaults_are_the_ports_of_the_local_gateway(modules) -> None:
    assert Sdk({"url": "http://localhost:4000"}).configuration() == {
        "eventsUrl": "http://localhost:4000",
        "configurationUrl": "http://localhost:4001",
        "connectorUrl": "http://localhost:4002",
        "space": "default",
    }


def test_an_address_of_the_hosted_service_says_all_but_the_key(gateway, config_proxy) -> None:
    """With its own domain names the SDK takes space and Config API from the host, and the key from the option."""
    address = "acme-shop.slsgateway.com"
    options = {"url": address, "accessKey": "AK-option", "space": "ignored", "configurationUrl": "http://ignored.example"}
    sdk = Sdk(options, redirects={"https://config.slsgateway.com": config_proxy.url("")})
    assert sdk.configuration() == {
        "eventsUrl": f"https://{address}",
        "configurationUrl": "https://config.slsgateway.com",
        "connectorUrl": "http://localhost:4002",
        "space": "acme-shop",
        "accessKey": "AK-option",
    }
    created, deleted = sdk(("createEventType", {"name": "user.created"}), ("deleteEventType", {"name": "user.created"}))
    assert (created, deleted) == ({"space": "acme-shop", "name": "user.created"}, None)
    assert sent(config_proxy) == [
        ("POST", "/v1/spaces/acme-shop/eventtypes", "bearer AK-option"),
        ("DELETE", "/v1/spaces/acme-shop/eventtypes/user.created", "bearer AK-option"),
    ]


def test_a_refused_key_reads_as_the_api_says(space, events_proxy, config_proxy, connector) -> None:
    """What hosted mode answers without a valid key; the local gateway never does."""
    refusal = {"errors": [{"message": "You're not authorized to access this resource."}]}
    config_proxy.script = lambda _: [answer(json.dumps(refusal).encode(), status="401 Unauthorized")]
    [refused] = Sdk(standalone(space, events_proxy, config_proxy, connector))(("listFunctions",))
    assert refused == Failure("Failed to fetch the function list due the error: You're not authorized to access this resource.")
