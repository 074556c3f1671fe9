import logging
from unittest.mock import patch

import pytest
from botocore.loaders import create_loader

from eventgateway.operations.deadline import Deadline
from tests.faults.emulated import emulated
from tests.faults.simulated_time import SimulatedTime


@pytest.fixture(scope="session", autouse=True)
def shared_descriptions():
    """Emulators of all tests read the descriptions of AWS services once."""
    loader = create_loader()
    with patch("local.emulator.create_loader", lambda: loader):
        yield


@pytest.fixture
def simulated(monkeypatch) -> SimulatedTime:
    """The clock of a world, by which deadlines are reckoned too."""
    clock = SimulatedTime()
    monkeypatch.setattr(Deadline, "after", clock.deadline)
    monkeypatch.setattr("eventgateway.delivery_worker.time", clock.time)
    return clock


@pytest.fixture
def quiet(monkeypatch):
    """Thousands of failures, each with its places in the log, would take most of the time."""
    monkeypatch.setattr("eventgateway.delivery_worker.trace", lambda _: {})
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def gateway():
    """As it is wired, over the emulated AWS."""
    with emulated() as running:
        yield running
