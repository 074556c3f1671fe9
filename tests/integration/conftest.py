"""Fixtures of several integration tests."""

import pytest

from eventgateway.http_client import HttpClient
from tests.integration.deployment import Deployment, deployed_handlers
from tests.loopback import Loopback


@pytest.fixture(scope="module")
def shared_client():
    return HttpClient()


@pytest.fixture
def client(shared_client):
    yield shared_client
    shared_client.close()


@pytest.fixture
def server():
    with Loopback() as server:
        yield server


@pytest.fixture(scope="module")
def fuzzed():
    with Loopback() as server:
        yield HttpClient(), server


@pytest.fixture(scope="module")
def deployed_settings():
    with deployed_handlers() as settings:
        yield settings


@pytest.fixture
def deployed(deployed_settings):
    with Loopback() as server:
        yield Deployment(deployed_settings, server)
