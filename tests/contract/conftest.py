"""What several contract suites share."""

import os
from uuid import uuid4

import boto3
import pytest

from eventgateway.outbound import Network
from local.emulator import Emulator
from local.resources import create_table
from tests.contract.backends import sts_answer
from tests.contract.config import new_dynamodb_store, writer
from tests.contract.stored import SPACES
from tests.loopback import Loopback
from tests.memory import FakeClock, MemoryStore
from tests.records import MemoryPayloads

REGION = "us-east-1"
OWN_KEY, OWN_SECRET = "OWNKEY", "own-secret"


@pytest.fixture(scope="class")
def emulator():
    """AWS in this process, for all clients that are built in the meantime."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def aws_environment(monkeypatch):
    """The environment of a Lambda function with a role of its own, and nothing of the user's."""
    set_aws_environment(monkeypatch)


def set_aws_environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OWN_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", OWN_SECRET)


@pytest.fixture
def server():
    """Any backend; tests give it their scripts."""
    with Loopback() as server:
        yield server


@pytest.fixture
def sts(aws_environment, monkeypatch):
    """STS, which gives keys to everybody unless a test gives it another script."""
    with Loopback(lambda _: [sts_answer()]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url())
        yield server


@pytest.fixture(scope="session")
def warm_network():
    return Network()


@pytest.fixture
def network(warm_network, sts):
    """The way out of a Lambda function. Its AWS clients are built anew for each test, since their endpoints are fixed then."""
    yield warm_network
    warm_network.clients.close()
    warm_network.http.close()


@pytest.fixture
def space():
    """The name of a space that no other test uses: those of one class share their store."""
    return next(SPACES)


@pytest.fixture(scope="class", params=["dynamodb", "memory"])
def store(request, emulator):
    """A store of configuration. Tests of one class share it, each in a space of its own."""
    return MemoryStore() if request.param == "memory" else new_dynamodb_store()


@pytest.fixture
def manager(store):
    return writer(store)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def payloads():
    return MemoryPayloads()


@pytest.fixture(scope="class")
def table(emulator):
    """A table of records."""
    name = f"records-{uuid4()}"
    create_table(boto3.client("dynamodb"), name)
    return boto3.resource("dynamodb").Table(name)
