"""Several tenants of one gateway: the deployed handlers on emulated AWS, and a server that is everybody's functions."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import boto3

from eventgateway.settings import Mode, OutboundGuard, Settings
from functions.config import handler as config
from functions.delivery import handler as delivery
from functions.router import handler as router
from local.lambda_context import LambdaContext
from tests.integration.deployment import deployed_handlers
from tests.loopback import Loopback, Request, answer

DOMAIN, OPERATOR_KEY = "gateway.test", "the-operator"
APP = "app"
ALLOWED = json.dumps({"authorization": {"principalId": "p", "context": {}}})
RESULT = json.dumps({"statusCode": 200, "body": "answered"})
VARYING = (
    re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"),
    re.compile(r"ege_[\w…-]+"),
    re.compile(r'\b(c3luYyx|YXN5bmMs)[\w-]+|(?<="id":")[\w-]+'),  # base64 of names (those of subscriptions begin so) and times
)


@dataclass(frozen=True)
class Answer:
    """What somebody saw of a request."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def document(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Tenant:
    """`mark` is in all names of a tenant, `secret` in what only it knows: bodies, labels, URLs, reasons."""

    number: int
    key: str
    mark: str
    secret: str

    @property
    def space(self) -> str:
        return f"{self.mark}-{APP}"

    def hidden(self, text: str) -> str:
        """A text of this tenant with everything in it that differs from one run to the next replaced."""
        for pattern in VARYING:
            text = pattern.sub("*", text)
        return text.replace(self.mark, "<mark>").replace(self.secret, "<secret>")


@dataclass
class World:
    """The gateway, and what everybody has seen."""

    settings: Settings
    server: Loopback
    tenants: list[Tenant] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sqs = boto3.client("sqs")
        self.server.script = self._function

    def join(self, number: int) -> Tenant:
        mark, secret = f"m{uuid4().hex[:10]}", f"s{uuid4().hex[:10]}"
        made = self.configure("POST", "/v1/tenants", {"tenant": mark, "app": APP}, OPERATOR_KEY)
        assert made.status == 201, made
        tenant = Tenant(number, made.document["accessKey"], mark, secret)
        self.tenants.append(tenant)
        return tenant

    def configure(self, method: str, path: str, document: object = None, key: str = "", query: str = "", **headers: str) -> Answer:
        """Ask the Config API."""
        given = {"authorization": f"Bearer {key}"} if key else {}
        body = "" if document is None else document if isinstance(document, str) else json.dumps(document)
        request = _request(method, path, f"config.{DOMAIN}", given | headers, body)
        return _answer(config.handler(request | {"rawQueryString": query}, LambdaContext("config", 30)))

    def emit(self, method: str, path: str, domain: str, body: str = "", **headers: str) -> Answer:
        """Ask the Events API under a name."""
        named = {name.replace("_", "-"): each for name, each in headers.items()}
        return _answer(router.handler(_request(method, path, domain, named, body), LambdaContext("router", 30)))

    def work(self) -> None:
        """Let the worker have what waits."""
        while messages := self.sqs.receive_message(
            QueueUrl=self.settings.queue_url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        ).get("Messages"):
            names = {"messageId": "MessageId", "receiptHandle": "ReceiptHandle", "body": "Body", "attributes": "Attributes"}
            records = [{ours: each[theirs] for ours, theirs in names.items()} for each in messages]
            done = delivery.handler({"Records": records}, LambdaContext("delivery", 180))
            assert done == {"batchItemFailures": []}, (done, records)
            entries = [{"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]} for number, each in enumerate(messages)]
            self.sqs.delete_message_batch(QueueUrl=self.settings.queue_url, Entries=entries)

    def calls(self, tenant: Tenant) -> list[str]:
        """What the functions of a tenant were called with."""
        called = [each for each in self.server.requests if each.target.startswith(f"/{tenant.secret}/")]
        return [f"{each.target} {each.body.decode()}" for each in called]

    @staticmethod
    def _function(request: Request) -> list[bytes]:
        """A function whose name begins with `bad` fails, one that begins with `auth` allows, others answer."""
        name = request.target.rpartition("/")[2]
        if name.startswith("bad"):
            return [answer(b"", status="500 Oops")]
        return [answer((ALLOWED if name.startswith("auth") else RESULT).encode())]


def _request(method, path, domain, headers, body):
    """As API Gateway tells of it."""
    context = {"http": {"method": method, "sourceIp": "192.0.2.1"}, "domainName": domain}
    content = {"body": b64encode(body.encode()).decode(), "isBase64Encoded": True}
    return {"requestContext": context, "rawPath": path, "headers": {"host": domain, **headers}, **content}


def _answer(found):
    return Answer(found["statusCode"], found["headers"], found["body"])


@contextmanager
def hosted_gateway() -> Iterator[Settings]:
    """Handlers in hosted mode; functions may be on the loopback."""
    choices = {"mode": Mode.HOSTED, "domain": DOMAIN, "operator_key": OPERATOR_KEY, "outbound_guard": OutboundGuard.OFF}
    with deployed_handlers(**choices) as settings:
        yield settings
