"""Dead letters in DynamoDB."""

from dataclasses import replace
from json import loads
from uuid import uuid4

import boto3
import pytest

from eventgateway.core.delivery import Delivery
from eventgateway.core.errors import Unavailable
from eventgateway.core.ports import DeadLetter
from eventgateway.storage.dead_letters import DynamoDeadLetters
from local.resources import create_table
from tests.contract.samples import BASIC_PLANE, NOON, delivery


class TestDeadLetters:
    @pytest.fixture(scope="class")
    @classmethod
    def table(cls, emulator):
        name = f"records-{uuid4()}"
        create_table(boto3.client("dynamodb"), name)
        return boto3.resource("dynamodb").Table(name)

    @pytest.fixture
    def letters(self, table):
        return DynamoDeadLetters(table.name)

    def test_row(self, letters, table):
        dead = delivery({"a": BASIC_PLANE}, space="one", attempt=8)
        letters.put(DeadLetter(dead, "HTTP status code: 500", NOON + 100.7))
        [row] = rows_of(table, "one", NOON)
        assert (row["sk"], row["at"], row["ttl"]) == (dead.id, NOON + 100, NOON + 100 + 14 * 86400)
        document = loads(row["document"])
        assert document["reason"] == "HTTP status code: 500"
        assert Delivery.parse(document["message"]) == replace(dead, event=Delivery.parse(dead.message()).event)

    def test_same_delivery_twice_is_one_row(self, letters, table):
        dead = delivery(space="two")
        letters.put(DeadLetter(dead, "first", NOON))
        letters.put(DeadLetter(dead, "second", NOON + 5000))
        [row] = rows_of(table, "two", NOON)
        assert loads(row["document"])["reason"] == "second"

    def test_hours_and_spaces_have_partitions_of_their_own(self, letters, table):
        for space, accepted_at in [("three", NOON), ("three", NOON + 3600), ("three", NOON + 3601), ("four", NOON)]:
            letters.put(DeadLetter(delivery(space=space, accepted_at=accepted_at), "x", NOON))
        assert [len(rows_of(table, space, at)) for space, at in [("three", NOON), ("three", NOON + 3600), ("four", NOON)]] == [1, 2, 1]

    def test_a_dead_letter_larger_than_an_item_is_kept_whole(self, letters, table):
        """DynamoDB's items end at 400 KB, messages of the queue at 1 MiB; one that could not be kept would come again forever."""
        dead = delivery({"a": "\u6f22" * 300_000}, space="five")
        letters.put(DeadLetter(dead, "x", NOON))
        rows = sorted(rows_of(table, "five", NOON), key=lambda row: row["sk"])
        documents = [loads(row["document"]) for row in rows]
        assert [row["sk"] for row in rows] == [dead.id, *(f"{dead.id}#{number}" for number in range(1, len(rows)))]
        assert {document["parts"] for document in documents} == {len(rows)}
        assert Delivery.parse("".join(document["message"] for document in documents)) == dead

    def test_table_is_gone(self, emulator):
        with pytest.raises(Unavailable, match="The store of dead letters is not available"):
            DynamoDeadLetters("gone").put(DeadLetter(delivery(), "x", NOON))


def rows_of(table, space, at):
    key = {":pk": f"deadletter#{space}#{int(at // 3600)}"}
    return table.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues=key)["Items"]
