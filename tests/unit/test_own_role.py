"""Whose the gateway's own role is: what of it the Config API refuses in hosted mode, and how it says so."""

import pytest

from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import FunctionRefused, InvalidRequest
from eventgateway.core.function import Function
from eventgateway.core.own_role import EVERYBODYS, INCOMPLETE, NOT_YOURS, OperatorsRole
from eventgateway.core.provider import Credentials
from eventgateway.core.target import Target
from eventgateway.operations.manage import Manager
from tests.unit.management import HTTP, RULE, create, message, update

REGION, ACCOUNT, OTHER = "eu-west-1", "123456789012", "210987654321"
DELIVERIES = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/Gateway-Deliveries-X1"
ALLOWED = (
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shared-*",
    f"arn:aws:sqs:{REGION}:{ACCOUNT}:shared",
    f"arn:aws:sqs:{REGION}:{ACCOUNT}:Gateway-*",
    f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/shared",
    f"arn:aws:kinesis:{REGION}:{OTHER}:stream/theirs",
    f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/shared",
)
ROLE = OperatorsRole.of(ALLOWED, DELIVERIES)
FRAME = "Function doesn't validate. Validation error: "
PAIR = {"awsAccessKeyId": "AKID", "awsSecretAccessKey": "secret"}
IN_ROLE = {"roleArn": f"arn:aws:iam::{OTHER}:role/event-gateway-shop"}
TARGETS = {
    "awslambda": (
        {"arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shared-a"},
        {"arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:own"},
    ),
    "awssqs": ({"queueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/shared"}, {"queueUrl": DELIVERIES}),
    "awskinesis": ({"streamName": "shared"}, {"streamName": "theirs"}),
    "awsfirehose": ({"deliveryStreamName": "shared"}, {"deliveryStreamName": "own"}),
}
HALVES = {
    "id alone": {"awsAccessKeyId": "AKID"},
    "secret alone": {"awsSecretAccessKey": "secret"},
    "token alone": {"awsSessionToken": "token"},
    "id and token": {"awsAccessKeyId": "AKID", "awsSessionToken": "token"},
    "secret and token": {"awsSecretAccessKey": "secret", "awsSessionToken": "token"},
    "blank id": PAIR | {"awsAccessKeyId": " "},
    "blank secret": PAIR | {"awsSecretAccessKey": "\t\u00a0"},
    "blank token": PAIR | {"awsSessionToken": " "},
    "all blank": {"awsAccessKeyId": " ", "awsSecretAccessKey": " "},
}
EMPTY = {"awsAccessKeyId": "", "awsSecretAccessKey": "", "awsSessionToken": "", "roleArn": ""}


def allowed(type_):
    return TARGETS[type_][0]


def foreign(type_):
    return TARGETS[type_][1]


def document(type_, *configurations):
    provider = {"region": REGION}
    for each in configurations:
        provider |= each
    return {"functionId": "x", "type": type_, "provider": provider}


@pytest.fixture
def hosted(gateway):
    """A manager of a gateway whose role is the operator's."""
    return Manager(gateway.manager.spaces, secrets=gateway.secrets, own_role=ROLE)


def refusal(manager, sent):
    with pytest.raises(InvalidRequest) as refused:
        create(manager, Function.kind, sent)
    assert manager.list(Function.kind, "default", {}) == []
    return message(refused).removeprefix(FRAME)


@pytest.mark.parametrize("type_", TARGETS)
class TestOfEachType:
    @pytest.mark.parametrize("none", [{}, EMPTY], ids=["left out", "empty"])
    def test_what_is_not_allowed_needs_keys_or_a_role(self, hosted, type_, none):
        assert refusal(hosted, document(type_, foreign(type_), none)) == NOT_YOURS

    @pytest.mark.parametrize(
        "own", [PAIR, PAIR | {"awsSessionToken": "token"}, IN_ROLE, PAIR | IN_ROLE], ids=["pair", "token", "role", "both"]
    )
    def test_with_keys_or_a_role_it_is_registered(self, hosted, type_, own):
        create(hosted, Function.kind, document(type_, foreign(type_), own))

    @pytest.mark.parametrize("role", [{}, IN_ROLE], ids=["no role", "role"])
    @pytest.mark.parametrize("half", HALVES)
    @pytest.mark.parametrize("its", [allowed, foreign])
    def test_half_a_pair_of_keys_is_refused(self, hosted, type_, its, half, role):
        """AWS clients took it for none, and the gateway's own role called."""
        assert refusal(hosted, document(type_, its(type_), HALVES[half], role)) == INCOMPLETE

    def test_what_is_allowed_needs_nothing(self, hosted, type_):
        create(hosted, Function.kind, document(type_, allowed(type_)))

    @pytest.mark.parametrize("region", ["us-east-1", "eu-west-1-x", "x"])
    def test_in_another_region_it_is_not_allowed(self, hosted, type_, region):
        assert refusal(hosted, document(type_, allowed(type_), {"region": region})) == NOT_YOURS

    def test_an_update_is_checked(self, hosted, type_):
        create(hosted, Function.kind, document(type_, foreign(type_), PAIR))
        for worse, reason in {"secret": INCOMPLETE, "all": NOT_YOURS}.items():
            rest = {"awsAccessKeyId": "AKID"} if worse == "secret" else {}
            with pytest.raises(InvalidRequest) as refused:
                update(hosted, Function.kind, "x", document(type_, foreign(type_), rest))
            assert message(refused) == FRAME + reason
        assert hosted.get(Function.kind, "default", "x").provider.access_key_id == "AKID"

    def test_a_masked_secret_is_the_other_half(self, hosted, type_):
        create(hosted, Function.kind, document(type_, foreign(type_), PAIR))
        update(hosted, Function.kind, "x", document(type_, foreign(type_), PAIR | {"awsSecretAccessKey": "*****"}))

    def test_a_mask_of_nothing_is_no_half(self, hosted, type_):
        sent = document(type_, foreign(type_), {"awsAccessKeyId": "AKID", "awsSecretAccessKey": "*****"})
        assert "no secret is stored that the mask could mean" in refusal(hosted, sent)
        create(hosted, Function.kind, document(type_, allowed(type_)))
        with pytest.raises(InvalidRequest, match="no secret is stored that the mask could mean"):
            update(hosted, Function.kind, "x", sent)

    def test_what_is_stored_from_before_can_be_mended_and_deleted(self, gateway, hosted, type_):
        create(gateway.manager, Function.kind, document(type_, foreign(type_)))
        update(hosted, Function.kind, "x", document(type_, foreign(type_), PAIR))
        hosted.delete(Function.kind, "default", "x")

    def test_standalone_it_is_everybodys(self, gateway, type_):
        create(gateway.manager, Function.kind, document(type_, foreign(type_), {"awsAccessKeyId": "AKID"}))

    def test_a_refusal_quotes_nothing(self, hosted, type_):
        sent = document(type_, foreign(type_), {"awsSecretAccessKey": "s3cret"})
        assert not [value for value in sent["provider"].values() if value in refusal(hosted, sent)]


@pytest.mark.parametrize("url", [DELIVERIES, DELIVERIES.replace("sqs.eu-west-1", "eu-west-1.queue"), f"{DELIVERIES}?", f"{DELIVERIES}/"])
def test_no_pattern_allows_the_queue_of_deliveries(hosted, url):
    """Who may send to it forges deliveries of every space; the role of the gateway may."""
    assert refusal(hosted, document("awssqs", {"queueUrl": url})) == NOT_YOURS


def test_a_pattern_allows_its_neighbours(hosted):
    create(hosted, Function.kind, document("awssqs", {"queueUrl": f"{DELIVERIES}-of-ours"}))


@pytest.mark.parametrize(
    "target", [Target("kinesis", REGION, "shared"), Target("sqs", REGION, "shared", ACCOUNT)], ids=lambda each: each.service
)
def test_a_gateway_that_does_not_know_its_queue_knows_no_stream_and_no_other_queue(target):
    with pytest.raises(FunctionRefused):
        OperatorsRole.of(ALLOWED, "http://localhost:4566/queue").check(target, Credentials())
    ROLE.check(target, Credentials())


@pytest.mark.parametrize("name", ["", "shared-\n", "shared"])
def test_a_target_that_is_not_known_is_refused_when_it_is_called(name):
    with pytest.raises(FunctionRefused) as refused:
        ROLE.check(Target("lambda", REGION, name, ACCOUNT), Credentials())
    assert message(refused) == NOT_YOURS
    EVERYBODYS.check(Target("lambda", REGION, name, ACCOUNT), Credentials())


def test_other_resources_and_functions_elsewhere_do_not_concern_it(hosted):
    create(hosted, Function.kind, HTTP)
    create(hosted, CorsRule.kind, RULE)
