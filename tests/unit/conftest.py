import logging

import pytest

from tests.fakes import Gateway
from tests.unit.hosted import Many


@pytest.fixture
def gateway():
    return Gateway()


@pytest.fixture
def waiting(gateway):
    """A gateway where one delivery to function `f` waits."""
    gateway.subscription = gateway.subscribe("async", "f")
    gateway.emit(data={"a": 1})
    return gateway


@pytest.fixture
def manager(gateway):
    """The manager of a gateway where event type `u` and function `f` are registered."""
    gateway.event_type("u")
    gateway.function("f")
    return gateway.manager


@pytest.fixture
def logged(caplog, monkeypatch):
    """What the gateway logs, however other tests set its loggers."""
    logger = logging.getLogger("eventgateway")
    monkeypatch.setattr(logger, "propagate", False)
    logger.addHandler(caplog.handler)
    with caplog.at_level(logging.INFO, "eventgateway"):
        yield caplog
    logger.removeHandler(caplog.handler)


@pytest.fixture
def many():
    return Many()


@pytest.fixture
def warm(many):
    """An instance that knows one space, and has just looked."""
    many.bear("a-b", "u")
    many.types("a-b")
    many.reads()
    return many
