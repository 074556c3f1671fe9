"""Fixtures of the client tests: the npm packages, one gateway for all, and a space and an HTTP server for each test."""

from itertools import count

import pytest

from tests.clients import node
from tests.clients.gateway import Gateway, serving
from tests.clients.node import CLIENTS, Sdk
from tests.clients.serverless_service import Service
from tests.clients.servers import forwarding_to
from tests.loopback import Loopback, answer

FUNCTIONS = {
    "record": f"{CLIENTS}/functions.py:record",
    "hello": f"{CLIENTS}/functions.py:hello",
    "guard": f"{CLIENTS}/functions.py:guard",
    "createUser": f"{CLIENTS}/getting_started/users.py:create",
    "getUser": f"{CLIENTS}/getting_started/users.py:get",
    "addUserToCRM": f"{CLIENTS}/getting_started/users.py:add_to_crm",
}
spaces = count(1)


@pytest.fixture(scope="session")
def modules():
    node.install()


@pytest.fixture(scope="session")
def inbox():
    """Where the Lambda functions of all tests post to."""
    with Loopback(lambda _: [answer(b"{}")]) as server:
        yield server


@pytest.fixture(scope="session")
def gateway(modules, inbox, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("clients"), FUNCTIONS, {"INBOX_URL": inbox.url("")}) as gateway:
        yield gateway


@pytest.fixture
def space():
    """A space of the test's own. All spaces share their paths, so paths begin with it."""
    return f"space{next(spaces)}"


@pytest.fixture
def target():
    """An HTTP function of the test's own."""
    with Loopback(lambda _: [answer(b"{}", "Content-Type: application/json")]) as server:
        yield server


@pytest.fixture
def sdk(gateway: Gateway, space: str):
    return Sdk({"url": gateway.events, "configurationUrl": gateway.config, "connectorUrl": gateway.connections, "space": space})


@pytest.fixture
def config_proxy(gateway: Gateway):
    """Stands before the Config API and sees what a client sends."""
    with Loopback(forwarding_to(gateway.config)) as proxy:
        yield proxy


@pytest.fixture
def service(gateway: Gateway, config_proxy: Loopback, space: str, tmp_path):
    return Service(tmp_path, f"{gateway.events}/{space}/", config_proxy.url(""), space)
