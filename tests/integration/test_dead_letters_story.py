"""Dead letters from their end to their redrive, through the deployed handlers."""

import json
import os
from urllib.parse import quote
from uuid import uuid4

import boto3
import pytest

from eventgateway.core.dead_letter import KEPT_SECONDS, KIND
from eventgateway.core.instant import microseconds, show
from eventgateway.web.paging import WRONG_CURSOR, write_cursor
from functions.config import handler as config
from functions.delivery import handler as delivery
from functions.router import handler as router
from local.emulator import Emulator
from local.lambda_context import LambdaContext
from local.resources import create_resources
from tests.loopback import Loopback, answer

LAMBDA_LIMIT = 6 * 1024 * 1024  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html


class Deployment:
    """Router, worker and Config API on emulated AWS, and one function that fails or does not."""

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
        event = {"requestContext": {"http": {"method": method}}, "rawPath": path, "rawQueryString": query, "body": body}
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
            messages = self.sqs.receive_message(QueueUrl=self.settings.queue_url, MaxNumberOfMessages=10).get("Messages", [])
            if not messages:
                return number
            records = [{"messageId": each["MessageId"], "receiptHandle": each["ReceiptHandle"], "body": each["Body"]} for each in messages]
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


@pytest.fixture(scope="module")
def settings():
    with Emulator(), pytest.MonkeyPatch.context() as monkeypatch:
        settings = create_resources(config_ttl=0)
        for name, value in settings.to_env().items():
            monkeypatch.setitem(os.environ, name, value)
        builds = (router.api, config.api, delivery.worker)
        for build in builds:
            build.cache_clear()
        yield settings
        for build in builds:
            build.cache_clear()


@pytest.fixture
def gateway(settings):
    with Loopback() as server:
        yield Deployment(settings, server)


def test_an_event_dies_is_listed_shown_redriven_and_delivered(gateway):
    subscription = gateway.subscribe("u")
    gateway.die("u", body='{"name":"Ada"}')
    [summary] = gateway.letters()
    assert summary["acceptedAt"] <= summary["diedAt"]
    known = {
        "space": gateway.space, "subscriptionId": subscription, "functionId": "f", "eventType": "u", "attemptCount": 1,
        "lastStatus": 500, "reason": "1 of 1 attempts failed",
    }  # fmt: skip
    assert known.items() <= summary.items()
    status, shown = gateway.ask("GET", f"/{summary['id']}")
    assert status == 200
    assert (shown["event"]["data"], shown["eventState"], shown["subscription"]["retry"]) == ({"name": "Ada"}, "shown", {"maxAttempts": 1})
    assert [(each["status"], each["error"]) for each in shown["attempts"]] == [(500, summary["lastError"])]
    assert summary.items() <= shown.items()
    gateway.heal()
    assert gateway.ask("POST", f"/{summary['id']}/redrive") == (202, summary)
    assert gateway.letters() == []
    gateway.work()
    assert gateway.delivered() == [shown["event"]]
    assert gateway.server.requests[0].headers["x-delivery-id"] == summary["deliveryId"]
    assert gateway.refusal(404, "GET", f"/{summary['id']}") == f'Dead letter "{summary["id"]}" not found.'


def test_one_that_dies_again_is_another_letter(gateway):
    gateway.subscribe("u")
    gateway.die("u")
    [first] = gateway.letters()
    gateway.ask("POST", f"/{first['id']}/redrive")
    gateway.work()
    [second] = gateway.letters()
    assert first["deliveryId"] == second["deliveryId"]
    assert first["id"] != second["id"]
    assert first["acceptedAt"] < second["acceptedAt"]
    assert second["attemptCount"] == 1


def test_without_its_subscription_a_letter_stays_until_there_is_one_again(gateway):
    subscription = gateway.subscribe("u")
    gateway.die("u")
    [letter] = gateway.letters()
    path = f"/v1/spaces/{gateway.space}/subscriptions"
    gateway.send(f"{path}/{subscription}", "DELETE")
    message = "Dead letter cannot be redriven: there is no subscription with this id."
    assert gateway.refusal(409, "POST", f"/{letter['id']}/redrive") == message
    assert gateway.ask("GET", f"/{letter['id']}")[1]["subscription"] is None
    gateway.create("subscriptions", type="async", eventType="u", functionId="f", path=gateway.path)
    gateway.heal()
    assert gateway.ask("POST", f"/{letter['id']}/redrive")[0] == 202
    gateway.work()
    assert len(gateway.delivered()) == 1


def test_hundreds_are_redriven_by_a_filter_with_progress(gateway):
    gateway.subscribe("u")
    subscription = gateway.subscribe("v")
    gateway.die("u", 20)
    gateway.die("v", 230)
    gateway.heal()
    status, started = gateway.ask("POST", "/redrive", f"subscription={subscription}&type=v&acceptedAfter=2020-01-01T00:00:00Z")
    assert (status, started["state"], started["redriven"], started["skipped"]) == (202, "running", 0, 0)
    assert started["filter"] == {"subscription": subscription, "type": "v", "acceptedAfter": "2020-01-01T00:00:00Z"}
    place = gateway.answer["headers"]["location"]
    assert place == f"/v1/spaces/{gateway.space}/deadletters/redrives/{started['redriveId']}"
    assert gateway.send(place) == (200, started)
    gateway.work(1)
    status, under_way = gateway.send(place)
    assert (under_way["state"], under_way["redriven"], under_way["matched"]) == ("running", 100, 100)
    assert "finishedAt" not in under_way
    gateway.work()
    done = gateway.send(place)[1]
    assert (done["state"], done["redriven"], done["skipped"], done["skippedBecause"]) == ("done", 230, 0, {})
    assert done["startedAt"] < done["finishedAt"]
    assert [each["eventType"] for each in gateway.delivered()] == ["v"] * 230
    assert {each["eventType"] for each in gateway.letters()} == {"u"}
    assert len(gateway.letters("type=u&limit=7")) == 20


def test_what_dies_again_meanwhile_does_not_come_round(gateway):
    gateway.subscribe("u")
    gateway.die("u", 110)
    before = {each["id"] for each in gateway.letters()}
    started = gateway.ask("POST", "/redrive")[1]
    gateway.work()
    done = gateway.ask("GET", f"/redrives/{started['redriveId']}")[1]
    after = {each["id"] for each in gateway.letters()}
    assert (done["state"], done["redriven"], len(after), after & before) == ("done", 110, 110, set())
    assert len(gateway.delivered()) == 110


def test_what_cannot_be_redriven_is_counted_by_its_reason(gateway):
    subscription = gateway.subscribe("u")
    gateway.die("u", 3)
    gateway.send(f"/v1/spaces/{gateway.space}/subscriptions/{subscription}", "DELETE")
    started = gateway.ask("POST", "/redrive")[1]
    gateway.work()
    done = gateway.ask("GET", f"/redrives/{started['redriveId']}")[1]
    assert (done["matched"], done["redriven"], done["skipped"]) == (3, 0, 3)
    assert done["skippedBecause"] == {"there is no subscription with this id": 3}
    assert len(gateway.letters()) == 3


@pytest.mark.parametrize("size", [100_000, 3_000_000])
def test_an_event_in_the_payload_bucket_is_shown_and_redriven(gateway, size):
    gateway.subscribe("u")
    gateway.die("u", body=json.dumps("x" * size))
    [letter] = gateway.letters()
    shown = gateway.ask("GET", f"/{letter['id']}")[1]
    is_shown = size < 2_500_000
    assert shown["eventState"] == ("shown" if is_shown else "tooLarge")
    assert shown["event"] is None or shown["event"]["data"] == "x" * size
    gateway.heal()
    assert gateway.ask("POST", f"/{letter['id']}/redrive")[0] == 202
    gateway.work()
    assert [each["data"] for each in gateway.delivered()] == ["x" * size]


def test_an_event_that_is_no_longer_kept_is_told(gateway):
    gateway.subscribe("u")
    gateway.die("u", body=json.dumps("x" * 100_000))
    [letter] = gateway.letters()
    s3, bucket = boto3.client("s3"), gateway.settings.payload_bucket
    for each in s3.list_objects_v2(Bucket=bucket, Prefix=f"{gateway.space}/")["Contents"]:
        s3.delete_object(Bucket=bucket, Key=each["Key"])
    shown = gateway.ask("GET", f"/{letter['id']}")[1]
    assert (shown["event"], shown["eventState"]) == (None, "gone")
    assert gateway.refusal(409, "POST", f"/{letter['id']}/redrive") == "Dead letter cannot be redriven: the event is no longer kept."
    assert len(gateway.letters()) == 1


def test_deletion(gateway):
    gateway.subscribe("u")
    gateway.die("u", 2)
    one, other = gateway.letters()
    assert gateway.ask("DELETE", f"/{one['id']}") == (204, None)
    assert gateway.letters() == [other]
    for method, path in (("DELETE", ""), ("GET", ""), ("POST", "/redrive")):
        assert gateway.refusal(404, method, f"/{one['id']}{path}") == f'Dead letter "{one["id"]}" not found.'


def test_expired_letters_are_gone_though_they_lie_there_still(gateway, monkeypatch):
    gateway.subscribe("u")
    gateway.die("u")
    [letter] = gateway.letters()
    store = config.api().dead_letters.office.redriver.letters
    now = store._clock()
    monkeypatch.setattr(store, "_clock", lambda: now + KEPT_SECONDS + 1)
    assert gateway.letters() == []
    for method, path in (("DELETE", ""), ("GET", ""), ("POST", "/redrive")):
        gateway.refusal(404, method, f"/{letter['id']}{path}")


def test_pages_are_stable_while_letters_come_and_go(gateway):
    gateway.subscribe("u")
    gateway.die("u", 6)
    every = gateway.letters()
    assert [each["acceptedAt"] for each in every] == sorted((each["acceptedAt"] for each in every), reverse=True)
    first = gateway.ask("GET", "", "limit=2")[1]
    gateway.ask("DELETE", f"/{every[1]['id']}")
    gateway.ask("DELETE", f"/{every[2]['id']}")
    gateway.die("u")
    second = gateway.ask("GET", "", f"limit=2&cursor={first['cursor']}")[1]
    third = gateway.ask("GET", "", f"limit=2&cursor={second['cursor']}")[1]
    assert [first["deadLetters"], second["deadLetters"], third["deadLetters"]] == [every[:2], every[3:5], every[5:]]
    assert "cursor" not in third


def test_a_page_has_100_unless_told_otherwise(gateway):
    gateway.subscribe("u")
    gateway.die("u", 110)
    first = gateway.ask("GET")[1]
    assert (len(first["deadLetters"]), len(gateway.ask("GET", "", f"cursor={first['cursor']}")[1]["deadLetters"])) == (100, 10)
    assert len(gateway.ask("GET", "", "limit=1000")[1]["deadLetters"]) == 110


def test_filters_by_time_are_inclusive_and_exclusive(gateway):
    gateway.subscribe("u")
    gateway.die("u", 3)
    newest, middle, oldest = gateway.letters()
    at = middle["acceptedAt"]
    assert gateway.letters(f"acceptedAfter={at}") == [newest, middle]
    assert gateway.letters(f"acceptedBefore={at}") == [oldest]
    zoned = quote(at.replace("Z", "+00:00"))
    assert gateway.letters(f"acceptedAfter={zoned}&acceptedBefore={newest['acceptedAt']}&limit=1") == [middle]


WRONG_TIME = "The parameter '{}' must be a time (RFC 3339), such as 2026-11-23T12:00:00Z."


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "The parameter 'limit' must be one whole number from 1 to 1000."),
        ("cursor=x", WRONG_CURSOR),
        (f"cursor={write_cursor(KIND, '0' * 16 + '#' + 'x' * 1024)}", WRONG_CURSOR),
        ("cursor=ZGVhZGxldHRlciB4", WRONG_CURSOR),
        ("acceptedAfter=yesterday", WRONG_TIME.format("acceptedAfter")),
        ("acceptedBefore=2026-11-23T12:00:00+01:00", WRONG_TIME.format("acceptedBefore")),
        ("type=", "The parameter 'type' must be there once and not be empty, or not at all."),
        ("type=u&type=v", "The parameter 'type' must be there once and not be empty, or not at all."),
        (
            "eventType=u",
            "There is no parameter 'eventType' here. Use subscription, type, acceptedAfter, acceptedBefore, limit, cursor.",
        ),
    ],
)
def test_what_a_list_refuses(gateway, query, message):
    assert gateway.refusal(400, "GET", "", query) == message


@pytest.mark.parametrize(
    ("query", "body", "message"),
    [
        ("typ=u", "", "There is no parameter 'typ' here. Use subscription, type, acceptedAfter, acceptedBefore."),
        ("limit=5", "", "There is no parameter 'limit' here. Use subscription, type, acceptedAfter, acceptedBefore."),
        ("", '{"type": "u"}', "The filters of a redrive are parameters of the URL. Please send no body."),
        ("acceptedAfter=yesterday", "", WRONG_TIME.format("acceptedAfter")),
    ],
)
def test_a_redrive_takes_nothing_that_it_does_not_know(gateway, query, body, message):
    assert gateway.refusal(400, "POST", "/redrive", query, body) == message


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "", "GET"),
        ("GET", "/redrive", "POST"),
        ("PUT", "/x", "GET, DELETE"),
        ("GET", "/x/redrive", "POST"),
        ("DELETE", "/redrives/x", "GET"),
    ],
)
def test_other_methods_are_not_allowed(gateway, method, path, allowed):
    gateway.refusal(405, method, path)
    assert gateway.answer["headers"]["allow"] == allowed


@pytest.mark.parametrize("path", ["/", "/x/y", "/redrive/", "/redrives/", "/redrives/x/y", "//redrive", "/x/redrive/"])
def test_other_paths_are_no_routes(gateway, path):
    assert gateway.refusal(404, "GET", path) == "No such route."


def test_a_space_without_letters_is_empty_and_one_that_cannot_be_too(gateway):
    assert gateway.ask("GET") == (200, {"deadLetters": []})
    gateway.subscribe("u")
    gateway.die("u")
    hour = microseconds(config.api().dead_letters.office.redriver.clock.time()) // 3_600_000_000
    for space in ("a b", "ä", f"{gateway.space}#{hour:07}"):
        assert gateway.send(f"/v1/spaces/{space}/deadletters") == (200, {"deadLetters": []})
        assert gateway.send(f"/v1/spaces/{space}/deadletters/redrive", "POST")[0] == 400


def test_the_running_redrives_of_a_space_are_bounded(gateway):
    for _ in range(10):
        assert gateway.ask("POST", "/redrive")[0] == 202
    assert gateway.refusal(409, "POST", "/redrive") == "10 redrives of the space are running. Please wait until one is done."
    gateway.work()
    assert gateway.ask("POST", "/redrive")[0] == 202


@pytest.mark.parametrize("identifier", ["x", "0001795435200000-x", "x" * 2000, "%20"])
def test_a_redrive_that_is_not_there_is_not_found(gateway, identifier):
    assert gateway.refusal(404, "GET", f"/redrives/{identifier}") == f'Redrive "{identifier}" not found.'


def test_requests_are_counted(gateway):
    gateway.subscribe("u")
    gateway.die("u")
    [letter] = gateway.letters()
    gateway.ask("GET", f"/{letter['id']}")
    gateway.ask("DELETE", f"/{letter['id']}")
    metrics = config.handler({"requestContext": {"http": {"method": "GET"}}, "rawPath": "/v1/metrics"}, None)["body"].split("\n")
    for operation in ("list", "get", "delete"):
        labels = f'space="{gateway.space}",resource="deadletter",operation="{operation}"'
        assert f"eventgateway_config_requests_total{{{labels}}} 1" in metrics


def test_answers_fit_their_descriptions(gateway):
    import jsonschema_rs

    from eventgateway.web.openapi import text

    def fits(name, document):
        schema = {"$ref": f"#/components/schemas/{name}", "components": json.loads(text())["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(document)
        described = json.loads(text())["components"]["schemas"][name]["properties"]
        assert set(document) <= set(described)

    gateway.subscribe("u")
    gateway.die("u")
    [letter] = gateway.letters()
    fits("DeadLetterSummary", letter)
    fits("DeadLetter", gateway.ask("GET", f"/{letter['id']}")[1])
    started = gateway.ask("POST", "/redrive", f"acceptedBefore={show(0)}")[1]
    fits("Redrive", started)
    gateway.work()
    fits("Redrive", gateway.ask("GET", f"/redrives/{started['redriveId']}")[1])
