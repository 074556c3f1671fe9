"""Fixtures of several integration tests."""

import os

import pytest

from eventgateway.http_client import HttpClient
from functions.config import handler as config
from functions.delivery import handler as delivery
from functions.router import handler as router
from local.emulator import Emulator
from local.resources import create_resources
from tests.integration.deployment import Deployment
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
    with Emulator(), pytest.MonkeyPatch.context() as monkeypatch:
        settings = create_resources(config_ttl=0)
        for name, value in settings.to_env().items():
            monkeypatch.setitem(os.environ, name, value)
        builds = (router.api, config.api, delivery.worker)
        for build in builds:
            build.cache_clear()
        yield settings
        for build in builds:
            build.cache_clear()


@pytest.fixture
def deployed(deployed_settings):
    with Loopback() as server:
        yield Deployment(deployed_settings, server)
