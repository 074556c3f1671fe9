"""The rows of the configuration table, as its tests look at them."""

from itertools import count

import boto3

from eventgateway.core.json import dumps
from eventgateway.core.ports import Change
from eventgateway.storage import dynamodb

SPACES = (f"space-{number}" for number in count())
NOW = 1_800_000_000


def table_of(store):
    return boto3.resource("dynamodb").Table(store._rows.Meta.table_name)


def rows(store, pk):
    items = table_of(store).query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": pk}, ConsistentRead=True)["Items"]
    return {item["sk"]: item for item in items}


def writes(calls):
    return [name for name, _ in calls if name not in ("GetItem", "Query")]


def forget(store, space, versions):
    """As DynamoDB does when rows expire."""
    for version in versions:
        table_of(store).delete_item(Key={"pk": f"space#{space}", "sk": f"change#{version:016}"})


def fill(store, space, version, resources):
    """Many resources at once, in the rows that single writes would have made."""
    with store._rows.batch_write() as batch:
        for number, each in enumerate(resources, version + 1):
            key, document = dynamodb.resource_key(each.kind, each.id), dumps(each.stored()).decode()
            batch.save(store._rows(f"space#{space}", key, kind=each.kind.tag, resource_id=each.id, document=document))
            batch.save(store._change_row(Change(space, number, each.kind, each.id, None, each.stored())))
        batch.save(store._rows(f"space#{space}", dynamodb.META, version=version + len(resources)))
