"""Items of the config table, and ways to write and read them."""

from local.resources import CONFIG_TABLE

KEY = {"pk": {"S": "space#a"}, "sk": {"S": "meta"}}
ABSENT = KEY | {"sk": {"S": "absent"}}
REFUSED = {"ConditionCheck": {"TableName": CONFIG_TABLE, "Key": ABSENT, "ConditionExpression": "attribute_exists(pk)"}}


def put(sk: str, **attributes: dict) -> dict:
    return {"Put": {"TableName": CONFIG_TABLE, "Item": {"pk": {"S": "space#a"}, "sk": {"S": sk}, **attributes}}}


def raise_version(expected: int | None = None) -> dict:
    update = {
        "TableName": CONFIG_TABLE,
        "Key": KEY,
        "UpdateExpression": "SET version = if_not_exists(version, :zero) + :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}, ":zero": {"N": "0"}},
    }
    if expected is not None:
        update["ConditionExpression"] = "version = :expected"
        update["ExpressionAttributeValues"][":expected"] = {"N": str(expected)}
    return {"Update": update}


def item(dynamodb, sk: str = "meta") -> dict | None:
    return dynamodb.get_item(TableName=CONFIG_TABLE, Key=KEY | {"sk": {"S": sk}}).get("Item")
