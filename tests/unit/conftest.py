import pytest

from tests.fakes import Gateway


@pytest.fixture
def gateway():
    return Gateway()
