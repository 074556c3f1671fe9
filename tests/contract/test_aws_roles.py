"""Functions that are called in a role: whose keys assume it, which keys sign the call, and what of failures is told."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import monotonic
from urllib.parse import parse_qs

import boto3
import pytest

from eventgateway import providers
from eventgateway.aws_role import ROLE_LIMIT, STS_SECONDS, Roles
from eventgateway.core.errors import FunctionAccessDenied, FunctionThrottled, FunctionUnreachable, ProviderError
from eventgateway.core.provider import Call, Credentials, Purpose
from eventgateway.outbound import Network
from eventgateway.web.errors import CALL_FAILED, error_result
from tests.contract.backends import (
    ARN,
    EXTERNAL_ID,
    KEY,
    ROLE,
    ROLE_KEY,
    ROLE_SECRET,
    ROLE_TOKEN,
    SECRET,
    TOKEN,
    always,
    aws_error,
    sts_answer,
    sts_error,
)
from tests.contract.conftest import OWN_KEY, OWN_SECRET, REGION
from tests.loopback import Then, answer, refused_url

IN_ROLE = {"arn": ARN, "region": REGION, "roleArn": ROLE, "externalId": EXTERNAL_ID}
KEYS = {
    "Credentials": {
        "AccessKeyId": "k",
        "SecretAccessKey": "s",
        "SessionToken": "t",
        "Expiration": datetime.now(UTC) + timedelta(hours=1),
    }
}
OWN_KEYS = {"awsAccessKeyId": KEY, "awsSecretAccessKey": SECRET, "awsSessionToken": TOKEN}


@pytest.fixture
def network(network, server, monkeypatch):
    """A network whose Lambda is the served backend."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", server.url())
    server.script = lambda _: [answer(b"{}")]
    return network


def call(network, timeout=5.0, **more):
    function = providers.load()["awslambda"].restore(IN_ROLE | more)
    return function.call(Call(b"{}", Purpose.SYNC, timeout, "event-1"), network)


def signers(server):
    return [request.headers["authorization"].split("Credential=")[1].split("/")[0] for request in server.requests]


class TestAssuming:
    @pytest.mark.parametrize(("keys", "signer"), [({}, OWN_KEY), ({"awsAccessKeyId": KEY}, OWN_KEY), (OWN_KEYS, KEY)])
    def test_who_assumes_the_role(self, network, server, sts, keys, signer):
        call(network, **keys)
        assert signers(sts) == [signer]
        assert sts.requests[0].headers.get("x-amz-security-token") == keys.get("awsSessionToken")
        wanted = {"Action": "AssumeRole", "RoleArn": ROLE, "ExternalId": EXTERNAL_ID, "RoleSessionName": "event-gateway"}
        sent = {name: values[0] for name, values in parse_qs(sts.requests[0].body.decode()).items()}
        assert {name: sent[name] for name in wanted} == wanted

    def test_the_role_signs_the_call(self, network, server, sts):
        call(network, **OWN_KEYS)
        assert signers(server) == [ROLE_KEY]
        assert server.requests[0].headers["x-amz-security-token"] == ROLE_TOKEN

    def test_without_a_role_nobody_is_asked(self, network, server, sts):
        call(network, roleArn="", **OWN_KEYS)
        assert (signers(server), sts.requests) == ([KEY], [])

    def test_keys_are_used_until_shortly_before_they_expire(self, network, server, sts):
        for _ in range(3):
            call(network)
        assert len(sts.requests) == 1
        assert (len(server.requests), server.connections) == (3, 1)

    def test_keys_that_expire_soon_are_asked_for_again(self, network, server, sts):
        sts.script = lambda _: [sts_answer(f"KEY{len(sts.requests)}", seconds=300)]
        for _ in range(3):
            call(network)
        assert signers(server) == ["KEY1", "KEY2", "KEY3"]

    def test_what_is_still_valid_is_used_while_sts_is_away(self, network, server, sts):
        sts.script = lambda _: [sts_answer(seconds=14 * 60)] if len(sts.requests) == 1 else [Then.CLOSE]
        call(network)
        call(network)
        assert (signers(server), len(sts.requests)) == ([ROLE_KEY] * 2, 2)

    @pytest.mark.parametrize(
        "other", [{"externalId": "other"}, {"roleArn": f"{ROLE}2"}, OWN_KEYS, {"region": "eu-west-1"}], ids=lambda other: next(iter(other))
    )
    def test_keys_are_not_shared(self, network, server, sts, other):
        """The external id keeps one space from using the role of another."""
        sts.script = lambda _: [sts_answer(f"KEY{len(sts.requests)}")]
        for more in ({}, other, {}):
            call(network, **more)
        assert signers(server) == ["KEY1", "KEY2", "KEY1"]

    def test_many_calls_at_once_ask_once(self, network, server, sts):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: call(network), range(16)))
        assert len(sts.requests) == 1

    def test_number_of_roles_is_limited(self):
        asked = []
        roles = Roles(lambda *_, **parameters: asked.append(parameters["RoleArn"]) or KEYS)
        for number in [*range(ROLE_LIMIT + 1), ROLE_LIMIT, 0]:
            roles.keys(REGION, Credentials(role_arn=str(number)))
        assert asked == [str(number) for number in [*range(ROLE_LIMIT + 1), 0]]


QUOTED = f"{SECRET} {TOKEN} {OWN_SECRET}"
FAILURES = {
    "refused": (always(sts_error("AccessDenied", f"User is not authorized to perform: sts:AssumeRole {SECRET}")), FunctionAccessDenied),
    "unknown keys": (always(sts_error("InvalidClientTokenId")), FunctionAccessDenied),
    "expired keys": (always(sts_error("ExpiredToken", QUOTED.replace(OWN_SECRET, ""))), FunctionAccessDenied),
    "bad signature": (always(sts_error("SignatureDoesNotMatch", QUOTED)), FunctionAccessDenied),
    "throttled": (always(sts_error("Throttling", status=400)), FunctionThrottled),
    "region is off": (always(sts_error("RegionDisabledException")), FunctionUnreachable),
    "broken": (always(sts_error("InternalFailure", status=500)), FunctionUnreachable),
    "page of a load balancer": (always(answer(b"<html>Sorry</html>", status="503 Service Unavailable")), FunctionUnreachable),
    "answer of another service": (always(answer(b"<html>Welcome</html>", "Content-Type: text/html")), FunctionUnreachable),
    "no keys": (always(answer(b"<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>")), FunctionUnreachable),
    "half of the keys": (always(sts_answer().replace(b"SessionToken", b"SomethingXYZ")), FunctionUnreachable),
    "keys that are expired already": (always(sts_answer(seconds=-60)), FunctionUnreachable),
    "hang up": (always(Then.CLOSE), FunctionUnreachable),
}


class TestFailure:
    @pytest.mark.parametrize("what", FAILURES)
    def test_function_is_not_called(self, network, server, sts, what, caplog):
        say, kind = FAILURES[what]
        sts.script = lambda request: [say(request)]
        with caplog.at_level(logging.INFO), pytest.raises(ProviderError) as caught:
            call(network, **OWN_KEYS)
        assert type(caught.value) is kind
        assert "role" in caught.value.message
        assert server.requests == []
        told = [caught.value.message, repr(caught.value), error_result(caught.value).body, caplog.text]
        assert not [text for text in told for secret in (SECRET, TOKEN, OWN_SECRET, ROLE_SECRET, ROLE_TOKEN) if secret in text]
        assert CALL_FAILED in error_result(caught.value).body

    def test_works_again_after_a_failure(self, network, server, sts):
        sts.script = lambda _: [sts_answer() if len(sts.requests) > 1 else Then.CLOSE]
        with pytest.raises(FunctionUnreachable):
            call(network)
        assert call(network) == b"{}"

    def test_sts_is_not_there(self, network, server, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", refused_url())
        with pytest.raises(FunctionUnreachable, match="the role cannot be assumed"):
            call(network)

    def test_silence_is_bounded(self, network, server, sts):
        sts.script = lambda _: [10.0]
        start = monotonic()
        with pytest.raises(FunctionUnreachable, match="the role cannot be assumed"):
            call(network)
        assert monotonic() - start < STS_SECONDS + 1.0

    def test_time_of_sts_is_taken_from_that_of_the_call(self, network, server, sts):
        sts.script = lambda _: [0.1, sts_answer()]
        call(network, timeout=5.0)
        [timeout] = [key[3] for key in network.clients._clients if key[0] == "lambda"]
        assert timeout < 5.0

    def test_without_an_external_id_no_role_is_assumed(self, network, server, sts):
        with pytest.raises(FunctionUnreachable, match="ParamValidationError"):
            call(network, externalId="")
        assert (server.requests, sts.requests) == ([], [])

    def test_secrets_of_keys_and_role_are_masked(self, network, server, sts):
        server.script = lambda _: [aws_error(403, "AccessDeniedException", f"{SECRET} {TOKEN} {ROLE_SECRET} {ROLE_TOKEN}")]
        with pytest.raises(FunctionAccessDenied) as caught:
            call(network, **OWN_KEYS)
        assert caught.value.message == "AccessDeniedException: ***** ***** ***** *****"


def test_emulated(emulator):
    """STS and the service as moto rebuilds them: the queue belongs to the account of the role."""
    network, role = Network(), "arn:aws:iam::222222222222:role/target"
    keys = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    owner = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }
    sqs = boto3.client("sqs", **owner)
    url = sqs.create_queue(QueueName="of-the-role")["QueueUrl"]
    document = {"queueUrl": url, "region": REGION, "roleArn": role, "externalId": EXTERNAL_ID}
    providers.load()["awssqs"].restore(document).call(Call(b'{"a":1}', Purpose.ASYNC, 2.0, "e"), network)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == '{"a":1}'
    with pytest.raises(FunctionUnreachable, match="NonExistentQueue"):
        providers.load()["awssqs"].restore({**document, "roleArn": ""}).call(Call(b"{}", Purpose.ASYNC, 2.0, "e"), network)
