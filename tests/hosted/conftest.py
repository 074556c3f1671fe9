"""One gateway in hosted mode for all tests of this folder, and a tenant and a function for each test."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.hosted.gateway import Hosted, Space, hosting
from tests.loopback import Loopback, answer

DOMAIN = "slsgateway.com"
numbers = count(1)


@pytest.fixture(scope="session")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    with hosting(tmp_path_factory.mktemp("hosted"), DOMAIN) as gateway:
        yield gateway


@pytest.fixture
def space(hosted: Hosted) -> Space:
    return hosted.tenant(f"tenant{next(numbers)}")


@pytest.fixture
def target() -> Iterator[Loopback]:
    """An HTTP function that says ok."""
    with Loopback(lambda _: [answer(b'{"statusCode": 200, "body": "ok"}')]) as server:
        yield server
