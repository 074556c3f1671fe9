"""What was accepted survives: tables and waiting messages, and nothing else."""

import subprocess
import sys
from contextlib import contextmanager
from json import loads
from pathlib import Path
from time import sleep, time

import boto3
import pytest

from local.emulator import Emulator
from local.journal import Journal
from local.recorder import JournalRecorder
from local.resources import CONFIG_TABLE, QUEUE, create_resources

KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}
ROOT = Path(__file__).parents[2]


@contextmanager
def gateway(folder: Path):
    """AWS as it is after a start with a data directory: clients of DynamoDB and SQS, and the queue's URL."""
    with Emulator() as emulator:
        settings, journal = create_resources(), Journal.open(folder)
        recorder = JournalRecorder(emulator, journal, (settings.config_table, settings.records_table), settings.queue_url)
        recorder.restore()
        emulator.record_with(recorder)
        try:
            yield boto3.client("dynamodb"), boto3.client("sqs"), settings.queue_url
        finally:
            journal.close()


def items(dynamodb) -> list[dict]:
    return sorted(dynamodb.scan(TableName=CONFIG_TABLE)["Items"], key=lambda item: item["sk"]["S"])


def waiting(journal: Journal) -> list[str]:
    return [loads(message.entry)["MessageBody"] for message in journal.messages()]


def received(sqs, url: str) -> list[dict]:
    return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]).get("Messages", [])


def test_every_kind_of_write_comes_back(tmp_path):
    def row(sk: str, **attributes: dict) -> dict:
        return {"pk": {"S": "p"}, "sk": {"S": sk}, **attributes}

    with gateway(tmp_path) as (dynamodb, _, _):
        dynamodb.put_item(
            TableName=CONFIG_TABLE, Item=row("put", b={"B": b"\x00\xff"}, m={"M": {"n": {"N": "1.5"}, "l": {"L": [{"BOOL": True}]}}})
        )
        dynamodb.put_item(TableName=CONFIG_TABLE, Item=row("gone"))
        dynamodb.put_item(TableName=CONFIG_TABLE, Item=row("gone-2"))
        dynamodb.put_item(TableName=CONFIG_TABLE, Item=row("gone-3"))
        dynamodb.delete_item(TableName=CONFIG_TABLE, Key=row("gone"))
        update = {
            "TableName": CONFIG_TABLE,
            "Key": row("updated"),
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        dynamodb.update_item(**update)
        dynamodb.update_item(**update)
        dynamodb.batch_write_item(
            RequestItems={CONFIG_TABLE: [{"PutRequest": {"Item": row("batch")}}, {"DeleteRequest": {"Key": row("gone-2")}}]}
        )
        dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": CONFIG_TABLE, "Item": row("transaction", text={"S": "äöü \u0000 \ud7ff"})}},
                {"Update": update | {"Key": row("also-updated")}},
                {"Delete": {"TableName": CONFIG_TABLE, "Key": row("gone-3")}},
                {"ConditionCheck": {"TableName": CONFIG_TABLE, "Key": row("put"), "ConditionExpression": "attribute_exists(pk)"}},
            ]
        )
        before = items(dynamodb)
    assert [item["sk"]["S"] for item in before] == ["also-updated", "batch", "put", "transaction", "updated"]
    with gateway(tmp_path) as (dynamodb, _, _):
        assert items(dynamodb) == before


def test_what_failed_is_not_kept(recorder, dynamodb, journal):
    dynamodb.put_item(TableName=CONFIG_TABLE, Item=KEY | {"v": {"N": "1"}})
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
        dynamodb.put_item(TableName=CONFIG_TABLE, Item=KEY, ConditionExpression="attribute_not_exists(pk)")
    refused = {"Put": {"TableName": CONFIG_TABLE, "Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"}}
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=[refused])
    assert [loads(item) for _, item in journal.items(CONFIG_TABLE)] == [KEY | {"v": {"N": "1"}}]


def test_expired_items_do_not_come_back(tmp_path):
    with gateway(tmp_path) as (dynamodb, _, _):
        for sk, ttl in (("old", time() - 1), ("new", time() + 1000)):
            dynamodb.put_item(TableName=CONFIG_TABLE, Item=KEY | {"sk": {"S": sk}, "ttl": {"N": str(int(ttl))}})
    with gateway(tmp_path) as (dynamodb, _, _):
        assert [item["sk"]["S"] for item in items(dynamodb)] == ["new"]
    journal = Journal.open(tmp_path)
    assert [key[2] for key, _ in journal.items(CONFIG_TABLE)] == ["new"]
    journal.close()


def test_tables_of_others_are_not_kept(recorder, dynamodb, journal):
    dynamodb.create_table(
        TableName="theirs",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    dynamodb.put_item(TableName="theirs", Item={"id": {"S": "1"}})
    assert list(journal.items("theirs")) == []


def test_messages_wait_until_they_are_deleted(recorder, sqs, settings, journal):
    url = settings.queue_url
    for body in ("a", "b", "c"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "d"}])
    handles = {message["Body"]: message["ReceiptHandle"] for message in received(sqs, url)}
    assert waiting(journal) == ["a", "b", "c", "d"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handles["b"])
    sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": body, "ReceiptHandle": handles[body]} for body in ("a", "d")])
    assert waiting(journal) == ["c"]
    sqs.purge_queue(QueueUrl=url)
    assert waiting(journal) == []


def test_of_a_batch_that_failed_in_part_the_rest_is_kept(recorder, sqs, settings, journal):
    entries = [{"Id": "good", "MessageBody": "a"}, {"Id": "bad", "MessageBody": "b", "DelaySeconds": 901}]
    try:
        answer = sqs.send_message_batch(QueueUrl=settings.queue_url, Entries=entries)
    except sqs.exceptions.ClientError:
        pytest.fail("the emulator no longer answers a partial failure")
    assert [each["Id"] for each in answer["Successful"]] == ["good"]
    assert waiting(journal) == ["a"]


def test_of_a_deletion_that_failed_in_part_the_rest_is_kept(recorder, sqs, settings, journal):
    sqs.send_message_batch(QueueUrl=settings.queue_url, Entries=[{"Id": body, "MessageBody": body} for body in "ab"])
    handles = {message["Body"]: message["ReceiptHandle"] for message in received(sqs, settings.queue_url)}
    entries = [{"Id": "1", "ReceiptHandle": "nonsense"}, {"Id": "2", "ReceiptHandle": handles["a"]}]
    assert sqs.delete_message_batch(QueueUrl=settings.queue_url, Entries=entries)["Failed"]
    assert waiting(journal) == ["b"]


def test_any_handle_of_a_message_will_do(recorder, sqs, settings, journal):
    sqs.send_message(QueueUrl=settings.queue_url, MessageBody="a")
    first = sqs.receive_message(QueueUrl=settings.queue_url, VisibilityTimeout=0)["Messages"][0]
    sleep(0.002)
    received(sqs, settings.queue_url)
    sqs.delete_message(QueueUrl=settings.queue_url, ReceiptHandle=first["ReceiptHandle"])
    assert waiting(journal) == []
    assert recorder._ids == recorder._handles == {}


def test_queues_of_others_are_not_kept(recorder, sqs, journal):
    url = sqs.create_queue(QueueName="theirs")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="a")
    for message in received(sqs, url):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert waiting(journal) == []


def test_messages_come_back_as_they_were(tmp_path):
    attributes = {"kind": {"DataType": "String", "StringValue": "x"}}
    with gateway(tmp_path) as (_, sqs, url):
        sent = sqs.send_message(QueueUrl=url, MessageBody="a", MessageGroupId="space", MessageAttributes=attributes)
        sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=900)
        stamp = received(sqs, url)[0]["Attributes"]["SentTimestamp"]
    with gateway(tmp_path) as (_, sqs, url):
        message = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"])[
            "Messages"
        ]
        assert [(each["MessageId"], each["Body"]) for each in message] == [(sent["MessageId"], "a")]
        assert message[0]["MessageAttributes"] == attributes
        assert message[0]["Attributes"]["MessageGroupId"] == "space"
        assert abs(int(message[0]["Attributes"]["SentTimestamp"]) - int(stamp)) < 100
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message[0]["ReceiptHandle"])
    with gateway(tmp_path) as (_, sqs, url):
        assert received(sqs, url) == []
        names = ["ApproximateNumberOfMessagesDelayed"]
        assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] == {names[0]: "1"}


ACCEPT_AND_HANG = f"""
import sys, time
from pathlib import Path
from tests.local.test_recorder import gateway
with gateway(Path(sys.argv[1])) as (dynamodb, sqs, url):
    sqs.send_message(QueueUrl=url, MessageBody="accepted")
    dynamodb.put_item(TableName={CONFIG_TABLE!r}, Item={{"pk": {{"S": "p"}}, "sk": {{"S": "accepted"}}}})
    print("accepted", flush=True)
    time.sleep(60)
"""


def test_what_was_accepted_survives_a_kill(tmp_path):
    command = [sys.executable, "-c", ACCEPT_AND_HANG, str(tmp_path)]
    path = f"{ROOT}:{ROOT / 'layers/eventgateway/python'}"
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": path}, cwd=ROOT) as process:
        assert process.stdout.readline() == b"accepted\n"
        process.kill()
    with gateway(tmp_path) as (dynamodb, sqs, url):
        assert [item["sk"]["S"] for item in items(dynamodb)] == ["accepted"]
        assert [message["Body"] for message in received(sqs, url)] == ["accepted"]


def test_restored_messages_are_in_the_queue_of_that_name(tmp_path):
    with gateway(tmp_path) as (_, _, url):
        assert url.endswith("/" + QUEUE)
