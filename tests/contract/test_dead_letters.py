"""Dead letters in DynamoDB."""

from dataclasses import replace
from json import loads
from uuid import uuid4

import boto3
import pytest

from eventgateway.core.delivery import Attempt
from eventgateway.core.errors import Unavailable
from eventgateway.core.message import parse
from eventgateway.core.ports import DeadLetter
from eventgateway.storage.dead_letters import DynamoDeadLetters
from local.resources import create_table
from tests.contract.samples import BASIC_PLANE, NOON, delivery
from tests.fakes import MemoryPayloads


class TestDeadLetters:
    @pytest.fixture(scope="class")
    @classmethod
    def table(cls, emulator):
        name = f"records-{uuid4()}"
        create_table(boto3.client("dynamodb"), name)
        return boto3.resource("dynamodb").Table(name)

    @pytest.fixture
    def letters(self, table, payloads):
        return DynamoDeadLetters(table.name, payloads)

    @pytest.fixture
    def payloads(self):
        return MemoryPayloads()

    def test_row(self, letters, table):
        dead = delivery({"a": BASIC_PLANE[:9000]}, space="one", failures=(Attempt(NOON, "HTTP status code: 500", 500),) * 8)
        letters.put(DeadLetter(dead, "HTTP status code: 500", NOON + 100.7))
        [row] = rows_of(table, "one", NOON)
        assert (row["sk"], row["at"], row["ttl"]) == (dead.id, NOON + 100, NOON + 100 + 14 * 86400)
        document = loads(row["document"])
        assert document["reason"] == "HTTP status code: 500"
        assert parse(document["message"]) == replace(dead, event=parse(dead.message()).event)

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

    def test_a_large_event_lies_in_the_payload_store(self, letters, table, payloads):
        """DynamoDB's items end at 400 KB; a dead letter that could not be kept would come again forever."""
        dead = delivery({"a": "\u6f22" * 300_000}, space="five", failures=(Attempt(NOON, "x" * 200),) * 50)
        letters.put(DeadLetter(dead, "x", NOON))
        [row] = rows_of(table, "five", NOON)
        kept = parse(loads(row["document"])["message"])
        assert payloads.events == {kept.payload: dead.event}
        assert kept == dead.stored_at(kept.payload)

    def test_if_the_event_cannot_be_kept_nothing_is(self, letters, table, payloads):
        payloads.away = True
        with pytest.raises(Unavailable):
            letters.put(DeadLetter(delivery("x" * 100_000, space="six"), "x", NOON))
        assert rows_of(table, "six", NOON) == []

    def test_a_space_knows_its_hours(self, letters, table):
        for accepted_at in (NOON, NOON + 1, NOON + 3600):
            letters.put(DeadLetter(delivery(space="seven", accepted_at=accepted_at), "x", NOON + 9))
        hours = table.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": "deadletter#seven"})["Items"]
        assert [(each["sk"], each["ttl"]) for each in hours] == [("500000", NOON + 9 + 14 * 86400), ("500001", NOON + 9 + 14 * 86400)]

    def test_table_is_gone(self, emulator, payloads):
        with pytest.raises(Unavailable, match="The store of dead letters is not available"):
            DynamoDeadLetters("gone", payloads).put(DeadLetter(delivery(), "x", NOON))


def rows_of(table, space, at):
    key = {":pk": f"deadletter#{space}#{int(at // 3600)}"}
    return table.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues=key)["Items"]
