"""AWS functions: the gateway's own role calls what the operator allowed and nothing else, roles need an external id."""

import io
import json
import zipfile

import pytest

from tests.e2e.ministack import ACCOUNT, REGION

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ECHO = "def handler(event, context):\n    return {'statusCode': 200, 'body': event['data']['path']}\n"
SENDS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}


def trusting(principal, **condition):
    """A trust policy."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **condition}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def function_named(ministack, name):
    """An echoing Lambda function of the account; its ARN."""
    role = ministack.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trusting({"Service": "lambda.amazonaws.com"}))
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("echo.py", ECHO)
    made = ministack.client("lambda").create_function(
        FunctionName=name, Runtime="python3.13", Role=role["Role"]["Arn"], Handler="echo.handler", Code={"ZipFile": code.getvalue()}
    )
    return made["FunctionArn"]


def queue_named(ministack, name):
    """A queue of the account: what the emulator calls it, and its URL on AWS."""
    return ministack.client("sqs").create_queue(QueueName=name)["QueueUrl"], f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"


def received(ministack, url):
    """The events in a queue."""
    found = ministack.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(each["Body"]) for each in found]


def test_an_allowed_lambda_function_answers(gateway, ministack):
    provider = {"arn": function_named(ministack, "allowed"), "region": REGION}
    subscribed = gateway.subscribe(provider, "awslambda", sync=True, event_type="http.request", method="GET")
    answer = gateway.emit(subscribed.path, method="GET")
    assert (answer.status, answer.body.decode()) == (200, subscribed.path)


def test_another_lambda_function_of_the_account_is_refused_by_iam(gateway, ministack):
    provider = {"arn": function_named(ministack, "private"), "region": REGION}
    subscribed = gateway.subscribe(provider, "awslambda", sync=True, event_type="http.request", method="GET")
    answer = gateway.emit(subscribed.path, method="GET")
    assert answer.status >= 400
    assert b"AccessDeniedException" in answer.body


def test_an_allowed_queue_gets_events_and_another_does_not(gateway, ministack, target):
    allowed, url = queue_named(ministack, "allowed")
    private, private_url = queue_named(ministack, "private")
    first = gateway.subscribe({"queueUrl": url, "region": REGION}, "awssqs")
    second = gateway.subscribe({"queueUrl": private_url, "region": REGION}, "awssqs", retry={"maxAttempts": 1})
    first.emit('{"order": 1}')
    second.emit('{"order": 2}')
    events = []
    assert target.wait_until(lambda: events.extend(received(ministack, allowed)) or events)
    assert [each["data"] for each in events] == [{"order": 1}]
    assert target.wait_until(lambda: len(second.letters()) == 1)
    assert "AccessDenied" in second.letters()[0]["lastError"]
    assert received(ministack, private) == []


@pytest.mark.parametrize("name", ["event-gateway-orders", "other-orders"])
def test_a_role_is_taken_if_it_is_named_for_it_and_with_its_external_id(gateway, ministack, target, outputs, name):
    own, url = queue_named(ministack, name)
    role = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    provider = {"queueUrl": url, "region": REGION, "roleArn": role}
    subscribed = gateway.subscribe(provider, "awssqs", retry={"maxAttempts": 1})
    external = gateway.configure("GET", f"functions/{subscribed.function}").document["provider"]["externalId"]
    trust = trusting({"AWS": outputs["DeliveryRole"]}, Condition={"StringEquals": {"sts:ExternalId": external}})
    iam = ministack.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=name, PolicyName="send", PolicyDocument=json.dumps(SENDS))
    subscribed.emit('{"order": 3}')
    events = []
    assert target.wait_until(lambda: events.extend(received(ministack, own)) or events or subscribed.letters())
    if name.startswith("event-gateway-"):
        assert [each["data"] for each in events] == [{"order": 3}]
    else:
        assert events == []
        assert "AccessDenied" in subscribed.letters()[0]["lastError"]


def test_a_role_that_trusts_another_external_id_is_not_taken(gateway, ministack, target, outputs):
    own, url = queue_named(ministack, "strange")
    name = "event-gateway-strange"
    trust = trusting({"AWS": outputs["DeliveryRole"]}, Condition={"StringEquals": {"sts:ExternalId": "of somebody else"}})
    iam = ministack.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName=name, PolicyName="send", PolicyDocument=json.dumps(SENDS))
    provider = {"queueUrl": url, "region": REGION, "roleArn": f"arn:aws:iam::{ACCOUNT}:role/{name}"}
    subscribed = gateway.subscribe(provider, "awssqs", retry={"maxAttempts": 1})
    subscribed.emit('{"order": 4}')
    assert target.wait_until(lambda: len(subscribed.letters()) == 1)
    assert "AccessDenied" in subscribed.letters()[0]["lastError"]
    assert received(ministack, own) == []
