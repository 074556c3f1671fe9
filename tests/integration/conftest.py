"""Fixtures of the tests of the HTTP client."""

import pytest

from eventgateway.http_client import HttpClient
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
