"""Checks of the AWS credentials, of the account that they belong to, and of the clock that signs with them."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from local.doctor import refusal
from local.doctor.case import Case, Identity
from local.doctor.finding import Finding, Unchecked, fail, ok, warn

SOON = timedelta(minutes=30)  # a first deployment with room to spare
LATE, TOO_LATE = timedelta(minutes=1), timedelta(minutes=5)  # AWS refuses signatures that are older
EXPIRATIONS = ("AWS_CREDENTIAL_EXPIRATION", "AWS_SESSION_EXPIRATION")  # of aws configure export-credentials and aws-vault
ALWAYS_ON = "us-east-1"
SOURCES = {
    "env": "environment variables",
    "shared-credentials-file": "~/.aws/credentials",
    "config-file": "~/.aws/config",
    "custom-process": "credential_process",
    "iam-role": "the role of this EC2 instance",
    "container-role": "the role of this container",
    "assume-role": "a role that the profile assumes",
    "assume-role-with-web-identity": "a web identity",
    "sso": "an SSO session",
    "login": "aws login",
}
SETUP = "Log in with `aws configure sso` (people) or `aws configure` (access keys), and name the profile with AWS_PROFILE."


def credentials(case: Case) -> Finding:
    """Some are found and can be used; where they come from."""
    name = "Credentials"
    if case.aws.session.get_scoped_config().get("mfa_serial"):
        get = f"eval $(aws configure export-credentials --format env --profile {case.profile or 'default'})"
        return warn(name, "not checked: the profile asks for an MFA code", f"Get keys first, then run this again: {get}")
    found = case.aws.session.get_credentials()
    if found is None:
        return fail(name, "none were found: no profile, no variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, no role", SETUP)
    found.get_frozen_credentials()
    case.known.has_keys = True
    source = SOURCES.get(found.method, str(found.method))
    told = f"from {source}" + (f", profile {case.profile}" if case.profile and found.method != "env" else "")
    left = _left(case, found)
    if left is not None and left < SOON:
        return warn(name, f"{told}; they end {_when(left)}", "Get new ones first: a deployment takes up to half an hour.")
    if case.asked.profile and case.asked.profile != case.machine.environ.get("AWS_PROFILE"):
        return warn(name, told, f"`make deploy` does not see --profile: export AWS_PROFILE={case.asked.profile}")
    return ok(name, told)


def account(case: Case) -> Iterator[Finding]:
    """AWS knows the credentials: whose they are."""
    if not case.known.has_keys:
        raise Unchecked("needs AWS credentials")
    identity = _identity(case)
    if identity is None:
        todo = f"Enable {case.region} in the account's settings (Account → AWS Regions; it takes minutes), or take another region."
        yield fail("Account", f"the region {case.region} is not enabled in this account", todo)
        return
    case.known.identity = identity
    wanted = case.machine.environ.get("CDK_DEFAULT_ACCOUNT", identity.account)
    if wanted != identity.account:
        found = f"{identity.account} ({identity.arn}), but CDK_DEFAULT_ACCOUNT is {wanted}"
        yield fail("Account", found, "Take credentials of that account, or unset CDK_DEFAULT_ACCOUNT.")
    elif identity.is_root:
        todo = "Nobody should deploy as root: make a user or role for it (IAM Identity Center), and delete root's access keys."
        yield warn("Account", f"{identity.account}, as its root user", todo)
    else:
        yield ok("Account", f"{identity.account}, as {identity.arn}")


def clock(case: Case) -> Finding:
    """This clock and that of AWS agree."""
    ahead = case.known.ahead
    if ahead is None:
        raise Unchecked("needs an answer of AWS")
    told = f"{abs(ahead).total_seconds():.0f} s {'ahead of' if ahead > timedelta() else 'behind'} AWS's"
    todo = "Set it: turn on time synchronisation (timedatectl set-ntp true; on WSL: hwclock -s)."
    if abs(ahead) > TOO_LATE:
        return fail("Clock", f"{told}: AWS refuses signatures that are off by more than 5 minutes", todo)
    return warn("Clock", told, todo) if abs(ahead) > LATE else ok("Clock", told)


def _identity(case: Case) -> Identity | None:
    """None if the keys are good, but not in this region: one that has to be enabled first."""
    try:
        return _ask(case, case.region)
    except ClientError as error:
        if refusal.code(error) not in refusal.UNKNOWN_KEY:
            raise
        with suppress(ClientError):
            _ask(case, ALWAYS_ON)
            return None
        raise


def _ask(case: Case, region: str) -> Identity:
    try:
        answer = case.aws.client("sts", region).get_caller_identity()
    except ClientError as error:
        _tell_time(case, error.response)
        raise
    _tell_time(case, answer)
    return Identity(answer["Account"], answer["Arn"])


def _tell_time(case: Case, answer: Any) -> None:  # noqa: ANN401 - boto3's answers and those in its errors
    with suppress(ValueError, KeyError):
        case.tell_time(parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]))


def _left(case: Case, found: Any) -> timedelta | None:  # noqa: ANN401 - botocore's credentials
    """How long they can be used, where that is known."""
    if found.method == "env":
        given = [case.machine.environ[name] for name in EXPIRATIONS if name in case.machine.environ]
        with suppress(ValueError):
            return _at(given[0]) - case.machine.now() if given else None
    if hasattr(found, "refresh_needed") and found.refresh_needed(int(SOON.total_seconds() // 3)):
        return timedelta(minutes=9)  # it was renewed just now if that was possible
    return None


def _at(text: str) -> datetime:
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _when(left: timedelta) -> str:
    minutes = int(left.total_seconds() // 60)
    return f"within {minutes + 1} minutes" if minutes >= 0 else f"{-minutes} minutes ago"
