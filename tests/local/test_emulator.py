"""AWS in the process: atomic, offline, with moto's semantics where moto was changed to be quicker."""

import os
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from time import monotonic

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from local.emulator import Emulator
from local.resources import CONFIG_TABLE, POISON_RECEIVES, QUEUE, RECORDS_TABLE, create_resources

KEY = {"pk": {"S": "space#a"}, "sk": {"S": "meta"}}
ABSENT = KEY | {"sk": {"S": "absent"}}
REFUSED = {"ConditionCheck": {"TableName": CONFIG_TABLE, "Key": ABSENT, "ConditionExpression": "attribute_exists(pk)"}}
ONCE = Config(retries={"total_max_attempts": 1})


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


def test_pynamodb_passes_too(settings):
    class Row(Model):
        class Meta:
            table_name = CONFIG_TABLE

        pk = UnicodeAttribute(hash_key=True)
        sk = UnicodeAttribute(range_key=True)

    Row("a", "b").save()
    assert [row.sk for row in Row.query("a")] == ["b"]


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
    for model in (emulator.table(CONFIG_TABLE), emulator.queue(QUEUE), *emulator.queue(QUEUE).messages):
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
