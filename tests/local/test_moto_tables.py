"""Tables that were made quicker behave like tables: rollback, ranges, pages."""

from time import monotonic

import pytest

from local.resources import CONFIG_TABLE
from tests.local.items import KEY, REFUSED, item, put, raise_version


def test_a_cancelled_transaction_leaves_nothing(dynamodb):
    dynamodb.put_item(TableName=CONFIG_TABLE, Item=KEY | {"version": {"N": "1"}, "map": {"M": {"deep": {"L": [{"S": "old"}]}}}})
    dynamodb.put_item(TableName=CONFIG_TABLE, Item=KEY | {"sk": {"S": "gone"}})
    change = {
        "TableName": CONFIG_TABLE,
        "Key": KEY,
        "UpdateExpression": "SET version = :two, #map.deep[0] = :new, added = :new REMOVE absent",
        "ExpressionAttributeNames": {"#map": "map"},
        "ExpressionAttributeValues": {":two": {"N": "2"}, ":new": {"S": "new"}},
    }
    before = item(dynamodb)
    refused = put("new")
    refused["Put"]["ConditionExpression"] = "attribute_exists(pk)"
    delete = {"Delete": {"TableName": CONFIG_TABLE, "Key": KEY | {"sk": {"S": "gone"}}}}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as raised:
        dynamodb.transact_write_items(TransactItems=[{"Update": change}, delete, put("also"), refused])
    assert [reason["Code"] for reason in raised.value.response["CancellationReasons"]][-1] == "ConditionalCheckFailed"
    assert item(dynamodb) == before
    assert item(dynamodb, "gone") is not None
    assert item(dynamodb, "also") is None
    dynamodb.update_item(**change)
    assert item(dynamodb)["map"] == {"M": {"deep": {"L": [{"S": "new"}]}}}


def test_an_update_that_creates_is_rolled_back(dynamodb):
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[raise_version(), REFUSED])
    assert item(dynamodb) is None


def test_sets_are_rolled_back(dynamodb):
    dynamodb.put_item(TableName=CONFIG_TABLE, Item=KEY | {"tags": {"SS": ["a"]}})
    add = {
        "TableName": CONFIG_TABLE,
        "Key": KEY,
        "UpdateExpression": "ADD tags :b",
        "ExpressionAttributeValues": {":b": {"SS": ["b"]}},
    }
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[{"Update": add}, REFUSED])
    assert item(dynamodb)["tags"] == {"SS": ["a"]}


def test_a_transaction_costs_the_same_in_a_large_table(dynamodb, emulator):
    """moto alone takes 200 ms for this; the bound is far above what it takes here, 3 ms."""
    table = emulator.table(CONFIG_TABLE)
    for number in range(2000):
        table.put_item({"pk": {"S": "space#a"}, "sk": {"S": f"function#{number:05}"}, "document": {"S": "x" * 300}})
    started = monotonic()
    for number in range(5):
        dynamodb.transact_write_items(TransactItems=[put(f"{number}-{part}") for part in range(4)] + [raise_version()])
    assert (monotonic() - started) / 5 < 0.1


def test_queries_find_ranges_pages_and_order(dynamodb):
    for number in range(10):
        dynamodb.put_item(
            TableName=CONFIG_TABLE, Item={"pk": {"S": "p"}, "sk": {"S": f"k{number}"}, "n": {"N": str(number)}, "b": {"B": b"\xff"}}
        )
        dynamodb.put_item(TableName=CONFIG_TABLE, Item={"pk": {"S": "other"}, "sk": {"S": f"k{number}"}})

    def found(condition: str, **options: object) -> list[str]:
        values = {":p": {"S": "p"}} | {name: {"S": value} for name, value in options.pop("values", {}).items()}
        pages = dynamodb.get_paginator("query").paginate(
            TableName=CONFIG_TABLE, KeyConditionExpression=f"pk = :p{condition}", ExpressionAttributeValues=values, **options
        )
        return [each["sk"]["S"] for page in pages for each in page["Items"]]

    everything = [f"k{number}" for number in range(10)]
    assert found("") == everything
    assert found("", PaginationConfig={"PageSize": 3}) == everything
    assert found("", ScanIndexForward=False) == everything[::-1]
    assert found("", ScanIndexForward=False, PaginationConfig={"PageSize": 3}) == everything[::-1]
    assert found(" AND sk > :a", values={":a": "k7"}) == ["k8", "k9"]
    assert found(" AND sk BETWEEN :a AND :b", values={":a": "k3", ":b": "k5"}, PaginationConfig={"PageSize": 2}) == ["k3", "k4", "k5"]
    assert found(" AND begins_with(sk, :a)", values={":a": "k1"}) == ["k1"]
    assert found(" AND sk = :a", values={":a": "x"}) == []
    assert dynamodb.get_item(TableName=CONFIG_TABLE, Key={"pk": {"S": "p"}, "sk": {"S": "k1"}})["Item"]["b"] == {"B": b"\xff"}


def test_tables_without_sort_keys_and_with_indexes(dynamodb):
    dynamodb.create_table(
        TableName="theirs",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "group")],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {"IndexName": "groups", "KeySchema": [{"AttributeName": "group", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}
        ],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    for number in range(3):
        dynamodb.put_item(TableName="theirs", Item={"id": {"S": str(number)}, "group": {"S": "g"}})
    update = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    refused = {"ConditionCheck": {"TableName": "theirs", "Key": {"id": {"S": "x"}}, "ConditionExpression": "attribute_exists(id)"}}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[{"Update": update | {"TableName": "theirs", "Key": {"id": {"S": "1"}}}}, refused])
    assert "n" not in dynamodb.get_item(TableName="theirs", Key={"id": {"S": "1"}})["Item"]
    values = {":g": {"S": "g"}}
    by_group = dynamodb.query(
        TableName="theirs",
        IndexName="groups",
        KeyConditionExpression="#g = :g",
        ExpressionAttributeNames={"#g": "group"},
        ExpressionAttributeValues=values,
    )
    assert by_group["Count"] == 3
    by_id = dynamodb.query(TableName="theirs", KeyConditionExpression="id = :g", ExpressionAttributeValues={":g": {"S": "2"}})
    assert by_id["Count"] == 1
