"""All checks in their order. None ends the others, and all together have a limit of time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from local.doctor import refusal
from local.doctor.case import Case
from local.doctor.cdk import cli, library, node, npx
from local.doctor.credentials import account, clock, credentials
from local.doctor.domain import certificate, zone
from local.doctor.finding import Finding, State, Unchecked, fail, warn
from local.doctor.quotas import quotas
from local.doctor.region import endpoints, region
from local.doctor.roles import roles
from local.doctor.stacks import PARAMETER, bootstrap, stack
from local.doctor.tools import checkout, disk, python, setup

CHECK_SECONDS, ALL_SECONDS = 10.0, 28.0


@dataclass(frozen=True, slots=True)
class Check:
    """A look at one thing: `action` is the IAM action it needs, `error` how bad it is that AWS does not answer it."""

    name: str
    look: Callable[[Case], Finding | Iterable[Finding]]
    action: str = ""
    error: State = State.FAIL
    in_account: bool = False  # needs valid credentials first


CHECKS = (
    Check("Checkout", checkout),
    Check("Python", python),
    Check("Setup", setup),
    Check("Disk", disk),
    Check("Node.js", node),
    Check("npx", npx),
    Check("CDK library", library),
    Check("CDK CLI", cli),
    Check("Endpoints", endpoints),
    Check("Region", region),
    Check("Credentials", credentials),
    Check("Account", account, "sts:GetCallerIdentity"),
    Check("Clock", clock),
    Check("CDK bootstrap", bootstrap, f"ssm:GetParameter on {PARAMETER} and cloudformation:DescribeStacks on CDKToolkit", in_account=True),
    Check("Roles of CDK", roles, "sts:AssumeRole", in_account=True),
    Check("Stack", stack, "cloudformation:DescribeStacks", in_account=True),
    Check("Quotas", quotas, "servicequotas:GetServiceQuota and servicequotas:GetAWSDefaultServiceQuota", State.WARN, in_account=True),
)
OF_DOMAINS = (
    Check("Hosted zone", zone, "route53:ListHostedZonesByName and route53:GetHostedZone", State.WARN, in_account=True),
    Check("Certificate", certificate, "acm:ListCertificates", State.WARN, in_account=True),
)


def examine(
    case: Case, checks: Sequence[Check] | None = None, *, each: float = CHECK_SECONDS, together: float = ALL_SECONDS
) -> Iterator[Finding]:
    """Yields the findings of a check as soon as it ends. A check gets at most `each` seconds, all of them `together`."""
    end = monotonic() + together
    for check in checks if checks is not None else (*CHECKS, *(OF_DOMAINS if case.asked.domain else ())):
        yield from _findings(check, case, min(each, end - monotonic()))


def _findings(check: Check, case: Case, seconds: float) -> list[Finding]:
    """Never raises; a check that hangs is left behind in its thread."""
    if seconds <= 0:
        return [warn(check.name, "not checked: the time is up", "Solve what was slow, then run this again.")]
    answers: SimpleQueue[list[Finding]] = SimpleQueue()
    Thread(target=lambda: answers.put(_looked(check, case)), daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except Empty:
        return [
            fail(check.name, f"no answer within {seconds:.0f} s", "Look at the network, the proxy and credential_process, if there is one.")
        ]


def _looked(check: Check, case: Case) -> list[Finding]:
    seen: list[Finding] = []
    try:
        if check.in_account:
            case.require_account()
        looked = check.look(case)
        for finding in [looked] if isinstance(looked, Finding) else looked:
            seen.append(finding)  # noqa: PERF402 - what was found before an error stays
    except Unchecked as missing:
        seen.append(warn(check.name, f"not checked: {missing}"))
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        bad = State.WARN if refusal.denied(error) else check.error
        seen.append(Finding(check.name, bad, *refusal.words(error, profile=case.profile, action=check.action)))
    except Exception as error:  # noqa: BLE001 - a defect of one check must not hide what the others find
        seen.append(fail(check.name, f"this check is broken: {type(error).__name__}", "Report it, with the version of event-gateway."))
    return seen
