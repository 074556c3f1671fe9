"""The gateway's own role when functions are called: one suite over all types on AWS, whatever is stored and however it got there."""

import logging

import pytest

from eventgateway import providers
from eventgateway.core.errors import FunctionRefused, FunctionUnreachable
from eventgateway.core.own_role import INCOMPLETE, NOT_YOURS, OperatorsRole
from eventgateway.core.provider import AwsProvider, Call, Purpose
from eventgateway.outbound import Network
from tests.contract.backends import ENTRIES, KEY, ROLE_KEY, TOKEN, sts_answer
from tests.contract.conftest import OWN_KEY, OWN_SECRET, REGION
from tests.loopback import answer

REGISTRY = providers.load()
AWS = sorted(type_ for type_, provider in REGISTRY.items() if issubclass(provider, AwsProvider))
ACCOUNT = "123456789012"
DELIVERIES = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/deliveries"
KINDS = {"lambda": "function:", "sqs": "", "kinesis": "stream/", "firehose": "deliverystream/"}
KEYS = ("awsAccessKeyId", "awsSecretAccessKey", "awsSessionToken")
NONE = dict.fromkeys((*KEYS, "roleArn", "externalId"), "")
HALVES = [{"awsAccessKeyId": ""}, {"awsSecretAccessKey": ""}, {"awsAccessKeyId": " "}, {"awsAccessKeyId": "", "awsSecretAccessKey": ""}]


def stored(type_, **other):
    """As it is read from storage: nobody validates it any more."""
    return REGISTRY[type_].restore(ENTRIES[type_].document("") | other)


def arn(target):
    return f"arn:aws:{target.service}:{target.region}:{target.account or ACCOUNT}:{KINDS[target.service]}{target.name}"


@pytest.fixture
def call(network, server, monkeypatch):
    """Calls a provider of a hosted gateway whose operator allows some targets."""

    def call(type_, *allowed, **other):
        monkeypatch.setenv(ENTRIES[type_].endpoint, server.url())
        server.script = lambda request: [ENTRIES[type_].success(request)]
        hosted = Network(network.http, network.clients, OperatorsRole.of(allowed, DELIVERIES))
        return stored(type_, **other).call(Call(ENTRIES[type_].payload, Purpose.ASYNC, 5.0, "event-1"), hosted)

    return call


def signers(server):
    return [request.headers["authorization"].split("Credential=")[1].split("/")[0] for request in server.requests]


@pytest.mark.parametrize("type_", AWS)
class TestEachType:
    def test_without_keys_and_role_nothing_is_called(self, type_, call, server, sts):
        with pytest.raises(FunctionRefused) as refused:
            call(type_, **NONE)
        assert refused.value.message == NOT_YOURS
        assert server.requests == sts.requests == []

    @pytest.mark.parametrize("half", HALVES, ids=["secret", "id", "blank id", "token"])
    def test_with_half_a_pair_of_keys_nothing_is_called(self, type_, call, server, sts, half):
        for role in ({}, {"roleArn": ""}):
            with pytest.raises(FunctionRefused) as refused:
                call(type_, arn(stored(type_).target), **half | role)
            assert refused.value.message == INCOMPLETE
        assert server.requests == sts.requests == []

    def test_what_is_allowed_is_called_with_the_own_role(self, type_, call, server, sts):
        assert call(type_, arn(stored(type_).target), **NONE) == ENTRIES[type_].result
        assert (signers(server), sts.requests) == ([OWN_KEY], [])

    @pytest.mark.parametrize("other", [{"region": "eu-west-1"}])
    def test_what_is_allowed_elsewhere_is_not(self, type_, call, server, other):
        with pytest.raises(FunctionRefused):
            call(type_, arn(stored(type_).target), **NONE | other)
        assert server.requests == []

    def test_with_keys_they_sign_and_with_a_role_its_own_do(self, type_, call, server, sts):
        call(type_, roleArn="")
        call(type_)
        call(type_, **dict.fromkeys(KEYS, ""))
        assert signers(server) == [KEY, ROLE_KEY, ROLE_KEY]
        assert signers(sts) == [KEY, OWN_KEY]

    def test_the_target_is_what_the_request_names(self, type_, call, server):
        target = stored(type_).target
        assert (target.service, target.region, bool(target.name)) == (type_.removeprefix("aws"), REGION, True)
        call(type_)
        [request] = server.requests
        assert target.name in f"{request.target} {request.body.decode()}"

    def test_standalone_it_may_be_called(self, type_, network, server, monkeypatch):
        monkeypatch.setenv(ENTRIES[type_].endpoint, server.url())
        server.script = lambda request: [ENTRIES[type_].success(request)]
        stored(type_, **NONE | {"awsAccessKeyId": KEY}).call(Call(ENTRIES[type_].payload, Purpose.ASYNC, 5.0, "event-1"), network)
        assert signers(server) == [OWN_KEY]


def test_the_queue_of_deliveries_is_nobodys_target(call, server):
    """Who sends to it with the gateway's role forges deliveries of other tenants."""
    with pytest.raises(FunctionRefused):
        call("awssqs", f"arn:aws:sqs:{REGION}:{ACCOUNT}:deliveries*", **NONE | {"queueUrl": DELIVERIES})
    assert server.requests == []


@pytest.mark.parametrize("empty", ["AccessKeyId", "SecretAccessKey"])
def test_a_role_without_keys_is_never_the_own_one(call, server, sts, empty):
    document = sts_answer().decode()
    value = document.split(f"<{empty}>")[1].split("<")[0]
    body = document.split("\r\n\r\n", 1)[1].replace(f"<{empty}>{value}<", f"<{empty}><")
    sts.script = lambda _: [answer(body.encode(), "Content-Type: text/xml")]
    with pytest.raises(FunctionUnreachable, match="the role cannot be assumed: STS answered no keys"):
        call("awslambda")
    assert server.requests == []


def test_a_refusal_says_nothing_of_keys(call, caplog):
    with caplog.at_level(logging.DEBUG), pytest.raises(FunctionRefused) as refused:
        call("awslambda", awsAccessKeyId="")
    assert not [secret for secret in (TOKEN, OWN_SECRET) if secret in refused.value.message + caplog.text]
