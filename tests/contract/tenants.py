"""What the suites of tenants share: stores, keys, and a way to be faster than somebody."""

from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

import boto3

from eventgateway.core.access_key import AccessKey
from eventgateway.core.tenant import App, Tenant
from eventgateway.storage.dynamodb import DynamoConfigStore
from eventgateway.storage.tenants import DynamoTenants
from eventgateway.storage.usage import DynamoUsage
from local.resources import create_table
from tests.memory import NOON
from tests.memory_tenants import MemoryTenants

NAMES = (f"tenant-{number:03}" for number in count())
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}
BORN = int(NOON * 1000)


@dataclass
class World:
    """A store of tenants, the configuration beside it, and a way to be faster than its next write."""

    tenants: Any
    config: Any
    usage: Any = None

    def be_faster(self, rival):
        """Run something right before the next write."""
        if isinstance(self.tenants, MemoryTenants):
            self.tenants.rivals = [rival]
            return
        rivals = [rival]

        def note(model, **_):
            if model.name in WRITES and rivals:
                rivals.pop()()

        for client in (self.tenants._connection.client, self.tenants._rows._get_connection().connection.client):
            client.meta.events.register("provide-client-params.dynamodb", note)


def new_dynamodb():
    tables = [f"{name}-{uuid4()}" for name in ("config", "records")]
    for table in tables:
        create_table(boto3.client("dynamodb"), table)
    return World(DynamoTenants(*tables), DynamoConfigStore(tables[0], shared=False), DynamoUsage(tables[1]))


def new_memory():
    tenants = MemoryTenants()
    return World(tenants, tenants.store)


def key_of(tenant, identifier=None, **more):
    number = uuid4().hex
    return AccessKey(identifier or number[:16], tenant, number * 2, f"egk_…{number[:4]}", NOON, **more)


def create(store, name, app="shop", key=None, member=None):
    store.create(Tenant(name, NOON, "ada@example.com"), App(name, app, NOON), key or key_of(name), member)
