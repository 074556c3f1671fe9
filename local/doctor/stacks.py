"""Checks of the stacks in the account: CDK's own, and ours if there is one."""

from collections.abc import Iterator

from botocore.exceptions import ClientError

from local.doctor import refusal
from local.doctor.case import Case, Clients
from local.doctor.cdk import NPX
from local.doctor.finding import Finding, fail, ok, warn
from local.doctor.roles import QUALIFIER, as_deployer

PARAMETER = f"/cdk-bootstrap/{QUALIFIER}/version"
LEAST_VERSION = 6  # MIN_BOOTSTRAP_STACK_VERSION of aws-cdk-lib 2.275.0
TOOLKIT = "CDKToolkit"
NEVER_MADE = (
    "it was never created",
    "See why (aws cloudformation describe-stack-events {0}), then delete it: aws cloudformation delete-stack {0}",
)
HALF_UPDATED = "half updated", "Go on with its rollback: aws cloudformation continue-update-rollback {0}"
HALF_DELETED = "half deleted", "Its events say what is in the way; then delete it again: aws cloudformation delete-stack {0}"
UNUSABLE = {
    "CREATE_FAILED": NEVER_MADE,
    "ROLLBACK_COMPLETE": NEVER_MADE,
    "ROLLBACK_FAILED": NEVER_MADE,
    "UPDATE_ROLLBACK_FAILED": HALF_UPDATED,
    "IMPORT_ROLLBACK_FAILED": HALF_UPDATED,
    "DELETE_FAILED": HALF_DELETED,
}
AS_BEFORE = {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}


def bootstrap(case: Case) -> Iterator[Finding]:
    """The bucket and the roles that CDK needs are there, and new enough."""
    name, todo = "CDK bootstrap", f"Run (once for an account and region): {NPX} bootstrap aws://{case.identity.account}/{case.region}"
    version = _version(case)
    case.known.bootstrapped = version is not None
    if version is None:
        yield fail(name, f"{case.identity.account}/{case.region} is not bootstrapped", todo)
        return
    if version < LEAST_VERSION:
        yield fail(name, f"version {version} is too old, {LEAST_VERSION} is needed", todo)
        return
    status = _status(case, TOOLKIT)
    if status is None:
        yield warn(
            name, f"version {version}, but there is no stack {TOOLKIT}", "Nothing, if the bootstrap was made with another stack name."
        )
    elif _is_sound(status):
        yield ok(name, f"version {version}")
    else:
        yield warn(name, f"version {version}, but the stack {TOOLKIT} is {status}", todo)


def stack(case: Case) -> Finding:
    """The gateway's stack can be created or updated."""
    name = f"Stack {case.asked.stack}"
    status = _status(case, case.asked.stack)
    if status is None or status == "REVIEW_IN_PROGRESS":
        return ok(name, "does not exist yet")
    if status.endswith("_IN_PROGRESS"):
        return fail(name, f"is {status}", "Somebody is at work: wait until it is done; the console of CloudFormation shows it.")
    if status in UNUSABLE:
        what, todo = UNUSABLE[status]
        return fail(name, f"is {status}: {what}", todo.format(f"--stack-name {case.asked.stack} --region {case.region}"))
    if status in AS_BEFORE:
        return warn(name, f"is {status}: the last update failed and was taken back", "It can be updated again; its events say what failed.")
    return ok(name, f"is {status}")


def _version(case: Case) -> int | None:
    def read(aws: Clients) -> str:
        return str(aws.client("ssm", case.region).get_parameter(Name=PARAMETER)["Parameter"]["Value"])

    try:
        return int(as_deployer(case, read))
    except ClientError as error:
        if refusal.code(error) == "ParameterNotFound":
            return None
        raise


def _status(case: Case, name: str) -> str | None:
    """None if there is no such stack."""

    def read(aws: Clients) -> str:
        return str(aws.client("cloudformation", case.region).describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    try:
        return as_deployer(case, read)
    except ClientError as error:
        if refusal.code(error) == "ValidationError" and "does not exist" in str(error):
            return None
        raise


def _is_sound(status: str) -> bool:
    return status.endswith("_COMPLETE") and not status.startswith(("DELETE", "ROLLBACK"))
