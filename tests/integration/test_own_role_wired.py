"""The confused deputy in the deployed code, hosted and on emulated AWS: what a tenant gets out of the gateway's own role."""

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID as ACCOUNT
from moto.sts.models import sts_backends

from eventgateway.core.own_role import INCOMPLETE, NOT_YOURS
from local.emulator import Emulator
from tests.integration.tenants import Tenants

REGION = "us-east-1"
SHARED, DELIVERIES = f"arn:aws:sqs:{REGION}:{ACCOUNT}:shared", f"arn:aws:sqs:{REGION}:{ACCOUNT}:eventgateway-*"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/event-gateway-good"
PAIR = {"awsAccessKeyId": "AKIAEVIL", "awsSecretAccessKey": "secret"}
FRAME = "Function doesn't validate. Validation error: "
GOOD, EVIL = "good-app", "evil-app"


@pytest.fixture
def tenants():
    with Emulator() as emulator:
        yield Tenants(emulator, allowed_targets=f"{SHARED}, {DELIVERIES}")


@pytest.fixture
def shared(tenants):
    """The queue that the operator allows."""
    return tenants.sqs.create_queue(QueueName="shared")["QueueUrl"]


@pytest.fixture
def secret(tenants):
    """A queue of the operator that nobody was told of."""
    return tenants.sqs.create_queue(QueueName="secret")["QueueUrl"]


def refusal(answered):
    status, document = answered
    return status, document["errors"][0]["message"].removeprefix(FRAME)


def messages(tenants, url):
    return tenants.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])


def test_the_queue_of_deliveries_cannot_be_registered(tenants):
    """A message in it is a delivery of any space that it names; even a careless pattern does not allow it."""
    own = {"queueUrl": tenants.settings.queue_url}
    assert refusal(tenants.function(EVIL, "awssqs", **own)) == (400, NOT_YOURS)
    assert refusal(tenants.function(EVIL, "awssqs", **own, awsAccessKeyId="AKIAEVIL")) == (400, INCOMPLETE)
    assert tenants.function(EVIL, "awssqs", **own, **PAIR)[0] == 201
    assert refusal(tenants.function(EVIL, "awssqs", **own)) == (400, NOT_YOURS)
    assert refusal(tenants.function(EVIL, "awssqs", **own, awsSecretAccessKey="*****")) == (400, INCOMPLETE)


@pytest.mark.parametrize("half", [{}, {"awsAccessKeyId": "AKIAEVIL"}, {"awsSecretAccessKey": "secret"}], ids=["none", "id", "secret"])
class TestStoredFromBefore:
    """Functions that are there although nobody would register them today."""

    @pytest.fixture
    def smuggled(self, tenants, half):
        def smuggle(url):
            tenants.smuggle(EVIL, "awssqs", queueUrl=url, **half)
            return INCOMPLETE if half else NOT_YOURS

        return smuggle

    def test_a_delivery_forges_none_and_neither_does_its_redrive(self, tenants, smuggled):
        reason = smuggled(tenants.settings.queue_url)
        tenants.subscribe(EVIL)
        assert tenants.emit(EVIL)[0] == 202
        for _ in range(2):
            [delivery] = tenants.work()
            [letter] = tenants.letters(EVIL)
            assert (delivery["space"], letter["lastError"]) == (EVIL, reason)
            assert (tenants.groups, tenants.letters(GOOD)) == ([], [])
            status, _ = tenants.ask("POST", f"/v1/spaces/{EVIL}/deadletters/{letter['id']}/redrive")
            assert status == 202

    def test_a_sync_call_tells_the_emitter_nothing(self, tenants, smuggled, secret):
        smuggled(secret)
        tenants.subscribe(EVIL, "sync")
        status, body = tenants.emit(EVIL)
        assert (status, "own role" in body, messages(tenants, secret)) == (500, False, [])

    def test_an_authorizer_is_not_asked(self, tenants, smuggled, secret):
        smuggled(secret)
        tenants.subscribe(EVIL, authorizer="f")
        assert tenants.emit(EVIL)[0] == 503
        assert (messages(tenants, secret), tenants.groups) == ([], [])


@pytest.mark.parametrize(("type_", "status"), [("sync", 200), ("async", 202)])
def test_what_the_operator_allows_is_called(tenants, shared, type_, status):
    assert tenants.function(GOOD, "awssqs", queueUrl=shared)[0] == 201
    tenants.subscribe(GOOD, type_)
    tenants.emit(GOOD)
    tenants.work()
    assert len(messages(tenants, shared)) == 1


def test_with_keys_of_its_own_a_tenant_calls_what_it_likes(tenants, secret):
    keys = boto3.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]
    own = {"awsAccessKeyId": keys["AccessKeyId"], "awsSecretAccessKey": keys["SecretAccessKey"], "awsSessionToken": keys["SessionToken"]}
    assert tenants.function(GOOD, "awssqs", queueUrl=secret, **own)[0] == 201
    tenants.subscribe(GOOD)
    tenants.emit(GOOD)
    tenants.work()
    assert len(messages(tenants, secret)) == 1


class TestRoles:
    """A tenant that names the role of another one: the role asks for the external id of its owner's space."""

    def external_id(self, tenants, space, **provider):
        status, document = tenants.function(space, "awssqs", **provider)
        assert status in {200, 201}, document
        return document["provider"]["externalId"]

    def test_the_id_that_is_sent_is_that_of_the_space(self, tenants, secret):
        own = {space: self.external_id(tenants, space, queueUrl=secret, roleArn=ROLE) for space in (GOOD, EVIL)}
        for space in (GOOD, EVIL):
            tenants.subscribe(space)
            tenants.emit(space)
            tenants.work()
        assert own[GOOD] != own[EVIL]
        assert [each.external_id for each in sts_backends[ACCOUNT]["aws"].assumed_roles] == [own[GOOD], own[EVIL]]

    def test_it_cannot_be_chosen_in_any_way(self, tenants, secret):
        theirs = self.external_id(tenants, GOOD, queueUrl=secret, roleArn=ROLE)
        ways = [
            {"externalId": theirs},  # created
            {"externalId": theirs},  # updated
            {"externalId": theirs, "roleArn": f"{ROLE}2"},
            tenants.ask("GET", f"/v1/spaces/{GOOD}/functions/f")[1]["provider"],  # as it is, from one space to the other
        ]
        mine = {self.external_id(tenants, EVIL, **{"queueUrl": secret, "roleArn": ROLE} | way) for way in ways}
        assert len(mine) == 1
        assert theirs not in mine

    def test_it_does_not_outlive_the_data_of_the_space(self, tenants, secret):
        """Who gets the name later must not get the roles that trusted whoever had it before."""
        before = self.external_id(tenants, EVIL, queueUrl=secret, roleArn=ROLE)
        table = boto3.resource("dynamodb").Table(tenants.settings.config_table)
        table.delete_item(Key={"pk": f"space#{EVIL}", "sk": "identity"})
        after = self.external_id(tenants, EVIL, queueUrl=secret, roleArn=ROLE)
        assert before != after == self.external_id(tenants, EVIL, queueUrl=secret, roleArn=ROLE, identifier="g")

    def test_it_is_not_asked_for_what_brings_half_a_pair_of_keys(self, tenants, secret):
        half = {"roleArn": ROLE, "awsAccessKeyId": "AKIAEVIL"}
        assert refusal(tenants.function(EVIL, "awssqs", queueUrl=secret, **half)) == (400, INCOMPLETE)
