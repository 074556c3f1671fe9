"""The deployed handlers in hosted mode on emulated AWS: tenants by the operator API, configuration by access keys, events by host."""

import json
from contextlib import contextmanager

import boto3

from functions.config import handler as config
from functions.delivery import handler as delivery
from functions.router import handler as router
from local.lambda_context import LambdaContext
from tests.hosted_gateway import BARE, DOMAIN, OPERATOR_KEY, Account, Answer
from tests.integration.deployment import deployed_handlers

RECEIVE = {"MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"]}

__all__ = ["BARE", "DOMAIN", "OPERATOR_KEY", "Account", "HostedDeployment", "hosted_handlers"]


@contextmanager
def hosted_handlers(**others):
    """The three handlers in hosted mode, in front of emulated AWS of their own; HTTP functions may be on this machine."""
    given = {"mode": "hosted", "domain": DOMAIN, "operator_key": OPERATOR_KEY, "outbound_guard": "off", "retry_scale": 0.001}
    with deployed_handlers(**{**given, **others}) as settings:
        yield HostedDeployment(settings)


class HostedDeployment:
    """What people and emitters ask it, each answer as an `Answer`."""

    def __init__(self, settings):
        self.settings, self.sqs = settings, boto3.client("sqs")
        self.config_rows, self.records = (
            boto3.resource("dynamodb").Table(name) for name in (settings.config_table, settings.records_table)
        )

    def account(self, tenant, app="shop"):
        """A new tenant with an application."""
        answer = self.operate("POST", "", {"tenant": tenant, "app": app})
        assert answer.status == 201, answer
        return Account(tenant, answer.document["space"], answer.document["accessKey"])

    def operate(self, method, path="", document=None, query=""):
        """Ask the operator API, as the operator; `path` is what follows `/v1/tenants`."""
        return self.ask(OPERATOR_KEY, method, f"/v1/tenants{path}", document, query)

    def ask(self, key, method, path, document=None, query=""):
        """Ask the Config API; without a key if it is empty. `document` is sent unless it is None."""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        body = "" if document is None else json.dumps(document)
        event = {"requestContext": context(method, f"config.{DOMAIN}"), "rawPath": path, "rawQueryString": query}
        return answered(config.handler(event | {"headers": headers, "body": body}, None))

    def create(self, account, kind, **document):
        """A resource in the space of an account, with its key."""
        answer = self.ask(account.key, "POST", f"/v1/spaces/{account.space}/{kind}", document)
        assert answer.status == 201, answer
        return answer.document

    def subscribe(self, account, url, event_type="u", function="f", **more):
        """Subscribe an HTTP function of an account to events at the root of its space; `more` is of the subscription."""
        self.create(account, "eventtypes", name=event_type)
        self.create(account, "functions", functionId=function, type="http", provider={"url": url})
        wanted = {"type": "async", "eventType": event_type, "functionId": function, "path": f"/{account.space}/"}
        return self.create(account, "subscriptions", **{**wanted, **more})

    def send(self, host, path="/", method="POST", body="{}", **headers):
        """Ask the Events API at a host; names of headers with underscores for dashes."""
        named = {"host": host, "content-type": "application/json"} | {name.replace("_", "-"): each for name, each in headers.items()}
        event = {"requestContext": context(method, host), "rawPath": path, "headers": named, "body": body}
        return answered(router.handler(event, None))

    def emit(self, account, event_type="u", body="{}"):
        """Send an event to the subdomain of an account's space."""
        return self.send(f"{account.space}.{DOMAIN}", body=body, event=event_type)

    def waiting(self):
        """How many deliveries the queue has, those that are put off included."""
        names = [f"ApproximateNumberOfMessages{each}" for each in ("", "Delayed", "NotVisible")]
        found = self.sqs.get_queue_attributes(QueueUrl=self.settings.queue_url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def work(self, most=10_000):
        """Let the worker have what waits; how many batches it took."""
        for number in range(most):
            messages = self.sqs.receive_message(QueueUrl=self.settings.queue_url, **RECEIVE).get("Messages", [])
            if not messages:
                return number
            answer = delivery.handler({"Records": [record(each) for each in messages]}, LambdaContext("delivery", 180))
            assert answer == {"batchItemFailures": []}
            entries = [{"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]} for number, each in enumerate(messages)]
            self.sqs.delete_message_batch(QueueUrl=self.settings.queue_url, Entries=entries)
        return most


def context(method, host):
    return {"http": {"method": method, "sourceIp": "198.51.100.7"}, "domainName": host}


def answered(answer):
    return Answer(answer["statusCode"], answer["headers"], answer["body"])


def record(message):
    """A message as Lambda hands it over."""
    named = {"messageId": "MessageId", "receiptHandle": "ReceiptHandle", "body": "Body", "attributes": "Attributes"}
    return {name: message[key] for name, key in named.items()}
