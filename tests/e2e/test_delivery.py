"""Async deliveries: retries, dead letters, large events, secrets."""

import json
from base64 import b64decode, b64encode

import pytest
from standardwebhooks import Webhook

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SECRET = "whsec_" + b64encode(b"a secret of 32 bytes, no longer.").decode()
LARGE = 2 * 1024 * 1024  # bytes; messages of SQS end at 1 MiB
KEPT_IN_BUCKET = 100 * 1024  # bytes; rows of dead letters hold at most 64 KB


def test_a_delivery_is_made_again_until_its_function_succeeds(gateway, target):
    target.failures = 2
    subscribed = gateway.subscribe_http(target)
    subscribed.emit('{"order": 7}')
    target.wait(3)
    assert [each["data"] for each in target.events] == [{"order": 7}] * 3
    assert len({each.headers["x-delivery-id"] for each in target.requests}) == 1
    assert subscribed.letters() == []


def test_a_delivery_that_failed_for_good_is_a_dead_letter_and_can_be_delivered_again(gateway, target):
    target.failures = 1
    subscribed = gateway.subscribe_http(target, retry={"maxAttempts": 1})
    subscribed.emit('{"order": 8}')
    assert target.wait_until(lambda: len(subscribed.letters()) == 1)
    (letter,) = subscribed.letters()
    assert (letter["attemptCount"], letter["lastStatus"], letter["functionId"]) == (1, 500, subscribed.function)
    shown = gateway.configure("GET", f"deadletters/{letter['id']}").document
    assert shown["event"]["data"] == {"order": 8}
    assert gateway.configure("POST", f"deadletters/{letter['id']}/redrive").status == 202
    target.wait(2)
    assert target.events[1] == target.events[0]
    assert subscribed.letters() == []


def test_a_redrive_of_all_letters_is_done_by_the_worker(gateway, target):
    target.failures = 3
    subscribed = gateway.subscribe_http(target, retry={"maxAttempts": 1})
    for number in range(3):
        subscribed.emit(json.dumps({"number": number}))
    assert target.wait_until(lambda: len(subscribed.letters()) == 3)
    started = gateway.configure("POST", f"deadletters/redrive?subscription={subscribed.subscription}")
    assert started.status == 202
    address = f"deadletters/redrives/{started.document['redriveId']}"
    assert target.wait_until(lambda: gateway.configure("GET", address).document["state"] == "done")
    assert gateway.configure("GET", address).document["redriven"] == 3
    target.wait(6)
    assert sorted(each["data"]["number"] for each in target.events[3:]) == [0, 1, 2]


def test_an_event_that_no_message_holds_arrives_whole(gateway, target):
    subscribed = gateway.subscribe_http(target)
    body = json.dumps({"text": "x" * LARGE})
    subscribed.emit(body)
    target.wait()
    (event,) = target.events
    assert event["data"] == json.loads(body)


def test_a_large_event_is_kept_with_its_dead_letter(gateway, target):
    target.failures = 1
    subscribed = gateway.subscribe_http(target, retry={"maxAttempts": 1})
    body = json.dumps({"text": "y" * KEPT_IN_BUCKET})
    subscribed.emit(body)
    assert target.wait_until(lambda: len(subscribed.letters()) == 1)
    (letter,) = subscribed.letters()
    shown = gateway.configure("GET", f"deadletters/{letter['id']}").document
    assert (shown["eventState"], shown["event"]["data"]) == ("shown", json.loads(body))


def test_bytes_that_are_no_text_arrive_as_they_were_sent(gateway, target):
    sent = bytes(range(256)) * 16
    subscribed = gateway.subscribe_http(target)
    subscribed.emit(sent, content_type="application/octet-stream")
    target.wait()
    (event,) = target.events
    assert b64decode(event["data"]) == sent


def test_the_secret_of_a_function_signs_its_deliveries_and_is_shown_to_nobody(gateway, target, ministack):
    subscribed = gateway.subscribe_http(target, provider={"signingSecret": SECRET})
    subscribed.emit('{"order": 9}')
    target.wait()
    (request,) = target.requests
    Webhook(SECRET).verify(request.body, request.headers)
    shown = gateway.configure("GET", f"functions/{subscribed.function}")
    assert shown.document["provider"]["signingSecret"] == "*****"
    assert SECRET.encode() not in shown.body
    tables = ministack.client("dynamodb")
    for table in tables.list_tables()["TableNames"]:
        rows = str(tables.scan(TableName=table)["Items"])
        assert SECRET not in rows
        assert SECRET.removeprefix("whsec_") not in rows
