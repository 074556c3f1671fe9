"""What the rules of cdk-nag (AwsSolutions) would have otherwise, and why it is as it is. tests/infra runs the rules."""

from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import IConstruct


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Let what a rule finds in a construct, and in all below it, stand for a reason."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))


def acknowledge_pattern(role: iam.IRole, arn: str, reason: str) -> None:
    """Let a role have what a pattern of resources covers; any other pattern is found all the same."""
    acknowledge(role, f"AwsSolutions-IAM5[Resource::{_readable(Stack.of(role).resolve(arn))}]", reason)


def _readable(value: Any) -> str:  # noqa: ANN401 - text or one of CloudFormation's functions
    """As the rules write it: `<Bucket.Arn>/*`."""
    match value:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(_readable, parts))
    return str(value)
