"""Limits of tenants in the deployed handlers, on emulated AWS: what is refused, how, and what a space has used in the end."""

import json
from itertools import count

import boto3
import pytest

from eventgateway.settings import Mode
from functions.config import handler as config
from functions.router import handler as router
from tests.integration.deployment import deployed_handlers

OPERATOR = "the-operator-key"
NUMBERS = count()
ORIGIN = "https://shop.example"


@pytest.fixture(scope="module")
def hosted():
    with deployed_handlers(mode=Mode.HOSTED, operator_key=OPERATOR) as settings:
        yield settings


def ask(key, path, method="GET", document=None, query=""):
    """Status, document and headers of an answer of the Config API."""
    headers = {"authorization": f"Bearer {key}"}
    body = None if document is None else json.dumps(document)
    event = {
        "requestContext": {"http": {"method": method}}, "rawPath": path, "rawQueryString": query, "headers": headers, "body": body,
    }  # fmt: skip
    answer = config.handler(event, None)
    is_json = "json" in answer["headers"].get("content-type", "")
    return answer["statusCode"], json.loads(answer["body"]) if is_json else answer["body"], answer["headers"]


def emit(path, body="{}", **headers):
    event = {
        "requestContext": {"http": {"method": "POST"}},
        "rawPath": path,
        "headers": {"event": "u", "content-type": "application/json", **headers},
        "body": body,
    }
    return router.handler(event, None)


class Tenant:
    """A new tenant with a space that has a subscription, and its key."""

    def __init__(self, name):
        status, created, _ = ask(OPERATOR, "/v1/tenants", "POST", {"tenant": name, "app": "shop"})
        assert status == 201, created
        self.name, self.key, self.space = name, created["accessKey"], created["space"]
        self.path = f"/{self.space}/orders"
        self.make("eventtypes", name="u")
        self.make("functions", functionId="f", type="http", provider={"url": "https://example.com/f"})
        self.make("subscriptions", type="async", eventType="u", functionId="f", path=self.path)
        self.make("cors", method="POST", path=self.path, allowedOrigins=[ORIGIN])

    def make(self, kind, **document):
        status, created, _ = self.ask(kind, "POST", document)
        assert status == 201, created

    def ask(self, path, method="GET", document=None, key=""):
        return ask(key or self.key, f"/v1/spaces/{self.space}/{path}", method, document)

    def limit(self, **limits):
        status, answer, _ = self.ask("quota", "PUT", limits, OPERATOR)
        assert status == 200, answer
        return answer


@pytest.fixture
def public(monkeypatch):
    """Functions need not be found: nothing is delivered here."""
    monkeypatch.setattr("eventgateway.core.guard.PublicOnly.check_function", lambda *_: None)


@pytest.fixture
def tenant(hosted, public):
    return Tenant(f"tenant{next(NUMBERS)}")


def test_more_than_the_burst_is_refused_with_the_time_to_wait_and_headers_for_browsers(tenant):
    tenant.limit(requestsPerSecond=1, burst=3)
    answers = [emit(tenant.path, origin=ORIGIN) for _ in range(6)]
    assert [each["statusCode"] for each in answers[:3]] == [202] * 3
    refused = answers[-1]
    assert (refused["statusCode"], refused["headers"]["retry-after"]) == (429, "1")
    assert refused["headers"]["access-control-allow-origin"] == ORIGIN
    message = "This space has reached its limit of requests a second: 1. Please try again later."
    assert json.loads(refused["body"]) == {"errors": [{"message": message}]}


def test_nothing_of_a_refused_event_is_queued(tenant, hosted):
    tenant.limit(eventsPerDay=2)
    sqs = boto3.client("sqs")
    sqs.purge_queue(QueueUrl=hosted.queue_url)
    assert [emit(tenant.path)["statusCode"] for _ in range(4)] == [202, 202, 429, 429]
    attributes = sqs.get_queue_attributes(QueueUrl=hosted.queue_url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "2"


def test_bytes_of_a_day_are_limited(tenant):
    tenant.limit(bytesPerDay=100)
    body = json.dumps("x" * 48)
    assert [emit(tenant.path, body)["statusCode"] for _ in range(3)] == [202, 202, 429]
    assert int(emit(tenant.path, body)["headers"]["retry-after"]) in range(1, 3601)


def test_one_tenant_uses_up_nothing_of_another(tenant, hosted, public):
    other = Tenant(f"{tenant.name}-b")
    tenant.limit(requestsPerSecond=1, burst=1)
    assert [emit(tenant.path)["statusCode"] for _ in range(3)][1:] == [429, 429]
    assert emit(other.path)["statusCode"] == 202


def test_an_instance_asks_for_tokens_now_and_then(tenant, hosted):
    tenant.limit(requestsPerSecond=1000, burst=1000)
    made = []
    leases = router.api().receiver.checks[-1].__self__.leases
    client = leases._client
    client.meta.events.register("before-call.dynamodb.UpdateItem", lambda **_: made.append(1))
    assert {emit(tenant.path)["statusCode"] for _ in range(60)} == {202}
    assert len(made) <= 15


def test_tenants_read_their_limits_and_only_operators_change_them(tenant):
    usual = {"requestsPerSecond": 100, "burst": 200, "eventsPerDay": 5_000_000, "bytesPerDay": 10 * 1024**3, "resources": 1000}
    assert tenant.ask("quota")[:2] == (200, {"space": tenant.space} | usual)
    for method in ("PUT", "DELETE"):
        assert tenant.ask("quota", method, {"requestsPerSecond": 10**6})[0] == 403
    assert tenant.limit(burst=7)["burst"] == 7
    assert tenant.ask("quota")[1] == {"space": tenant.space} | usual | {"burst": 7}
    assert tenant.ask("quota", "DELETE", key=OPERATOR)[0] == 204
    assert tenant.ask("quota")[1]["burst"] == 200


def test_a_space_has_so_many_resources_of_a_kind(tenant):
    tenant.limit(resources=2)
    tenant.make("eventtypes", name="v")
    status, answer, headers = tenant.ask("eventtypes", "POST", {"name": "w"})
    assert (status, headers["retry-after"]) == (429, "3600")
    assert "this space may have 2 of them" in answer["errors"][0]["message"]


def test_the_operator_exports_what_a_tenant_used(tenant):
    for _ in range(3):
        emit(tenant.path, "12345")
    router.api().receiver.usage.flush()
    status, answer, _ = ask(OPERATOR, f"/v1/tenants/{tenant.name}/usage")
    assert status == 200
    [day] = answer["usage"]
    assert (day["space"], day["requests"], day["bytes"], day["events"]["received"]) == (tenant.space, 3, 15, 3)
    status, text, headers = ask(OPERATOR, f"/v1/tenants/{tenant.name}/usage", query="format=csv")
    assert text.splitlines()[1].startswith(f"{tenant.space},{day['day']},3,15,3,0,0,0,")
    assert headers["content-type"].startswith("text/csv")


@pytest.mark.parametrize("tenant_asks", [True, False])
def test_nobody_else_exports_it(tenant, tenant_asks):
    assert ask(tenant.key if tenant_asks else "wrong", f"/v1/tenants/{tenant.name}/usage")[0] == 403
    assert ask(OPERATOR, "/v1/tenants/nobody/usage")[0] == 404


def test_what_a_space_that_is_gone_has_used_is_forgotten(tenant, hosted):
    emit(tenant.path)
    table = boto3.resource("dynamodb").Table(hosted.records_table)
    table.delete_item(Key={"pk": f"usage#{tenant.space}", "sk": "total"})
    router.api().receiver.usage.flush()
    rows = table.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": f"usage#{tenant.space}"})["Items"]
    assert {row["sk"] for row in rows} == {"lease"}
