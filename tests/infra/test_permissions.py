"""Least privilege, in every stack: what each function may do is written here a second time."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.target import TargetPattern
from infra.parameters import ROLE_PREFIX
from tests.infra.grants import grants, places, roles, statements
from tests.infra.stacks import TARGETS
from tests.infra.template import ACCOUNT, REGION

pytestmark = pytest.mark.xdist_group("infra")

ROLES_OF_OTHERS = f"arn:aws:iam::*:role/{ROLE_PREFIX}*"
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
READ = {"dynamodb:GetItem", "dynamodb:Query"}
WRITE = {"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}
CALLS = {ROLES_OF_OTHERS: {"sts:AssumeRole"}}
TABLE = {
    "Router": CALLS
    | {
        "config": READ,
        "records": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"},
        "deliveries": {"sqs:SendMessage"},
        "payloads/*": {"s3:PutObject"},
        "secrets": {"kms:Decrypt"},
        "logs": LOGS,
    },
    "Config": {
        "config": READ | WRITE | {"dynamodb:ConditionCheckItem"},
        "records": READ | WRITE,
        "deliveries": {"sqs:SendMessage", "sqs:GetQueueAttributes"},
        "payloads/*": {"s3:GetObject", "s3:PutObject"},
        "payloads": {"s3:ListBucket"},
        "secrets": {"kms:Encrypt", "kms:Decrypt"},
        "operator key": {"secretsmanager:GetSecretValue"},
        "logs": LOGS,
    },
    "Dashboard": {"logs": LOGS},
    "Delivery": CALLS
    | {
        "config": READ,
        "records": READ | WRITE,
        "deliveries": {
            "sqs:SendMessage",
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
        },
        "payloads/*": {"s3:GetObject", "s3:PutObject"},
        "payloads": {"s3:ListBucket"},
        "secrets": {"kms:Decrypt"},
        "logs": LOGS,
    },
}
ERASING = {  # all of a tenant
    "config": WRITE | {"dynamodb:ConditionCheckItem"},
    "records": {"dynamodb:Scan"},
    "payloads": {"s3:ListBucketVersions"},
    "payloads/*": {"s3:DeleteObject", "s3:DeleteObjectVersion"},
}
IN_HOSTED_MODE = {"Config": {"config": {"dynamodb:BatchGetItem"}}, "Delivery": ERASING}  # besides
OPEN_TO_OTHERS = ("SQS::QueuePolicy", "S3::BucketPolicy", "SNS::TopicPolicy", "SecretsManager::ResourcePolicy")
TRACES = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
ON_TARGETS = dict(zip(TARGETS, ("lambda:InvokeFunction", "sqs:SendMessage", "kinesis:PutRecord", "firehose:PutRecord"), strict=True))
REASONS_FOR_PATTERNS = {
    "*": "X-Ray has no resources, and is only there with tracing",
    "payloads/*": "events of all spaces, under their digests",
    ROLES_OF_OTHERS: "roles of functions' owners, in accounts that nobody knows before; they ask for the external id of the space",
}


def table(template, role):
    """Resources by their short names, and what the role may do with each."""
    names, found = places(template), {}
    for grant in grants(template, role):
        found.setdefault(names.get(grant.resource, grant.resource), set()).add(grant.action)
    return found


def besides(row, more):
    return row | {resource: row[resource] | actions for resource, actions in more.items()}


def test_every_function_may_do_what_is_written_here_and_nothing_else(template):
    wanted = {name: dict(row) for name, row in TABLE.items()}
    if template.parameters.is_hosted:
        wanted = {name: besides(row, IN_HOSTED_MODE.get(name, {})) for name, row in wanted.items()}
    if template.parameters.tracing:
        wanted = {name: row | {"*": TRACES} for name, row in wanted.items()}
    if template.parameters.allowed_targets:
        targets = {arn: {action} for arn, action in ON_TARGETS.items()}
        wanted |= {name: wanted[name] | targets for name in ("Router", "Delivery")}
    assert {name: table(template, role) for name, role in roles(template).items()} == wanted


def test_a_role_may_log_to_the_log_group_of_its_own_function_only(template):
    for function in template.of("Lambda::Function"):
        allowed = {each.resource for each in grants(template, roles(template)[function.name]) if each.action in LOGS}
        assert allowed == {template.arn(function["LoggingConfig"]["LogGroup"])}


def test_every_function_has_a_role_of_its_own(template):
    used = [each["Role"] for each in template.of("Lambda::Function")]
    assert len(set(used)) == len(used)
    assert set(used) == {template.arn(each.id) for each in template.of("IAM::Role")}


def test_only_lambda_may_take_a_role_of_the_gateway(template):
    for role in template.of("IAM::Role"):
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust == {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}


def test_no_policy_is_one_that_somebody_else_may_change(template):
    assert template.optional("IAM::ManagedPolicy") == []
    assert [each.id for each in template.of("IAM::Role") if each.get("ManagedPolicyArns")] == []


def test_no_action_is_a_pattern(template):
    for role in template.of("IAM::Role"):
        assert [each for each in grants(template, role) if "*" in each.action] == []


def test_every_pattern_of_resources_has_a_reason(template):
    names = places(template)
    found = {names.get(each.resource, each.resource) for role in template.of("IAM::Role") for each in grants(template, role)}
    patterns = {each for each in found if "*" in each or "?" in each}
    assert patterns == set(REASONS_FOR_PATTERNS) - (set() if template.parameters.tracing else {"*"})


def test_the_router_cannot_write_configuration(template):
    allowed = table(template, roles(template)["Router"])["config"]
    assert not [action for action in allowed if action not in READ]


def test_the_dashboard_can_read_nothing_at_all(template):
    assert set(table(template, roles(template)["Dashboard"])) <= {"logs", "*"}


def test_without_allowed_targets_nobody_can_call_anything_of_the_operator(default):
    own = set(places(default))
    beyond = [each for role in default.of("IAM::Role") for each in grants(default, role) if each.resource not in own]
    assert {(each.action, each.resource) for each in beyond} == {("sts:AssumeRole", ROLES_OF_OTHERS)}


def test_a_role_of_somebody_else_is_taken_with_an_external_id_or_not_at_all(template):
    for role in template.of("IAM::Role"):
        for statement in statements(template, role):
            if "sts:AssumeRole" in statement["Action"]:
                assert statement["Condition"] == {"Null": {"sts:ExternalId": "false"}}
                assert statement["Resource"] == ROLES_OF_OTHERS


def test_the_gateway_cannot_take_its_own_roles(template):
    for role in template.of("IAM::Role"):
        assert "RoleName" not in role.properties
        assert not f"{template.parameters.stack_name}-{role.id}".lower().startswith(ROLE_PREFIX)


def test_what_others_may_do_with_the_resources_is_said_by_their_account_alone(template):
    documents = [each["PolicyDocument"] for type_ in OPEN_TO_OTHERS for each in template.optional(type_)]
    documents += [each["KeyPolicy"] for each in template.of("KMS::Key")]
    for statement in (each for document in documents for each in document["Statement"]):
        if statement["Effect"] == "Allow":
            assert ACCOUNT in str(statement["Principal"]) or statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


@pytest.mark.parametrize(
    "arn",
    [
        "*",
        "arn:aws:lambda:*",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:*",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:*",
        f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:ours",
        f"arn:aws:lambda:{REGION}:*:function:ours",
        f"arn:aws:lambda:*:{ACCOUNT}:function:ours",
        f"arn:*:lambda:{REGION}:{ACCOUNT}:function:ours",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:*",
        f"arn:aws:sqs:{REGION}:{ACCOUNT}:?",
        f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/",
        f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/*",
        f"arn:aws:firehose:{REGION}:{ACCOUNT}:*/ours",
        f"arn:aws:s3:{REGION}:{ACCOUNT}:ours",
        "arn:aws:s3:::ours",
        f" {TARGETS[0]}",
        "ours",
        "",
    ],
)
def test_a_target_that_is_no_function_queue_or_stream_with_a_name_is_refused(arn):
    from infra.permissions import InvalidTarget, _by_action

    with pytest.raises(InvalidTarget) as refused:
        _by_action([arn])
    assert str(refused.value).startswith(f"allowed_targets: {arn!r} is no ARN of a function, queue or stream")


@pytest.mark.parametrize(
    "arn", [*TARGETS, f"{TARGETS[0]}:live", f"{TARGETS[0]}*", f"{TARGETS[1]}.fifo", TARGETS[0].replace(":aws:", ":aws-cn:")]
)
def test_a_target_may_have_a_version_or_be_all_those_whose_names_begin_alike(arn):
    from infra.permissions import _by_action

    [allowed] = _by_action([arn]).values()
    assert allowed == [arn]


@given(st.sampled_from([*TARGETS, "arn:aws:s3:::ours"]), st.text("ours-*?.:/[ \n", max_size=6))
def test_what_the_stack_allows_the_gateway_can_read(arn, end):
    """In hosted mode the functions get the ARNs, too, and would not start with one that only the stack takes."""
    from infra.permissions import InvalidTarget, _by_action

    with suppress(InvalidTarget):
        _by_action([f"{arn}{end}"])
        assert TargetPattern.parse(f"{arn}{end}")
