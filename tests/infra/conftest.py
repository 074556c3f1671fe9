import pytest

from infra import dependencies, platforms


@pytest.fixture(scope="session")
def host_layer():
    """As the emulator's functions have it. Built once, the first time over the network, and kept in .build."""
    return dependencies.build(platforms.of_host())


@pytest.fixture(scope="session")
def lambda_layer():
    return dependencies.build(platforms.of_lambda())
