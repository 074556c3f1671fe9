"""What each function may do, action by action. Nobody has more than what its code calls; tests/infra holds it to that."""

import re
from collections.abc import Iterable

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from infra.acknowledgments import acknowledge_pattern
from infra.parameters import ROLE_PREFIX

ROLE_NAMES = f"{ROLE_PREFIX}*"  # the roles of functions in other accounts that the gateway may take, by their names
TARGET_ACTIONS = {
    "lambda:function:": "lambda:InvokeFunction",
    "sqs:": "sqs:SendMessage",
    "kinesis:stream/": "kinesis:PutRecord",
    "firehose:deliverystream/": "firehose:PutRecord",
}
TARGET = re.compile(r"arn:aws[a-z-]*:([a-z]+:)[a-z0-9-]+:\d{12}:((?:[a-z]+[:/])?)[\w-][\w.:*?-]*", re.ASCII)  # patterns begin with a name
READ = ("dynamodb:GetItem", "dynamodb:Query")
CHANGE = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem")
CONFIGURE = (*READ, *CHANGE)
LIST_TENANTS = ("dynamodb:BatchGetItem",)
RECORD = (*READ, "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
CLAIM_AND_COUNT = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
SEND = ("sqs:SendMessage",)
SEND_AND_LOOK = (*SEND, "sqs:GetQueueAttributes")
WORK = (*SEND_AND_LOOK, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
OPEN = ("kms:Decrypt",)
SEAL = (*OPEN, "kms:Encrypt")
READ_SECRET = ("secretsmanager:GetSecretValue",)
SCAN = ("dynamodb:Scan",)


class InvalidTarget(ValueError):
    """A target is no ARN of something that the gateway can call."""


def allow(role: iam.IRole, actions: Iterable[str], *resources: str, when: dict[str, dict[str, str]] | None = None) -> None:
    """Let a role do some actions on some resources."""
    role.add_to_principal_policy(iam.PolicyStatement(actions=sorted(actions), resources=list(resources), conditions=when))


def put_payloads(role: iam.IRole, bucket_arn: str) -> None:
    """Let a role store large events."""
    _allow_objects(role, "s3:PutObject", bucket_arn)


def get_payloads(role: iam.IRole, bucket_arn: str) -> None:
    """Let a role read large events. Without the right to list, S3 would call one that is gone forbidden."""
    _allow_objects(role, "s3:GetObject", bucket_arn)
    allow(role, ["s3:ListBucket"], bucket_arn)


def erase(role: iam.IRole, config_arn: str, records_arn: str, bucket_arn: str) -> None:
    """Let a role that reads configuration and works with records delete all that is of a tenant, in every version that is kept."""
    allow(role, CHANGE, config_arn)
    allow(role, SCAN, records_arn)
    allow(role, ["s3:ListBucketVersions"], bucket_arn)
    _allow_objects(role, "s3:DeleteObject", bucket_arn)
    _allow_objects(role, "s3:DeleteObjectVersion", bucket_arn)


def _allow_objects(role: iam.IRole, action: str, bucket_arn: str) -> None:
    objects = f"{bucket_arn}/*"
    allow(role, [action], objects)
    acknowledge_pattern(role, objects, "Large events of all spaces lie in the bucket, under their digests.")


def call_targets(role: iam.IRole, arns: Iterable[str]) -> None:
    """Let a role call the operator's targets, and take roles of others that are named for it and ask for an external id."""
    for action, targets in _by_action(arns).items():
        allow(role, [action], *targets)
        for pattern in filter(_is_pattern, targets):
            acknowledge_pattern(role, pattern, "The operator allows it, see allowed_targets.")
    roles = f"arn:{Aws.PARTITION}:iam::*:role/{ROLE_NAMES}"
    allow(role, ["sts:AssumeRole"], roles, when={"Null": {"sts:ExternalId": "false"}})
    acknowledge_pattern(role, roles, "Whoever owns a function makes the role, in an account that nobody knows before.")


def _is_pattern(arn: str) -> bool:
    return "*" in arn or "?" in arn


def _by_action(arns: Iterable[str]) -> dict[str, list[str]]:
    """Raises InvalidTarget."""
    found: dict[str, list[str]] = {}
    for arn in arns:
        found.setdefault(_action(arn), []).append(arn)
    return found


def _action(arn: str) -> str:
    found = TARGET.fullmatch(arn)
    action = TARGET_ACTIONS.get("".join(found.groups())) if found else None
    if action is None:
        raise InvalidTarget(f"allowed_targets: {arn!r} is no ARN of a function, queue or stream, with region, account and name")
    return action
