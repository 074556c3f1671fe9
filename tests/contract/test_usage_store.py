"""Usage counters in DynamoDB, and what a scrape of the metrics shows of them."""

from time import time
from uuid import uuid4

import boto3
import pytest

from eventgateway.core.errors import Unavailable
from eventgateway.core.lease import Amount, Step
from eventgateway.storage.leases import DynamoLeases
from eventgateway.storage.usage import DynamoUsage
from local.emulator import Emulator
from local.resources import create_table


@pytest.fixture(scope="module")
def emulator():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def table(emulator):
    name = f"records-{uuid4()}"
    create_table(boto3.client("dynamodb"), name)
    return name


@pytest.fixture
def store(table):
    return DynamoUsage(table)


@pytest.fixture
def hosted(table):
    return DynamoUsage(table, hosted=True)


def keys(table):
    return {(row["pk"], row["sk"]) for row in boto3.resource("dynamodb").Table(table).scan()["Items"]}


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


def test_in_hosted_mode_nothing_of_a_deleted_space_comes_back(hosted, table):
    assert hosted.add("gone", {"requests": 1}) is False
    assert keys(table) == set()
    boto3.resource("dynamodb").Table(table).put_item(Item={"pk": "usage#there", "sk": "total"})
    assert hosted.add("there", {"requests": 1}) is True
    assert hosted.totals("there") == {"requests": 1}


def test_what_belongs_to_no_space_is_always_counted(hosted):
    assert hosted.add("", {"configDuration|sum": 0.5}) is True
    assert hosted.totals("") == {"configDuration|sum": 0.5}


def test_counts_of_a_day_add_up_and_are_kept_for_400_days(store, table):
    for _ in range(2):
        store.add_to_day("default", "2026-11-23", {"requests": 2, "bytes": 10, "deliveries|dead": 1})
    store.add("default", {"requests": 9})
    DynamoLeases(table).take("default", Step(0, "2026-11-23", Amount(), Amount(), Amount(), is_full=True, is_new_day=True))
    assert store.days("default", "2026-11-23", "2026-11-23") == [("2026-11-23", {"requests": 4, "bytes": 20, "deliveries|dead": 2})]
    assert store.totals("default") == {"requests": 9}
    row = boto3.resource("dynamodb").Table(table).get_item(Key={"pk": "usage#default", "sk": "2026-11-23"})["Item"]
    assert abs(int(row["ttl"]) - time() - 400 * 86_400) < 60


def test_days_are_those_of_the_space_and_of_the_period_in_their_order(store):
    for day in ("2026-12-01", "2026-11-30", "2025-11-30", "2026-11-29", "2026-12-02"):
        store.add_to_day("default", day, {"requests": 1})
    store.add_to_day("other", "2026-11-30", {"requests": 1})
    assert [day for day, _ in store.days("default", "2026-11-29", "2026-12-01")] == ["2026-11-29", "2026-11-30", "2026-12-01"]
    assert store.days("nobody", "2026-11-29", "2026-12-01") == []


@pytest.mark.parametrize(
    "use", [lambda store: store.add_to_day("default", "2026-11-23", {"requests": 1}), lambda store: store.days("a", "", "b")]
)
def test_days_of_a_table_that_is_gone_are_unavailable(emulator, use):
    with pytest.raises(Unavailable, match="usage counters"):
        use(DynamoUsage("gone"))
