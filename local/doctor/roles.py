"""Checks that CDK can work as the roles that its bootstrap made."""

from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from local.doctor import refusal
from local.doctor.case import Case, Clients
from local.doctor.finding import Finding, Unchecked, fail, ok, warn

NAME = "Roles of CDK"
QUALIFIER = "hnb659fds"  # of aws-cdk-lib's default synthesizer
DEPLOY, PUBLISH = "deploy", "file-publishing"
SESSION, SECONDS = "event-gateway-doctor", 900

T = TypeVar("T")


def roles(case: Case) -> Finding:
    """The credentials may assume the roles that deploy and upload."""
    if case.identity.is_root:
        return warn(NAME, "root cannot assume roles: CDK goes on with root's own rights", "Deploy as a user or role.")
    if case.known.bootstrapped is False:
        raise Unchecked("needs the CDK bootstrap")
    refused = [arn for arn in (_arn(case, DEPLOY), _arn(case, PUBLISH)) if not _can_assume(case, arn)]
    if refused:
        wanted = _arn(case, "*").replace("-*-role-", "-*-")
        todo = f"Allow sts:AssumeRole on {wanted} to these credentials; if the role is missing, run the bootstrap again."
        return fail(NAME, f"may not assume {', '.join(arn.rpartition('/')[2] for arn in refused)}", todo)
    return ok(NAME, "can be assumed")


def as_deployer(case: Case, read: Callable[[Clients], T]) -> T:
    """What is read with own keys or, where they may not, with those of the deploy role, which is all that a deployer needs."""
    try:
        return read(case.aws)
    except ClientError as error:
        if not refusal.denied(error):
            raise
        try:
            keys = _assume(case, _arn(case, DEPLOY))
        except ClientError:
            raise error from None
        return read(case.aws.with_keys(keys))


def _can_assume(case: Case, arn: str) -> bool:
    try:
        _assume(case, arn)
    except ClientError as error:
        if refusal.denied(error):
            return False
        raise
    return True


def _assume(case: Case, arn: str) -> Any:  # noqa: ANN401 - `Credentials` of the answer
    return case.client("sts").assume_role(RoleArn=arn, RoleSessionName=SESSION, DurationSeconds=SECONDS)["Credentials"]


def _arn(case: Case, kind: str) -> str:
    account = case.identity.account
    return f"arn:{case.identity.partition}:iam::{account}:role/cdk-{QUALIFIER}-{kind}-role-{account}-{case.region}"
