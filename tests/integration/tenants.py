"""A hosted gateway in the deployed code, on emulated AWS, with two tenants."""

import json
from dataclasses import replace

import boto3

from eventgateway import wiring
from eventgateway.core.function import Function
from eventgateway.core.own_role import EVERYBODYS
from eventgateway.settings import Mode
from local.resources import QUEUE, create_resources

OPERATOR = "the-operator-key"
FIELDS = {"messageId": "MessageId", "receiptHandle": "ReceiptHandle", "body": "Body", "attributes": "Attributes"}


class Tenants:
    """`good` and `evil`, each of which has the space `<tenant>-app`."""

    def __init__(self, emulator, **settings):
        self.settings = create_resources(mode=Mode.HOSTED, operator_key=OPERATOR, config_ttl=0.0, plugins="", **settings)
        self.emulator, self.sqs = emulator, boto3.client("sqs")
        self.config, self.events = wiring.config_api(self.settings), wiring.events_api(self.settings)
        self.worker = wiring.delivery_worker(self.settings)
        tenants = [self.ask("POST", "/v1/tenants", {"tenant": name, "app": "app"}, OPERATOR)[1] for name in ("good", "evil")]
        self.keys = {document["space"]: document["accessKey"] for document in tenants}

    def ask(self, method, path, document=None, key=""):
        """What the Config API answers, by default to the key of the space in the path."""
        headers = {"authorization": f"Bearer {key or self.keys[path.split('/')[3]]}"}
        event = {"requestContext": {"http": {"method": method}}, "rawPath": path, "headers": headers}
        answer = self.config.handle(event if document is None else event | {"body": json.dumps(document)})
        return answer["statusCode"], json.loads(answer["body"] or "null")

    def put(self, space, kind, identifier, document):
        """Create, or update if it is there."""
        path = f"/v1/spaces/{space}/{kind}"
        status, answer = self.ask("PUT", f"{path}/{identifier}", document)
        return self.ask("POST", path, document) if status == 404 else (status, answer)

    def function(self, space, type_, identifier="f", **provider):
        """Status and answer for a function."""
        document = {"functionId": identifier, "type": type_, "provider": {"region": self.sqs.meta.region_name} | provider}
        return self.put(space, "functions", identifier, document)

    def smuggle(self, space, type_, **provider):
        """Store a function as it may be there from before: nobody looked at it."""
        manager = replace(self.config.manager, own_role=EVERYBODYS)
        document = {"functionId": "f", "type": type_, "provider": {"region": self.sqs.meta.region_name} | provider}
        manager.create(Function.kind, space, json.dumps(document).encode())

    def subscribe(self, space, type_="async", authorizer=None):
        """Let function `f` have the events of the space, once."""
        event_type = {"name": "u"} | ({"authorizerId": authorizer} if authorizer else {})
        wanted = {"type": type_, "eventType": "u", "functionId": "f", "method": "POST", "path": f"/{space}/"}
        documents = {"eventtypes": event_type, "subscriptions": wanted | ({"retry": {"maxAttempts": 1}} if type_ == "async" else {})}
        for kind, document in documents.items():
            status, answer = self.ask("POST", f"/v1/spaces/{space}/{kind}", document)
            assert status == 201, answer

    def emit(self, space, path=None):
        """Status and body of what the Events API answers."""
        http = {"requestContext": {"http": {"method": "POST"}}, "rawPath": path or f"/{space}/"}
        answer = self.events.handle(http | {"headers": {"event": "u", "content-type": "application/json"}, "body": "{}"})
        return answer["statusCode"], answer["body"]

    def work(self):
        """Let the worker have one batch, of which nothing may fail; the documents of its messages."""
        got = self.sqs.receive_message(QueueUrl=self.settings.queue_url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"])
        messages = got.get("Messages", [])
        records = [{name: each[field] for name, field in FIELDS.items()} for each in messages]
        assert self.worker.handle({"Records": records}, 60.0) == {"batchItemFailures": []}
        for each in messages:
            self.sqs.delete_message(QueueUrl=self.settings.queue_url, ReceiptHandle=each["ReceiptHandle"])
        return [json.loads(each["Body"]) for each in messages]

    def count(self, which):
        """How many messages of the queue are `Visible`, `NotVisible` (in flight) or `Delayed`."""
        name = f"ApproximateNumberOfMessages{which.removeprefix('Visible')}"
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.settings.queue_url, AttributeNames=[name])["Attributes"]
        return int(attributes[name])

    @property
    def groups(self):
        """The message groups of all that waits."""
        return [each.group_id for each in self.emulator.queue(QUEUE).waiting]

    def letters(self, space):
        """The dead letters of a space."""
        return self.ask("GET", f"/v1/spaces/{space}/deadletters")[1]["deadLetters"]
