"""The AWS resources that the handlers need, made in the emulator by the same calls as anywhere."""

from typing import Any

import boto3

from eventgateway.settings import Settings

CONFIG_TABLE, RECORDS_TABLE = "eventgateway-config", "eventgateway-records"
BUCKET, KEY_ALIAS = "eventgateway-payloads", "alias/eventgateway-secrets"
QUEUE, DEAD_LETTER_QUEUE = "eventgateway-deliveries", "eventgateway-deliveries-dead"
VISIBILITY_SECONDS = 180
RETENTION_SECONDS = 14 * 24 * 3600
POISON_RECEIVES = 1000


def create_resources(**settings: Any) -> Settings:  # noqa: ANN401 - fields of Settings
    """Make tables, queues, bucket and key; the answer names them, beside the given settings."""
    dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
    for table in (CONFIG_TABLE, RECORDS_TABLE):
        create_table(dynamodb, table)
    create_bucket(boto3.client("s3"))
    create_key(boto3.client("kms"))
    names: dict[str, Any] = {
        "config_table": CONFIG_TABLE,
        "records_table": RECORDS_TABLE,
        "payload_bucket": BUCKET,
        "secrets_key": KEY_ALIAS,
    }
    return Settings(**names, queue_url=create_queue(sqs), **settings)


def create_bucket(s3: Any) -> None:  # noqa: ANN401 - a generated class
    """The bucket of large events, in the region of the client."""
    region = s3.meta.region_name
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=BUCKET, **place)


def create_key(kms: Any) -> None:  # noqa: ANN401 - a generated class
    """The key of the functions' secrets."""
    key = kms.create_key(Description="Secrets of functions")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=KEY_ALIAS, TargetKeyId=key)


def create_table(dynamodb: Any, name: str) -> None:  # noqa: ANN401 - a generated class
    """A table on demand, keyed by `pk` and `sk`, whose items expire at `ttl`."""
    keys = {"pk": "HASH", "sk": "RANGE"}
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
    )
    dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})


def create_queue(sqs: Any) -> str:  # noqa: ANN401 - a generated class
    """The delivery queue with its dead-letter queue; returns its URL."""
    kept = {"MessageRetentionPeriod": str(RETENTION_SECONDS)}
    dead_letters = sqs.create_queue(QueueName=DEAD_LETTER_QUEUE, Attributes=kept)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = f'{{"deadLetterTargetArn": "{arn}", "maxReceiveCount": {POISON_RECEIVES}}}'
    attributes = kept | {"VisibilityTimeout": str(VISIBILITY_SECONDS), "RedrivePolicy": redrive}
    url: str = sqs.create_queue(QueueName=QUEUE, Attributes=attributes)["QueueUrl"]
    return url
