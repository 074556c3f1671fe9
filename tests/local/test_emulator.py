"""AWS in the process: atomic, offline, with moto's semantics where moto was changed to be quicker."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from time import monotonic

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.s3.models import FakeKey
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from local.emulator import Emulator
from local.resources import BUCKET, CONFIG_TABLE, POISON_RECEIVES, QUEUE, RECORDS_TABLE, create_resources
from tests.local.items import KEY, item, put, raise_version

ONCE = Config(retries={"total_max_attempts": 1})


def test_resources_are_as_the_handlers_need_them(dynamodb, sqs, settings):
    for table in (CONFIG_TABLE, RECORDS_TABLE):
        described = dynamodb.describe_table(TableName=table)["Table"]
        assert [(key["AttributeName"], key["KeyType"]) for key in described["KeySchema"]] == [("pk", "HASH"), ("sk", "RANGE")]
        assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["AttributeName"] == "ttl"
    attributes = sqs.get_queue_attributes(QueueUrl=settings.queue_url, AttributeNames=["All"])["Attributes"]
    assert (attributes["VisibilityTimeout"], attributes["MessageRetentionPeriod"]) == ("180", "1209600")
    assert f'"maxReceiveCount": {POISON_RECEIVES}' in attributes["RedrivePolicy"]


def test_settings_go_through(emulator):
    assert create_resources(log_level="debug").log_level == "debug"


def test_transactions_of_two_threads_are_atomic(dynamodb):
    """Each thread counts up by compare-and-set; a lost update would end the count early."""
    dynamodb.transact_write_items(TransactItems=[raise_version()])

    def count_up(worker: int) -> int:
        done = 0
        while done < 25:
            version = int(item(dynamodb)["version"]["N"])
            try:
                dynamodb.transact_write_items(TransactItems=[put(f"{worker}-{done}"), raise_version(version)])
                done += 1
            except dynamodb.exceptions.TransactionCanceledException:
                continue
        return done

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(count_up, range(2))) == [25, 25]
    assert item(dynamodb)["version"] == {"N": "51"}
    written = dynamodb.query(
        TableName=CONFIG_TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": KEY["pk"]}, Select="COUNT"
    )
    assert written["Count"] == 51


def test_pynamodb_passes_too(settings):
    class Row(Model):
        class Meta:
            table_name = CONFIG_TABLE

        pk = UnicodeAttribute(hash_key=True)
        sk = UnicodeAttribute(range_key=True)

    Row("a", "b").save()
    assert [row.sk for row in Row.query("a")] == ["b"]


def test_no_call_leaves_the_machine(settings):
    elsewhere = boto3.client("sqs", endpoint_url="http://example.com", config=ONCE)
    with pytest.raises(ClientError) as raised:
        elsewhere.list_queues()
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_operations_that_moto_lacks_are_errors(settings):
    with pytest.raises(ClientError):
        boto3.client("sqs", config=ONCE).list_message_move_tasks(SourceArn="arn:aws:sqs:us-east-1:123456789012:x")


def test_other_services_work(settings):
    kinesis = boto3.client("kinesis", region_name="eu-west-1")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    assert kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k")["ShardId"]
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="k", Body=b"\x00\xff")
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"\x00\xff"


def test_the_users_own_aws_settings_are_hidden_and_come_back(monkeypatch):
    theirs = {"AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "t", "AWS_ENDPOINT_URL": "http://example.com", "AWS_REGION": "eu-west-1"}
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with Emulator() as emulator:
        assert emulator.region == os.environ["AWS_DEFAULT_REGION"] == "eu-west-1"
        assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"} & os.environ.keys()
        assert create_resources().queue_url.startswith("https://sqs.eu-west-1.")
    assert dict(os.environ) == before


def test_emulators_follow_each_other():
    for _ in range(2):
        with Emulator():
            create_resources()


def test_moto_remembers_nothing(dynamodb, sqs, settings, emulator):
    sqs.send_message(QueueUrl=settings.queue_url, MessageBody="x")
    dynamodb.transact_write_items(TransactItems=[put("a"), raise_version()])
    s3 = boto3.client("s3")
    for key in ("a", "a", "gone"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    s3.delete_object(Bucket=BUCKET, Key="gone")
    for model in (emulator.table(CONFIG_TABLE), emulator.queue(QUEUE), *emulator.queue(QUEUE).messages, FakeKey):
        assert len(model.instances_tracked) == 0


def test_a_sent_message_wakes_listeners(sqs, settings, emulator):
    calls = []
    emulator.on_message(lambda: calls.append(1))
    sqs.send_message(QueueUrl=settings.queue_url, MessageBody="x")
    sqs.send_message_batch(QueueUrl=settings.queue_url, Entries=[{"Id": "1", "MessageBody": "x"}])
    sqs.receive_message(QueueUrl=settings.queue_url)
    assert len(calls) == 2


def test_long_polling_blocks_nobody(sqs, settings):
    received = []
    poll = {"QueueUrl": settings.queue_url, "WaitTimeSeconds": 5}
    waiting = Thread(target=lambda: received.extend(sqs.receive_message(**poll)["Messages"]))
    waiting.start()
    started = monotonic()
    sqs.send_message(QueueUrl=settings.queue_url, MessageBody="x")
    waiting.join(5)
    assert [message["Body"] for message in received] == ["x"]
    assert monotonic() - started < 1


def test_what_cannot_be_kept_is_not_confirmed(sqs, settings, emulator, caplog):
    class Broken:
        def record(self, call, answer):
            raise OSError("the disk is full")

    emulator.record_with(Broken())
    with pytest.raises(ClientError) as raised:
        boto3.client("sqs", config=ONCE).send_message(QueueUrl=settings.queue_url, MessageBody="x")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "the disk is full" in caplog.text


def test_an_object_lost_its_content_when_the_sdk_tried_again(emulator, settings):
    """Regression: the emulator took the body out of the SDK's own request, so the second try put an empty object."""
    s3, attempts = boto3.client("s3"), []

    class FailsOnce:
        def record(self, call, answer):
            attempts.append(call.method)
            if len(attempts) == 1:
                raise OSError("the disk is full")

    emulator.record_with(FailsOnce())
    s3.put_object(Bucket=settings.payload_bucket, Key="space/1", Body=b"content")
    assert attempts == ["PUT", "PUT"]
    assert s3.get_object(Bucket=settings.payload_bucket, Key="space/1")["Body"].read() == b"content"


def test_internal_calls_fail_loudly(emulator):
    with pytest.raises(RuntimeError, match="PurgeQueue failed: 400"):
        emulator.call("AmazonSQS.PurgeQueue", {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/none"})


def test_calls_of_many_threads_are_serialized(dynamodb):
    start = Event()

    def write(number: int) -> None:
        start.wait(2)
        dynamodb.put_item(TableName=CONFIG_TABLE, Item={"pk": {"S": "p"}, "sk": {"S": str(number)}})

    with ThreadPoolExecutor(8) as threads:
        writes = [threads.submit(write, number) for number in range(64)]
        start.set()
        for each in writes:
            each.result()
    assert dynamodb.scan(TableName=CONFIG_TABLE)["Count"] == 64
