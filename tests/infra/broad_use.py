"""A gateway in use, through the deployed handlers: whatever makes one of them call AWS happens once."""

import json
from base64 import b64encode
from typing import ClassVar

import boto3

from functions.config import handler as config
from functions.delivery import handler as delivery
from functions.router import handler as router
from local.lambda_context import LambdaContext
from tests.infra.stacks import TARGETS
from tests.infra.template import REGION
from tests.integration.deployment import Deployment

LAMBDA, QUEUE = TARGETS[:2]
THEIRS = "arn:aws:lambda:us-east-1:999999999999:function:theirs"
ROLE = "arn:aws:iam::999999999999:role/event-gateway-invoker"
URL = f"https://sqs.{REGION}.amazonaws.com/{QUEUE.split(':')[4]}/{QUEUE.split(':')[5]}"
FUNCTIONS = {
    "lambda": {"type": "awslambda", "provider": {"arn": LAMBDA, "region": REGION}},
    "queue": {"type": "awssqs", "provider": {"queueUrl": URL, "region": REGION}},
    "stream": {"type": "awskinesis", "provider": {"streamName": "ours", "region": REGION}},
    "delivery-stream": {"type": "awsfirehose", "provider": {"deliveryStreamName": "ours", "region": REGION}},
    "theirs": {"type": "awslambda", "provider": {"arn": THEIRS, "region": REGION, "roleArn": ROLE}},
}
SECRET, KEY = "operator-key", "k" * 43
LARGE = json.dumps("x" * 1_200_000)  # more than a message of SQS, and than an item of DynamoDB


class BroadUse(Deployment):
    """Each method is a chapter; all together are the story."""

    headers: ClassVar = {"authorization": f"Bearer {KEY}"}

    def all(self):
        """Every chapter, in order."""
        boto3.client("secretsmanager").create_secret(Name=SECRET, SecretString=KEY)
        for chapter in self.chapters():
            chapter()

    def chapters(self):
        return (self.configure, self.call_targets, self.retry, self.deduplicate, self.lose, self.redrive, self.suspend, self.clear)

    def configure(self):
        """Make what there is of each kind, change secrets, look at everything."""
        for name, function in FUNCTIONS.items():
            self.create("functions", functionId=name, **function)
        secret = {"url": self.server.url("/s"), "headers": {"X-Token": "the-token"}}
        document = {"functionId": "secret", "type": "http", "provider": secret}
        self.create("functions", **document)
        document["provider"] = secret | {"headers": {"X-Token": "*****", "X-Other": "another"}}
        self._put("functions/secret", document)
        self.create("eventtypes", name="once", deduplicate={"windowSeconds": 60})
        self.create("cors", method="POST", path=self.path)
        for path in ("eventtypes", "functions", "subscriptions", "cors"):
            self._get(f"/v1/spaces/{self.space}/{path}")
        self._get("/v1/metrics")
        self._get("/v1/status")

    def call_targets(self):
        """Call every function, while the caller waits and in the background; that some fail is part of it."""
        for name in (*FUNCTIONS, "secret"):
            self.create("eventtypes", name=f"of-{name}")
            once = {"retry": {"maxAttempts": 1}}
            for type_, options in {"sync": {}, "async": once}.items():
                path = f"{self.path}/{type_}/{name}"
                self.create("subscriptions", type=type_, eventType=f"of-{name}", functionId=name, path=path, method="POST", **options)
                self.post(path, f"of-{name}")
        self.work()

    def retry(self):
        """Fail, with attempts left."""
        self.create("eventtypes", name="again")
        self.create("subscriptions", type="async", eventType="again", functionId="secret", path=self.path)
        self.emit("again")
        self.work(1)

    def deduplicate(self):
        """Emit the same event twice."""
        self.create("subscriptions", type="async", eventType="once", functionId="secret", path=self.path)
        event = {"eventType": "once", "eventID": "1", "source": "/s", "cloudEventsVersion": "0.1", "data": {}}
        body = b64encode(json.dumps(event).encode()).decode()
        for _ in range(2):
            answer = self._router(self.path, {"content-type": "application/cloudevents+json"}, body, is_base64=True)
            assert answer["statusCode"] == 202, answer

    def lose(self):
        """Events die, a large one too."""
        self.subscribe("lost")
        self.die("lost", 3)
        self.die("lost", body=LARGE)
        assert len(self.letters()) >= 4

    def redrive(self):
        """Look at letters, drop one, redrive one of each size and then all."""
        large, *small = [each for each in self.letters() if each["eventType"] == "lost"]
        assert self.ask("GET", f"/{large['id']}")[0] == 200
        assert self.ask("DELETE", f"/{small[0]['id']}")[0] == 204
        assert self.ask("POST", f"/{small[1]['id']}/redrive")[0] == 202
        assert self.ask("POST", f"/{large['id']}/redrive")[0] == 202
        self.work()
        status, started = self.ask("POST", "/redrive", "type=lost")
        assert status == 202
        self.work(3)
        assert self.ask("GET", f"/redrives/{started['redriveId']}")[0] == 200

    def suspend(self):
        """Suspend the space while a delivery waits, and resume it."""
        self.emit("lost")
        assert self._put("suspension", {"reason": "why not"}) == 200
        message, failed = self.handle_one()
        assert failed == self.kept(message)
        assert self.send(f"/v1/spaces/{self.space}/suspension", "DELETE")[0] == 204

    def handle_one(self, seconds=180):
        """Let the worker have one message, and so many seconds; the message, and the records that failed."""
        [message] = self.sqs.receive_message(QueueUrl=self.settings.queue_url, MessageSystemAttributeNames=["All"])["Messages"]
        record = {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
        }
        return message, delivery.handler({"Records": [record]}, LambdaContext("delivery", seconds))["batchItemFailures"]

    def kept(self, message):
        """How the worker answers for a message that has to wait."""
        return [{"itemIdentifier": message["MessageId"]}]

    def clear(self):
        """Delete a resource."""
        created = self.create("subscriptions", type="async", eventType="lost", functionId="secret", path=f"{self.path}/other")
        assert self.send(f"/v1/spaces/{self.space}/subscriptions/{created['subscriptionId']}", "DELETE")[0] == 204

    def post(self, path, event_type):
        """What the router answers to an event."""
        return self._router(path, {"event": event_type, "content-type": "application/json"}, "{}")

    def _router(self, path, headers, body, *, is_base64=False):
        http = {"http": {"method": "POST"}}
        return router.handler(
            {"requestContext": http, "rawPath": path, "headers": headers, "body": body, "isBase64Encoded": is_base64}, None
        )

    def _put(self, path, document):
        status, answer = self.send(f"/v1/spaces/{self.space}/{path}", "PUT", body=json.dumps(document))
        assert status == 200, answer
        return status

    def _get(self, path):
        event = {"requestContext": {"http": {"method": "GET"}}, "headers": self.headers, "rawPath": path, "rawQueryString": "", "body": ""}
        assert config.handler(event, None)["statusCode"] == 200
