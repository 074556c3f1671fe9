"""The deployed handlers on emulated AWS, for tests of what becomes of deliveries."""

import json
import os
from contextlib import contextmanager
from typing import ClassVar
from uuid import uuid4

import boto3
import pytest

from functions.config import handler as config
from functions.delivery import handler as delivery
from functions.router import handler as router
from local.emulator import Emulator
from local.lambda_context import LambdaContext
from local.resources import create_resources
from tests.loopback import answer

LAMBDA_LIMIT = 6 * 1024 * 1024  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html


class Deployment:
    """Router, worker and Config API on emulated AWS, and one function that fails or does not."""

    headers: ClassVar[dict[str, str]] = {}  # of requests to the Config API

    def __init__(self, settings, server):
        self.settings, self.server, self.sqs = settings, server, boto3.client("sqs")
        self.space = f"space-{uuid4()}"
        self.path = f"/{self.space}"  # of its events: those of others are none of its business
        self.heal(False)

    def heal(self, well=True):
        self.server.script = lambda _: [answer(b"{}") if well else answer(b"", status="500 Oops")]

    def ask(self, method, path="", query="", body=""):
        """Status and document of what the Config API answers below the dead letters of the space."""
        return self.send(f"/v1/spaces/{self.space}/deadletters{path}", method, query, body)

    def send(self, path, method="GET", query="", body=""):
        event = {
            "requestContext": {"http": {"method": method}},
            "headers": self.headers,
            "rawPath": path,
            "rawQueryString": query,
            "body": body,
        }
        self.answer = config.handler(event, None)
        assert len(json.dumps(self.answer)) < LAMBDA_LIMIT
        return self.answer["statusCode"], json.loads(self.answer["body"]) if self.answer["body"] else None

    def refusal(self, status, method, path="", query="", body=""):
        """The message of an error."""
        found, document = self.ask(method, path, query, body)
        assert found == status, document
        return document["errors"][0]["message"]

    def create(self, kind, **document):
        status, created = self.send(f"/v1/spaces/{self.space}/{kind}", "POST", body=json.dumps(document))
        assert status == 201, created
        return created

    def subscribe(self, event_type):
        """The id of a subscription to events of a type, which have one attempt."""
        self.create("eventtypes", name=event_type)
        if self.send(f"/v1/spaces/{self.space}/functions/f")[0] == 404:
            self.create("functions", functionId="f", type="http", provider={"url": self.server.url("/f")})
        wanted = {"type": "async", "eventType": event_type, "functionId": "f", "path": self.path, "retry": {"maxAttempts": 1}}
        return self.create("subscriptions", **wanted)["subscriptionId"]

    def emit(self, event_type, body="{}"):
        headers = {"event": event_type, "content-type": "application/json"}
        event = {"requestContext": {"http": {"method": "POST"}}, "rawPath": self.path, "headers": headers, "body": body}
        assert router.handler(event, None)["statusCode"] == 202

    def work(self, most=10_000):
        """Let the worker have what waits; how many batches it took."""
        for number in range(most):
            messages = self.sqs.receive_message(
                QueueUrl=self.settings.queue_url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
            ).get("Messages", [])
            if not messages:
                return number
            records = [
                {
                    "messageId": each["MessageId"],
                    "receiptHandle": each["ReceiptHandle"],
                    "body": each["Body"],
                    "attributes": each["Attributes"],
                }
                for each in messages
            ]
            assert delivery.handler({"Records": records}, LambdaContext("delivery", 180)) == {"batchItemFailures": []}
            entries = [{"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]} for number, each in enumerate(messages)]
            self.sqs.delete_message_batch(QueueUrl=self.settings.queue_url, Entries=entries)
        return most

    def die(self, event_type, number=1, body="{}"):
        for _ in range(number):
            self.emit(event_type, body)
        self.heal(False)
        self.work()
        self.server.requests.clear()

    def letters(self, query=""):
        """All letters, page by page."""
        found, cursor = [], ""
        while cursor is not None:
            status, document = self.ask("GET", "", f"{query}&cursor={cursor}" if cursor else query)
            assert status == 200, document
            found, cursor = found + document["deadLetters"], document.get("cursor")
        return found

    def delivered(self):
        """The events that the function got."""
        return [json.loads(each.body) for each in self.server.requests]


@contextmanager
def deployed_handlers(config_ttl=0.0, **others):
    """The three handlers in front of emulated AWS, and the settings that they read."""
    with Emulator(), pytest.MonkeyPatch.context() as monkeypatch:
        settings = create_resources(config_ttl=config_ttl, **others)
        for name, value in settings.to_env().items():
            monkeypatch.setitem(os.environ, name, value)
        builds = (router.api, config.api, delivery.worker)
        for build in builds:
            build.cache_clear()
        yield settings
        for build in builds:
            build.cache_clear()
