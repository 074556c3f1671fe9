"""What the handlers call at AWS, and which permission each call takes."""

from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import botocore.handlers

from functions.config import handler as config
from functions.delivery import handler as delivery
from functions.router import handler as router

HANDLERS = {"Router": router, "Config": config, "Delivery": delivery}
ACTIONS = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "lambda:Invoke": "lambda:InvokeFunction",
}  # https://docs.aws.amazon.com/service-authorization/latest/reference/
NAMED_BY = {
    "dynamodb": "TableName",
    "sqs": "QueueUrl",
    "s3": "Bucket",
    "kms": "KeyId",
    "lambda": "FunctionName",
    "kinesis": "StreamName",
    "firehose": "DeliveryStreamName",
    "sts": "RoleArn",
    "secretsmanager": "SecretId",
}
IN_TRANSACTION = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


@dataclass(frozen=True)
class AwsCall:
    """One call of an operation by a function of the gateway."""

    function: str
    service: str
    operation: str
    parameters: dict[str, Any]

    def permissions(self):
        """The action, the name of its resource, and whether the resource is what lies in it."""
        if self.operation == "TransactWriteItems":
            for item in self.parameters["TransactItems"]:
                [(kind, inner)] = item.items()
                yield f"dynamodb:{IN_TRANSACTION[kind]}", inner["TableName"], ""
            return
        if self.operation == "BatchGetItem":
            yield from (("dynamodb:BatchGetItem", table, "") for table in self.parameters["RequestItems"])
            return
        action = f"{self.service}:{self.operation}"
        name = self.parameters.get(NAMED_BY[self.service], "")
        if self.service == "s3":
            yield from self._on_objects(name)
        else:
            yield ACTIONS.get(action, action), name, ""

    def _on_objects(self, bucket):
        match self.operation:
            case "ListObjectVersions":
                yield "s3:ListBucketVersions", bucket, ""
            case "DeleteObjects":
                for each in self.parameters["Delete"]["Objects"]:
                    yield "s3:DeleteObject", bucket, f"/{each['Key']}"
                    if "VersionId" in each:
                        yield "s3:DeleteObjectVersion", bucket, f"/{each['Key']}"
            case _:
                yield f"s3:{self.operation}", bucket, f"/{self.parameters['Key']}"
        if self.operation == "GetObject":  # else S3 answers 403 for one that is gone, see its API reference
            yield "s3:ListBucket", bucket, ""


class Recorder:
    """`calls` has those that were made while a handler ran; others are the test's own."""

    def __init__(self):
        self.calls: list[AwsCall] = []
        self._running = ""

    def __call__(self, params, model, **_):
        """botocore's `provide-client-params`: before anything is checked or sent."""
        if self._running:
            service = model.service_model.service_name
            self.calls.append(AwsCall(self._running, service, model.name, dict(params)))

    def attributed(self, function, handler):
        """A handler whose calls are those of a function."""

        def handle(event, context):
            self._running = function
            try:
                return handler(event, context)
            finally:
                self._running = ""

        return handle


@contextmanager
def recorded(monkeypatch):
    """Record what every client calls that is built from now on."""
    recorder = Recorder()
    entry = ("provide-client-params", recorder)
    for name, module in HANDLERS.items():
        monkeypatch.setattr(module, "handler", recorder.attributed(name, module.handler))
    botocore.handlers.BUILTIN_HANDLERS.append(entry)
    try:
        yield recorder
    finally:
        botocore.handlers.BUILTIN_HANDLERS.remove(entry)
