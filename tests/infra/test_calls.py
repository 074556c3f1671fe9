"""What the deployed code calls at AWS is allowed by the template, call by call; and what is allowed is called."""

from dataclasses import dataclass
from typing import Any

import pytest

from eventgateway.settings import Settings
from tests.infra.broad_use import ROLE, SECRET, THEIRS, BroadUse
from tests.infra.calls import recorded
from tests.infra.grants import grants, places, roles
from tests.infra.hosted_use import SETTINGS, HostedUse
from tests.infra.stacks import TARGETS, synthesized
from tests.integration.deployment import deployed_handlers
from tests.loopback import Loopback

pytestmark = [
    pytest.mark.xdist_group("infra"),
    pytest.mark.filterwarnings("ignore:S3 key was not disposed of in time:ResourceWarning"),  # moto's, of what is deleted
    pytest.mark.filterwarnings("ignore:Unclosed file <tempfile.SpooledTemporaryFile:ResourceWarning"),
]


@dataclass(frozen=True)
class Use:
    """A story, the settings that it is about, and the choice of parameters that gives a stack those settings."""

    story: type[BroadUse]
    settings: dict[str, Any]
    choice: str


USES = {"standalone": Use(BroadUse, {}, "everything"), "hosted": Use(HostedUse, SETTINGS, "hosted with domain")}
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
TRACES = {"xray:PutTelemetryRecords", "xray:PutTraceSegments"}
BY_LAMBDA = {(each, action) for each in ("Router", "Config", "Delivery", "Dashboard") for action in LOGS | TRACES} | {
    ("Delivery", "sqs:ReceiveMessage"),  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: its poller
    ("Delivery", "sqs:DeleteMessage"),
    ("Delivery", "sqs:GetQueueAttributes"),
}  # itself, with the role of the function


@pytest.fixture(scope="module", params=USES)
def use(request):
    """What a gateway is used for, and the choice of parameters that it is deployed with."""
    return USES[request.param]


@pytest.fixture(scope="module")
def used(use):
    """Settings and calls of a gateway that has been used broadly."""
    with pytest.MonkeyPatch.context() as monkeypatch, recorded(monkeypatch) as recorder:
        with deployed_handlers(operator_key_secret=SECRET, **use.settings) as settings, Loopback() as server:
            use.story(settings, server).all()
        yield settings, recorder.calls


@pytest.fixture(scope="module")
def stack(use):
    return synthesized(use.choice)


@pytest.fixture(scope="module")
def arns(used, stack):
    """The ARN in the stack of what the emulator calls by a name."""
    settings, _ = used
    deployed = Settings.from_env(stack.one("Lambda::Function", "Router")["Environment"]["Variables"])
    queue = deployed.queue_url.rpartition("/")[2]
    return {
        settings.config_table: stack.arn(deployed.config_table),
        settings.records_table: stack.arn(deployed.records_table),
        settings.queue_url: stack.arn(queue),
        settings.payload_bucket: stack.arn(deployed.payload_bucket),
        settings.secrets_key: deployed.secrets_key,
        SECRET: stack.text({"Ref": stack.one("SecretsManager::Secret", "Operator").id}),
        "": deployed.secrets_key,  # a ciphertext names its key itself
    }


@pytest.fixture(scope="module")
def needed(used, arns):
    """Function, action and ARN of everything that was called with the gateway's own role."""
    targets = {f"kinesis:{TARGETS[2]}": TARGETS[2]}
    found = {}
    for call in used[1]:
        for action, name, within in call.permissions():
            arn = arns.get(name) or _target(call, name) or targets[name]
            if arn != THEIRS:  # called with the keys of the role
                found[call.function, action, f"{arn}{within}"] = call
    return found


def _target(call, name):
    """The ARN of a target of the operator, or the role or function of somebody else."""
    candidates = [arn for arn in (*TARGETS, THEIRS, ROLE) if arn.split(":")[2] in {call.service, "iam"}]
    return next((arn for arn in candidates if name == arn or name.rpartition("/")[2] == arn.replace("/", ":").rpartition(":")[2]), None)


def test_every_call_is_allowed(needed, stack):
    allowed = {name: grants(stack, role) for name, role in roles(stack).items()}
    refused = [
        (function, action, arn) for function, action, arn in needed if not any(each.covers(action, arn) for each in allowed[function])
    ]
    assert refused == []


def test_everything_that_is_allowed_is_called_by_the_code_or_by_lambda(needed, stack):
    names, unused = places(stack), set()
    for function, role in roles(stack).items():
        for grant in grants(stack, role):
            is_used = any(each == function and grant.covers(action, arn) for each, action, arn in needed)
            if not is_used and (function, grant.action) not in BY_LAMBDA:
                unused.add((function, grant.action, names.get(grant.resource, grant.resource)))
    assert unused == set()


def test_what_lambda_does_with_the_roles_is_allowed(stack):
    for function, action in BY_LAMBDA:
        assert action in {each.action for each in grants(stack, roles(stack)[function])}


def test_a_role_of_somebody_else_is_taken_with_an_external_id(used):
    taken = [call for call in used[1] if call.operation == "AssumeRole"]
    assert {call.function for call in taken} == {"Router", "Delivery"}
    assert all(call.parameters["ExternalId"] for call in taken)


def test_every_function_was_in_use_and_the_dashboard_may_do_nothing(used, stack):
    assert {call.function for call in used[1]} == set(roles(stack)) - {"Dashboard"}
    assert {each.action for each in grants(stack, roles(stack)["Dashboard"])} == LOGS | TRACES
