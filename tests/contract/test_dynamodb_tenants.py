"""Tenants in DynamoDB: many writers at once, and what is in the rows."""

from functools import partial

import boto3
import pytest

from eventgateway.core.tenant import App, State
from eventgateway.storage.tenants import DynamoTenants
from tests.contract.config import race
from tests.contract.tenants import NAMES, create, key_of, new_dynamodb
from tests.memory import NOON


@pytest.fixture(scope="class")
def world(emulator):
    return new_dynamodb()


@pytest.fixture
def store(world):
    return world.tenants


@pytest.fixture
def name():
    return next(NAMES)


@pytest.fixture(scope="class")
def writers(world):
    tables = (world.tenants._rows.Meta.table_name, world.tenants._records.Meta.table_name)
    stores = [DynamoTenants(*tables) for _ in range(4)]
    for each in stores:
        create(each, next(NAMES))  # connects
    return stores


class TestRaces:
    """Threads, each with a store of its own."""

    def test_a_name_that_two_tenants_want_is_had_by_one(self, world, writers):
        for _ in range(6):
            name = next(NAMES)
            wanted = [(name, "b-c"), (f"{name}-b", "c"), (name, "b-c"), (f"{name}-b", "c")]
            results = race(*(partial(create, store, *each) for store, each in zip(writers, wanted, strict=True)))
            assert results.count("done") == 1
            owner = wanted[results.index("done")][0]
            assert world.config.head(f"{name}-b-c").owner == owner
            assert [each for each in (name, f"{name}-b") if world.tenants.find(each)] == [owner]
            assert len(world.tenants.keys(owner)) == 1

    def test_no_application_is_added_to_a_tenant_that_is_suspended(self, world, writers):
        """Or it is there early enough for whoever suspends to see it."""
        for _ in range(6):
            name = next(NAMES)
            create(world.tenants, name)
            added, _ = race(
                lambda name=name: writers[0].add_app(App(name, "blog", NOON)), lambda name=name: writers[1].set_state(name, State.SUSPENDED)
            )
            seen = [each.name for each in world.tenants.apps(name)]
            assert seen == (["blog", "shop"] if added == "done" else ["shop"])


class TestRows:
    def test_what_an_earlier_life_of_a_name_has_used_is_forgotten(self, world, store, name):
        world.usage.add(f"{name}-shop", {"received|custom": 7})
        create(store, name)
        assert world.usage.totals(f"{name}-shop") == {}
        world.usage.add(f"{name}-blog", {"received|custom": 7})
        store.add_app(App(name, "blog", NOON))
        assert world.usage.totals(f"{name}-blog") == {}

    def test_only_digests_are_kept(self, world, store, name):
        key = key_of(name)
        create(store, name, key=key)
        table = boto3.resource("dynamodb").Table(store._rows.Meta.table_name)
        rows = [row for row in table.scan(ConsistentRead=True)["Items"] if key.digest in str(row)]
        assert {(row["pk"], row["sk"]) for row in rows} == {(f"key#{key.digest}", "key"), (f"tenant#{name}", f"key#{key.id}")}
