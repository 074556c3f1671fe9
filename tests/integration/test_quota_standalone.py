"""Limits of a gateway with one owner: none, unless somebody puts a quota."""

import json

import boto3

from functions.router import handler as router


def emit(deployed):
    event = {
        "requestContext": {"http": {"method": "POST"}},
        "rawPath": deployed.path,
        "headers": {"event": "u", "content-type": "application/json"},
        "body": "{}",
    }
    return router.handler(event, None)["statusCode"]


def put(deployed, **limits):
    return deployed.send(f"/v1/spaces/{deployed.space}/quota", "PUT", body=json.dumps(limits))


def test_without_a_quota_nothing_is_limited_leased_or_counted_by_day(deployed):
    deployed.subscribe("u")
    assert {emit(deployed) for _ in range(250)} == {202}
    router.api().receiver.usage.flush()
    table = boto3.resource("dynamodb").Table(deployed.settings.records_table)
    answer = table.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": f"usage#{deployed.space}"})
    [total] = answer["Items"]
    assert {name for name in total if not name.startswith("config|")} == {"pk", "sk", "received|custom"}
    assert total["received|custom"] == 250


def test_a_quota_counts_for_the_next_request_and_goes_with_its_deletion(deployed):
    deployed.subscribe("u")
    status, answer = put(deployed, eventsPerDay=2)
    assert (status, answer["eventsPerDay"], answer["requestsPerSecond"]) == (200, 2, 0)
    assert [emit(deployed) for _ in range(3)] == [202, 202, 429]
    assert put(deployed, eventsPerDay=3)[0] == 200
    assert [emit(deployed) for _ in range(2)] == [202, 429]
    assert deployed.send(f"/v1/spaces/{deployed.space}/quota", "DELETE")[0] == 204
    assert emit(deployed) == 202


def test_of_two_spaces_that_get_an_event_both_must_have_room(deployed):
    """Else one of them would get what the other one refuses, and again when it is sent again."""
    deployed.subscribe("u")
    deployed.space += "-2"
    deployed.subscribe("u")
    assert put(deployed, eventsPerDay=1)[0] == 200
    deployed.sqs.purge_queue(QueueUrl=deployed.settings.queue_url)
    assert [emit(deployed) for _ in range(2)] == [202, 429]
    name = "ApproximateNumberOfMessages"
    waiting = deployed.sqs.get_queue_attributes(QueueUrl=deployed.settings.queue_url, AttributeNames=[name])["Attributes"][name]
    assert waiting == "2"
