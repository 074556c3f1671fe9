"""Usage counters in DynamoDB, and what a scrape of the metrics shows of them."""

from uuid import uuid4

import boto3
import pytest

from eventgateway.core.errors import Unavailable
from eventgateway.storage.usage import DynamoUsage
from local.emulator import Emulator
from local.resources import create_table


@pytest.fixture(scope="module")
def emulator():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def store(emulator):
    name = f"records-{uuid4()}"
    create_table(boto3.client("dynamodb"), name)
    return DynamoUsage(name)


def test_counts_of_all_instances_add_up(store):
    store.add("default", {"received|custom": 2, "processing|sum": 0.25})
    store.add("default", {"received|custom": 1, "dropped|custom": 1})
    assert store.totals("default") == {"received|custom": 3, "processing|sum": 0.25, "dropped|custom": 1}


def test_spaces_are_counted_apart(store):
    store.add("one", {"received|custom": 1})
    assert store.totals("two") == {}


def test_very_small_and_very_large_counts_stay_numbers(store):
    store.add("default", {"processing|sum": 0.000000001, "received|custom": 10**12})
    assert store.totals("default") == {"processing|sum": 1e-9, "received|custom": 1e12}


def test_a_table_that_is_gone_is_unavailable(emulator):
    with pytest.raises(Unavailable, match="usage counters"):
        DynamoUsage("gone").add("default", {"received|custom": 1})
