"""@serverless/event-gateway-sdk 0.11 against a local gateway that has an operator key."""

from collections.abc import Iterator

import pytest

from tests.clients.gateway import Gateway, serving
from tests.clients.node import Failure, Sdk

pytestmark = pytest.mark.xdist_group("clients")

KEY = "the-key"
REFUSED = Failure("Failed to fetch the event types list due the error: You're not authorized to access this resource.")


@pytest.fixture(scope="module")
def locked(modules: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving(tmp_path_factory.mktemp("locked"), {}, {"GATEWAY_OPERATOR_KEY": KEY}) as gateway:
        yield gateway


def sdk(gateway: Gateway, **environment: str) -> Sdk:
    return Sdk({"url": gateway.events, "configurationUrl": gateway.config, "connectorUrl": gateway.connections}, environment)


def test_who_has_the_key_configures_and_everybody_emits(locked: Gateway) -> None:
    event = {"eventType": "user.created", "eventID": "1", "cloudEventsVersion": "0.1", "source": "/users", "data": {}}
    created, listed = sdk(locked, EVENT_GATEWAY_ACCESS_KEY=KEY)(("createEventType", {"name": "user.created"}), ("listEventTypes",))
    assert listed == [created] == [{"space": "default", "name": "user.created"}]
    [emitted] = sdk(locked)(("emit", event))
    assert emitted["status"] == 202


@pytest.mark.parametrize("environment", [{}, {"EVENT_GATEWAY_ACCESS_KEY": "another"}])
def test_others_are_told_so(locked: Gateway, environment: dict[str, str]) -> None:
    assert sdk(locked, **environment)(("listEventTypes",)) == [REFUSED]


def test_with_an_address_of_the_hosted_service_the_key_is_an_option(locked: Gateway) -> None:
    redirects = {"https://config.slsgateway.com": locked.config}
    outcomes = [
        Sdk({"url": "acme-shop.slsgateway.com", "accessKey": key}, redirects=redirects)(("listEventTypes",)) for key in (KEY, "another")
    ]
    assert outcomes == [[[]], [REFUSED]]
