"""Dead letters from their end to their redrive, through the deployed handlers."""

import json
from urllib.parse import quote

import boto3
import pytest

from eventgateway.core.dead_letter import KEPT_SECONDS
from functions.config import handler as config


def test_an_event_dies_is_listed_shown_redriven_and_delivered(deployed):
    subscription = deployed.subscribe("u")
    deployed.die("u", body='{"name":"Ada"}')
    [summary] = deployed.letters()
    assert summary["acceptedAt"] <= summary["diedAt"]
    known = {
        "space": deployed.space, "subscriptionId": subscription, "functionId": "f", "eventType": "u", "attemptCount": 1,
        "lastStatus": 500, "reason": "1 of 1 attempts failed",
    }  # fmt: skip
    assert known.items() <= summary.items()
    status, shown = deployed.ask("GET", f"/{summary['id']}")
    assert status == 200
    assert (shown["event"]["data"], shown["eventState"], shown["subscription"]["retry"]) == ({"name": "Ada"}, "shown", {"maxAttempts": 1})
    assert [(each["status"], each["error"]) for each in shown["attempts"]] == [(500, summary["lastError"])]
    assert summary.items() <= shown.items()
    deployed.heal()
    assert deployed.ask("POST", f"/{summary['id']}/redrive") == (202, summary)
    assert deployed.letters() == []
    deployed.work()
    assert deployed.delivered() == [shown["event"]]
    assert deployed.server.requests[0].headers["x-delivery-id"] == summary["deliveryId"]
    assert deployed.refusal(404, "GET", f"/{summary['id']}") == f'Dead letter "{summary["id"]}" not found.'


def test_one_that_dies_again_is_another_letter(deployed):
    deployed.subscribe("u")
    deployed.die("u")
    [first] = deployed.letters()
    deployed.ask("POST", f"/{first['id']}/redrive")
    deployed.work()
    [second] = deployed.letters()
    assert first["deliveryId"] == second["deliveryId"]
    assert first["id"] != second["id"]
    assert first["acceptedAt"] < second["acceptedAt"]
    assert second["attemptCount"] == 1


def test_without_its_subscription_a_letter_stays_until_there_is_one_again(deployed):
    subscription = deployed.subscribe("u")
    deployed.die("u")
    [letter] = deployed.letters()
    path = f"/v1/spaces/{deployed.space}/subscriptions"
    deployed.send(f"{path}/{subscription}", "DELETE")
    message = "Dead letter cannot be redriven: there is no subscription with this id."
    assert deployed.refusal(409, "POST", f"/{letter['id']}/redrive") == message
    assert deployed.ask("GET", f"/{letter['id']}")[1]["subscription"] is None
    deployed.create("subscriptions", type="async", eventType="u", functionId="f", path=deployed.path)
    deployed.heal()
    assert deployed.ask("POST", f"/{letter['id']}/redrive")[0] == 202
    deployed.work()
    assert len(deployed.delivered()) == 1


def test_hundreds_are_redriven_by_a_filter_with_progress(deployed):
    deployed.subscribe("u")
    subscription = deployed.subscribe("v")
    deployed.die("u", 20)
    deployed.die("v", 230)
    deployed.heal()
    status, started = deployed.ask("POST", "/redrive", f"subscription={subscription}&type=v&acceptedAfter=2020-01-01T00:00:00Z")
    assert (status, started["state"], started["redriven"], started["skipped"]) == (202, "running", 0, 0)
    assert started["filter"] == {"subscription": subscription, "type": "v", "acceptedAfter": "2020-01-01T00:00:00Z"}
    place = deployed.answer["headers"]["location"]
    assert place == f"/v1/spaces/{deployed.space}/deadletters/redrives/{started['redriveId']}"
    assert deployed.send(place) == (200, started)
    deployed.work(1)
    status, under_way = deployed.send(place)
    assert (under_way["state"], under_way["redriven"], under_way["matched"]) == ("running", 100, 100)
    assert "finishedAt" not in under_way
    deployed.work()
    done = deployed.send(place)[1]
    assert (done["state"], done["redriven"], done["skipped"], done["skippedBecause"]) == ("done", 230, 0, {})
    assert done["startedAt"] < done["finishedAt"]
    assert [each["eventType"] for each in deployed.delivered()] == ["v"] * 230
    assert {each["eventType"] for each in deployed.letters()} == {"u"}
    assert len(deployed.letters("type=u&limit=7")) == 20


def test_what_dies_again_meanwhile_does_not_come_round(deployed):
    deployed.subscribe("u")
    deployed.die("u", 110)
    before = {each["id"] for each in deployed.letters()}
    started = deployed.ask("POST", "/redrive")[1]
    deployed.work()
    done = deployed.ask("GET", f"/redrives/{started['redriveId']}")[1]
    after = {each["id"] for each in deployed.letters()}
    assert (done["state"], done["redriven"], len(after), after & before) == ("done", 110, 110, set())
    assert len(deployed.delivered()) == 110


def test_what_cannot_be_redriven_is_counted_by_its_reason(deployed):
    subscription = deployed.subscribe("u")
    deployed.die("u", 3)
    deployed.send(f"/v1/spaces/{deployed.space}/subscriptions/{subscription}", "DELETE")
    started = deployed.ask("POST", "/redrive")[1]
    deployed.work()
    done = deployed.ask("GET", f"/redrives/{started['redriveId']}")[1]
    assert (done["matched"], done["redriven"], done["skipped"]) == (3, 0, 3)
    assert done["skippedBecause"] == {"there is no subscription with this id": 3}
    assert len(deployed.letters()) == 3


@pytest.mark.parametrize("size", [100_000, 3_000_000])
def test_an_event_in_the_payload_bucket_is_shown_and_redriven(deployed, size):
    deployed.subscribe("u")
    deployed.die("u", body=json.dumps("x" * size))
    [letter] = deployed.letters()
    shown = deployed.ask("GET", f"/{letter['id']}")[1]
    is_shown = size < 2_500_000
    assert shown["eventState"] == ("shown" if is_shown else "tooLarge")
    assert shown["event"] is None or shown["event"]["data"] == "x" * size
    deployed.heal()
    assert deployed.ask("POST", f"/{letter['id']}/redrive")[0] == 202
    deployed.work()
    assert [each["data"] for each in deployed.delivered()] == ["x" * size]


def test_an_event_that_is_no_longer_kept_is_told(deployed):
    deployed.subscribe("u")
    deployed.die("u", body=json.dumps("x" * 100_000))
    [letter] = deployed.letters()
    s3, bucket = boto3.client("s3"), deployed.settings.payload_bucket
    for each in s3.list_objects_v2(Bucket=bucket, Prefix=f"{deployed.space}/")["Contents"]:
        s3.delete_object(Bucket=bucket, Key=each["Key"])
    shown = deployed.ask("GET", f"/{letter['id']}")[1]
    assert (shown["event"], shown["eventState"]) == (None, "gone")
    assert deployed.refusal(409, "POST", f"/{letter['id']}/redrive") == "Dead letter cannot be redriven: the event is no longer kept."
    assert len(deployed.letters()) == 1


def test_deletion(deployed):
    deployed.subscribe("u")
    deployed.die("u", 2)
    one, other = deployed.letters()
    assert deployed.ask("DELETE", f"/{one['id']}") == (204, None)
    assert deployed.letters() == [other]
    for method, path in (("DELETE", ""), ("GET", ""), ("POST", "/redrive")):
        assert deployed.refusal(404, method, f"/{one['id']}{path}") == f'Dead letter "{one["id"]}" not found.'


def test_expired_letters_are_gone_though_they_lie_there_still(deployed, monkeypatch):
    deployed.subscribe("u")
    deployed.die("u")
    [letter] = deployed.letters()
    store = config.api().dead_letters.office.redriver.letters
    now = store._clock()
    monkeypatch.setattr(store, "_clock", lambda: now + KEPT_SECONDS + 1)
    assert deployed.letters() == []
    for method, path in (("DELETE", ""), ("GET", ""), ("POST", "/redrive")):
        deployed.refusal(404, method, f"/{letter['id']}{path}")


def test_pages_are_stable_while_letters_come_and_go(deployed):
    deployed.subscribe("u")
    deployed.die("u", 6)
    every = deployed.letters()
    assert [each["acceptedAt"] for each in every] == sorted((each["acceptedAt"] for each in every), reverse=True)
    first = deployed.ask("GET", "", "limit=2")[1]
    deployed.ask("DELETE", f"/{every[1]['id']}")
    deployed.ask("DELETE", f"/{every[2]['id']}")
    deployed.die("u")
    second = deployed.ask("GET", "", f"limit=2&cursor={first['cursor']}")[1]
    third = deployed.ask("GET", "", f"limit=2&cursor={second['cursor']}")[1]
    assert [first["deadLetters"], second["deadLetters"], third["deadLetters"]] == [every[:2], every[3:5], every[5:]]
    assert "cursor" not in third


def test_a_page_has_100_unless_told_otherwise(deployed):
    deployed.subscribe("u")
    deployed.die("u", 110)
    first = deployed.ask("GET")[1]
    assert (len(first["deadLetters"]), len(deployed.ask("GET", "", f"cursor={first['cursor']}")[1]["deadLetters"])) == (100, 10)
    assert len(deployed.ask("GET", "", "limit=1000")[1]["deadLetters"]) == 110


def test_filters_by_time_are_inclusive_and_exclusive(deployed):
    deployed.subscribe("u")
    deployed.die("u", 3)
    newest, middle, oldest = deployed.letters()
    at = middle["acceptedAt"]
    assert deployed.letters(f"acceptedAfter={at}") == [newest, middle]
    assert deployed.letters(f"acceptedBefore={at}") == [oldest]
    zoned = quote(at.replace("Z", "+00:00"))
    assert deployed.letters(f"acceptedAfter={zoned}&acceptedBefore={newest['acceptedAt']}&limit=1") == [middle]
