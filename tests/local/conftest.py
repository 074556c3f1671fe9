"""An emulator of its own for each test, and what is in it."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import boto3
import pytest
from botocore.loaders import create_loader

from eventgateway.settings import Settings
from local.emulator import Emulator
from local.functions import Functions
from local.journal import Journal
from local.recorder import JournalRecorder
from local.resources import create_resources


@pytest.fixture(scope="session", autouse=True)
def shared_models() -> Iterator[None]:
    """Clients of all tests read the descriptions of AWS services once."""
    loader = create_loader()
    with patch("botocore.session.create_loader", lambda *_: loader):
        yield


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(Functions()) as running:
        yield running


@pytest.fixture
def settings(emulator: Emulator) -> Settings:
    return create_resources()


@pytest.fixture
def dynamodb(settings: Settings):
    return boto3.client("dynamodb")


@pytest.fixture
def sqs(settings: Settings):
    return boto3.client("sqs")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def recorder(emulator: Emulator, settings: Settings, journal: Journal) -> JournalRecorder:
    """Records everything from here on."""
    made = JournalRecorder(emulator, journal, settings)
    emulator.record_with(made)
    return made


@pytest.fixture
def free_port() -> Callable[[], int]:
    def find() -> int:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            return bound.getsockname()[1]

    return find
