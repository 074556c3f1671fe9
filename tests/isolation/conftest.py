import pytest

from tests.isolation.parties import new_attacker, new_victim
from tests.isolation.world import World, hosted_gateway
from tests.loopback import Loopback


@pytest.fixture(scope="package")
def hosted():
    with hosted_gateway() as settings:
        yield settings


@pytest.fixture(scope="package")
def new_world(hosted):
    """Gateways without tenants that anybody in the test knows."""
    with Loopback() as server:

        def make() -> World:
            server.requests.clear()
            return World(hosted, server)

        yield make


@pytest.fixture(scope="module")
def world(new_world):
    return new_world()


@pytest.fixture(scope="module")
def victim(world):
    return new_victim(world)


@pytest.fixture(scope="module")
def attacker(world):
    return new_attacker(world)
