"""A table is put back to what a restored one holds."""

import boto3
import pytest
from moto import mock_aws

from infra import copy_table
from infra.copy_table import copy


@pytest.fixture
def tables(monkeypatch):
    for name, value in {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        resource = boto3.resource("dynamodb")
        yield [made(resource, name) for name in ("restored", "stack")]


def made(resource, name):
    keys = {"pk": "HASH", "sk": "RANGE"}
    return resource.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": type_} for key, type_ in keys.items()],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        BillingMode="PAY_PER_REQUEST",
    )


def put(table, *items):
    for item in items:
        table.put_item(Item=item)


def held(table):
    return sorted(table.scan()["Items"], key=lambda item: (item["pk"], item["sk"]))


OLD = {"pk": "space#default", "sk": "meta", "version": 3}
NEW = {"pk": "space#default", "sk": "meta", "version": 9}
LOST = {"pk": "space#default", "sk": "function#f", "document": "{}", "nothing": None}
LATER = {"pk": "space#default", "sk": "function#g", "document": "{}"}


def test_what_was_changed_lost_or_added_is_as_it_was(tables):
    restored, stack = tables
    put(restored, OLD, LOST)
    put(stack, NEW, LATER)
    assert copy(restored, stack) == (2, 1)
    assert held(stack) == held(restored) == [LOST, OLD]


def test_newer_items_can_be_kept(tables):
    restored, stack = tables
    put(restored, LOST)
    put(stack, LATER)
    assert copy(restored, stack, keep=True) == (1, 0)
    assert held(stack) == [LOST, LATER]


def test_a_table_of_many_pages_is_copied_as_a_whole(tables):
    restored, stack = tables
    put(restored, *({"pk": "p", "sk": f"{number}", "document": "x" * 300_000} for number in range(8)))  # a page has 1 MB
    assert copy(restored, stack) == (8, 0)
    assert held(stack) == held(restored)


def test_the_command_says_what_it_did(tables, capsys):
    put(tables[0], OLD, LOST)
    copy_table.main(["restored", "stack"])
    assert capsys.readouterr().out == "2 items put, 0 deleted\n"


@pytest.mark.parametrize("arguments", [[], ["one"], ["same", "same"], ["a", "b", "c"]])
def test_arguments_that_make_no_sense_touch_nothing(arguments):
    with pytest.raises(SystemExit, match="usage"):
        copy_table.main(arguments)
