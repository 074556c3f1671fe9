"""What each function may do, action by action. Nobody has more than what its code calls; tests/infra holds it to that."""

from collections.abc import Iterable

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

ROLE_NAMES = "event-gateway-*"  # the roles of functions in other accounts that the gateway may take, by their names
TARGET_ACTIONS = {
    "lambda": "lambda:InvokeFunction",
    "sqs": "sqs:SendMessage",
    "kinesis": "kinesis:PutRecord",
    "firehose": "firehose:PutRecord",
}
READ = ("dynamodb:GetItem", "dynamodb:Query")
CONFIGURE = (*READ, "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem")
RECORD = (*READ, "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
CLAIM_AND_COUNT = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
SEND = ("sqs:SendMessage",)
SEND_AND_LOOK = (*SEND, "sqs:GetQueueAttributes")
WORK = (*SEND_AND_LOOK, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility")
OPEN = ("kms:Decrypt",)
SEAL = (*OPEN, "kms:Encrypt")


class InvalidTarget(ValueError):
    """A target is no ARN of something that the gateway can call."""


def allow(role: iam.IRole, actions: Iterable[str], *resources: str, when: dict[str, dict[str, str]] | None = None) -> None:
    """Let a role do some actions on some resources."""
    role.add_to_principal_policy(iam.PolicyStatement(actions=sorted(actions), resources=list(resources), conditions=when))


def put_payloads(role: iam.IRole, bucket_arn: str) -> None:
    """Let a role store large events."""
    allow(role, ["s3:PutObject"], f"{bucket_arn}/*")


def get_payloads(role: iam.IRole, bucket_arn: str) -> None:
    """Let a role read large events. Without the right to list, S3 would call one that is gone forbidden."""
    allow(role, ["s3:GetObject"], f"{bucket_arn}/*")
    allow(role, ["s3:ListBucket"], bucket_arn)


def call_targets(role: iam.IRole, arns: Iterable[str]) -> None:
    """Let a role call the operator's targets, and take roles of others that are named for it and ask for an external id."""
    for action, targets in _by_action(arns).items():
        allow(role, [action], *targets)
    allow(role, ["sts:AssumeRole"], f"arn:{Aws.PARTITION}:iam::*:role/{ROLE_NAMES}", when={"Null": {"sts:ExternalId": "false"}})


def _by_action(arns: Iterable[str]) -> dict[str, list[str]]:
    """Raises InvalidTarget."""
    found: dict[str, list[str]] = {}
    for arn in arns:
        found.setdefault(_action(arn), []).append(arn)
    return found


def _action(arn: str) -> str:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or parts[2] not in TARGET_ACTIONS or not parts[5].strip("*"):  # noqa: PLR2004 - of an ARN
        raise InvalidTarget(f"allowed_targets: {arn!r} is no ARN of one function, queue or stream ({', '.join(TARGET_ACTIONS)})")
    return TARGET_ACTIONS[parts[2]]
