"""Tenants that use everything, what is kept of them, and time that passes when it is told to."""

import json
from contextlib import contextmanager
from time import time

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from eventgateway.clock import SystemClock
from eventgateway.core.instant import parse
from eventgateway.operations import outbox
from functions.config import handler as config
from functions.delivery import handler as delivery
from functions.router import handler as router
from local.lambda_context import LambdaContext
from local.resources import QUEUE
from tests.integration.hosted import OPERATOR_KEY, RECEIVE, HostedDeployment, hosted_handlers, record
from tests.loopback import answer

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/event-gateway-target"
DROPPED = 'eventgateway_deliveries_total{space="",outcome="dropped"}'
LARGE = json.dumps("x" * 1_200_000)  # goes through the bucket on its way into the queue
MEDIUM = json.dumps("x" * 100_000)  # as a dead letter


class Erasing(HostedDeployment):
    """A hosted deployment whose clocks are `late` by some seconds."""

    late = 0.0

    def __init__(self, settings):
        super().__init__(settings)
        self.accounts = {}

    def wait(self, seconds):
        """Let time pass, for the gateway and for its queue."""
        self.late += seconds
        queue = sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[QUEUE]
        for message in queue.waiting:
            message.visible_at = message.delayed_until = 0
            queue.waiting.place(message)

    def delete(self, tenant, app=""):
        deleted = self.operate("DELETE", f"/{tenant}/apps/{app}" if app else f"/{tenant}")
        assert deleted.status == 202, deleted
        return deleted.document

    def erase(self, tenant, app=""):
        """Delete and wait until it is done; the stages that were seen on the way."""
        shown, stages = self.delete(tenant, app), []
        while shown:
            assert shown["state"] == "deleting"
            stages.append(shown["deletion"]["stage"])
            assert len(stages) < 10
            self.go_on(shown)
            shown = self.shown(tenant, app)
        return stages

    def go_on(self, shown):
        """Wait for the next slice of what is shown of a deletion, and have it done."""
        self.wait(parse(shown["deletion"]["goesOnAt"]) / 1_000_000 - SystemClock().time() + 1)
        self.work()

    def shown(self, tenant, app=""):
        """A tenant, or one of its applications, None if there is none."""
        answer = self.operate("GET", f"/{tenant}")
        if answer.status == 404:
            return None
        return next((each for each in answer.document["apps"] if each["app"] == app), None) if app else answer.document

    def wait_for_suspended(self):
        """Let the worker have everything once; what must wait is postponed, or a copy of it."""
        messages = self.sqs.receive_message(QueueUrl=self.settings.queue_url, **RECEIVE)["Messages"]
        failed = delivery.handler({"Records": [record(each) for each in messages]}, LambdaContext("delivery", 180))["batchItemFailures"]
        for each in messages:
            if {"itemIdentifier": each["MessageId"]} not in failed:
                self.sqs.delete_message(QueueUrl=self.settings.queue_url, ReceiptHandle=each["ReceiptHandle"])

    def flush(self):
        """Have all instances add what they have counted."""
        for usage in (router.api().receiver.usage, config.api().usage, delivery.worker().deliverer.usage):
            usage.flush()

    def dropped(self):
        """How many deliveries were, as the operator's metrics tell."""
        self.flush()
        text = self.ask(OPERATOR_KEY, "GET", "/v1/metrics").body
        return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(DROPPED))

    def queued(self):
        """The bodies of all messages, those that nobody can receive now too."""
        return [each.body for each in sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[QUEUE].waiting]

    def kept(self, *names):
        """All rows and objects in which a name occurs, as texts."""
        tables = {table.name: table.scan(ConsistentRead=True) for table in (self.config_rows, self.records)}
        assert not any("LastEvaluatedKey" in found for found in tables.values())
        texts = {f"{name}: {sorted(row.items())}" for name, found in tables.items() for row in found["Items"]}
        texts |= {f"{key}: {body}" for key, body in self.objects().items()}
        return {text for text in texts if any(name in text for name in names)}

    def objects(self):
        """What is in the bucket, by key and version."""
        s3, bucket = boto3.client("s3"), self.settings.payload_bucket
        versions = s3.list_object_versions(Bucket=bucket)
        found = {(each["Key"], each["VersionId"]): "" for each in versions.get("DeleteMarkers", ())}
        for each in versions.get("Versions", ()):
            place = {"Key": each["Key"], "VersionId": each["VersionId"]}
            found[each["Key"], each["VersionId"]] = s3.get_object(Bucket=bucket, **place)["Body"].read()
        return found

    def use_everything(self, tenant, server):
        """A tenant that leaves behind whatever can be left behind."""
        account = self.accounts[tenant] = self.account(tenant)
        assert self.operate("POST", f"/{tenant}/apps", {"app": "blog"}).status == 201
        assert self.operate("PUT", f"/{tenant}/members/ada@{tenant}.example", {"role": "Admin"}).status == 200
        assert self.operate("POST", f"/{tenant}/keys", {"name": tenant, "spaces": [account.space]}).status == 201
        self._configure(account, server)
        self._leave_records(account, server)
        self.flush()

    def _configure(self, account, server):
        provider = {"arn": "arn:aws:lambda:us-east-1:123456789012:function:f", "region": REGION, "roleArn": ROLE}
        self.create(account, "functions", functionId="role", type="awslambda", provider=provider)
        secret = {"url": server.url("/f"), "headers": {"X-Api-Key": account.tenant}}
        self.create(account, "functions", functionId="f", type="http", provider=secret)
        self.create(account, "cors", method="POST", path=f"/{account.space}/")
        for name, more in (("u", {}), ("once", {"deduplicate": {"windowSeconds": 600}})):
            self.create(account, "eventtypes", name=name, **more)
            wanted = {"type": "async", "eventType": name, "functionId": "f", "path": f"/{account.space}/", "retry": {"maxAttempts": 1}}
            self.create(account, "subscriptions", **wanted)

    def _leave_records(self, account, server):
        """Dead letters small and large, attempts, claims, and redrives that are done."""
        server.script = lambda _: [answer(b"", status="500 Oops")]
        for body in ('{"n":1}', MEDIUM, LARGE):
            assert self.emit(account, body=body).status == 202
        event = {"eventType": "once", "cloudEventsVersion": "0.1", "source": "/s", "eventID": "1", "data": account.tenant}
        host = f"{account.space}.slsgateway.com"
        assert self.send(host, body=json.dumps(event), content_type="application/cloudevents+json").status == 202
        self.work()
        assert len(self.letters(account)) == 4
        server.script = lambda _: [answer(b"{}")]
        assert self.redrive(account, "?type=once").status == 202
        self.work()

    def leave_messages(self, account):
        """A delivery that waits, one whose event is in the bucket, two as a fan-out, a slice of a redrive."""
        before = len(self.queued())
        for body in ('{"n":2}', LARGE):
            assert self.emit(account, body=body).status == 202
        self.create(account, "functions", functionId="g", type="http", provider={"url": "http://203.0.113.1/"})
        self.create(account, "subscriptions", type="async", eventType="u", functionId="g", path=f"/{account.space}/")
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(outbox, "MOST_SINGLE", 1)
            assert self.emit(account).status == 202
        assert self.redrive(account).status == 202
        assert len(self.queued()) == before + 4
        self.flush()

    def external_id(self, account):
        """What the roles of a space ask for."""
        shown = self.ask(account.key, "GET", f"/v1/spaces/{account.space}/functions/role")
        return shown.document["provider"]["externalId"]

    def letters(self, account):
        return self.ask(account.key, "GET", f"/v1/spaces/{account.space}/deadletters").document["deadLetters"]

    def redrive(self, account, query=""):
        path = f"/v1/spaces/{account.space}/deadletters/redrive"
        return self.ask(account.key, "POST", path, query=query.removeprefix("?"))


@contextmanager
def erasing():
    """The deployed handlers, at full length of all waits."""
    with hosted_handlers(retry_scale=1.0) as hosted, pytest.MonkeyPatch.context() as monkeypatch:
        deployment = Erasing(hosted.settings)
        monkeypatch.setattr(SystemClock, "time", lambda _: time() + deployment.late)
        yield deployment
