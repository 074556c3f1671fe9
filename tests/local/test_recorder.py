"""What was accepted survives: tables and waiting messages, and nothing else."""

import subprocess
import sys
from contextlib import contextmanager
from io import BytesIO
from json import loads
from pathlib import Path
from time import sleep, time

import boto3
import pytest
from botocore.config import Config

from local.changes import Changes, StoredObject
from local.emulator import Emulator
from local.journal import Journal
from local.recorder import OBJECT_SECONDS, JournalRecorder
from local.resources import BUCKET, CONFIG_TABLE, KEY_ALIAS, QUEUE, create_resources

KEY = {"pk": {"S": "p"}, "sk": {"S": "s"}}
ROOT = Path(__file__).parents[2]


@contextmanager
def gateway(folder: Path):
    """AWS as it is after a start with a data directory: clients of DynamoDB and SQS, and the queue's URL."""
    with Emulator() as emulator:
        settings, journal = create_resources(), Journal.open(folder)
        recorder = JournalRecorder(emulator, journal, settings)
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
import boto3
from tests.local.test_recorder import gateway
with gateway(Path(sys.argv[1])) as (dynamodb, sqs, url):
    boto3.client("s3").put_object(Bucket={BUCKET!r}, Key="accepted", Body=b"1")
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
        assert stored(boto3.client("s3")) == {"accepted": b"1"}


@contextmanager
def storage(folder: Path):
    """Clients of S3 and KMS."""
    with gateway(folder):
        yield boto3.client("s3"), boto3.client("kms")


def stored(s3) -> dict[str, bytes]:
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
    return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def test_objects_come_back(tmp_path):
    content = bytes(range(256)) * 4096 * 17  # 17 MiB: more than moto keeps in memory
    with storage(tmp_path) as (s3, _):
        for key in ("gone", "gone-2", "gone-3", "default/large", "default/ä b+c%2F?#"):
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"first")
        s3.put_object(Bucket=BUCKET, Key="default/large", Body=content)
        s3.upload_fileobj(BytesIO(b"stream"), BUCKET, "streamed")
        s3.copy_object(Bucket=BUCKET, Key="copied", CopySource={"Bucket": BUCKET, "Key": "streamed"})
        s3.delete_object(Bucket=BUCKET, Key="gone")
        s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "gone-2"}, {"Key": "gone-3"}, {"Key": "never"}]})
        before = stored(s3)
    assert before == {"default/large": content, "default/ä b+c%2F?#": b"first", "streamed": b"stream", "copied": b"stream"}
    with storage(tmp_path) as (s3, _):
        assert stored(s3) == before


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_buckets_are_known_by_both_styles_of_address(recorder, journal, style):
    s3 = boto3.client("s3", region_name="eu-west-1", config=Config(s3={"addressing_style": style}))
    s3.put_object(Bucket=BUCKET, Key=f"{BUCKET}/a", Body=b"1")
    s3.create_bucket(Bucket="theirs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="theirs", Key=f"{BUCKET}/b", Body=b"2")
    assert [(each.key, each.body) for each in journal.objects()] == [(f"{BUCKET}/a", b"1")]


def test_objects_of_a_month_ago_do_not_come_back(tmp_path):
    with storage(tmp_path) as (s3, _):
        s3.put_object(Bucket=BUCKET, Key="new", Body=b"1")
    journal = Journal.open(tmp_path)
    journal.write(Changes(objects=[StoredObject("old", b"1", time() - OBJECT_SECONDS - 60)]))
    journal.close()
    with storage(tmp_path) as (s3, _):
        assert stored(s3) == {"new": b"1"}
    journal = Journal.open(tmp_path)
    assert [each.key for each in journal.objects()] == ["new"]
    journal.close()


def test_what_an_earlier_run_encrypted_can_be_decrypted(tmp_path):
    context = {"space": "default"}
    with storage(tmp_path) as (_, kms):
        first = kms.encrypt(KeyId=KEY_ALIAS, Plaintext=b"secret", EncryptionContext=context)
    for _ in range(2):
        with storage(tmp_path) as (_, kms):
            again = kms.encrypt(KeyId=KEY_ALIAS, Plaintext=b"other", EncryptionContext=context)
            assert again["KeyId"] == first["KeyId"]
            assert kms.describe_key(KeyId=KEY_ALIAS)["KeyMetadata"]["Arn"] == first["KeyId"]
            for encrypted, plain in ((first, b"secret"), (again, b"other")):
                assert kms.decrypt(CiphertextBlob=encrypted["CiphertextBlob"], EncryptionContext=context)["Plaintext"] == plain
            with pytest.raises(kms.exceptions.InvalidCiphertextException):
                kms.decrypt(CiphertextBlob=first["CiphertextBlob"], EncryptionContext={"space": "another"})


def test_each_data_directory_has_a_key_of_its_own(tmp_path):
    with storage(tmp_path / "a") as (_, kms):
        encrypted = kms.encrypt(KeyId=KEY_ALIAS, Plaintext=b"secret")["CiphertextBlob"]
    with storage(tmp_path / "b") as (_, kms), pytest.raises(kms.exceptions.ClientError):
        kms.decrypt(CiphertextBlob=encrypted)


def test_restored_messages_are_in_the_queue_of_that_name(tmp_path):
    with gateway(tmp_path) as (_, _, url):
        assert url.endswith("/" + QUEUE)
