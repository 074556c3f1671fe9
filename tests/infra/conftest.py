"""Fixtures of several tests of the stack: templates of all choices that a deployment has."""

import os

import pytest

from infra import dependencies, platforms
from tests.infra.stacks import CHOICES, synthesized

os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "20"  # else jsii writes a banner to standard error


@pytest.fixture(params=CHOICES)
def template(request):
    """Each choice in turn: a test that takes it holds for all of them."""
    return synthesized(request.param)


@pytest.fixture
def default():
    return synthesized("default")


@pytest.fixture
def everything():
    return synthesized("everything")


@pytest.fixture(scope="session")
def host_layer():
    """As the emulator's functions have it. Built once, the first time over the network, and kept in .build."""
    return dependencies.build(platforms.of_host())


@pytest.fixture(scope="session")
def lambda_layer():
    return dependencies.build(platforms.of_lambda())
