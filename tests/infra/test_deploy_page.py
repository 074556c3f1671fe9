"""docs/deploy.md: parameters, costs and policies are those of the code, and its commands exist. What needs an AWS account is not run."""

import json
import re
import subprocess
from dataclasses import fields, replace
from enum import Enum
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import botocore.session
import pytest
from botocore import xform_name

from benchmarks.cost import Assumptions, Model, report, total
from infra.parameters import Parameters
from tests.infra.stacks import parameters, stack

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
BLOCKS = [(language, re.sub(r"(?m)^ {1,3}", "", body) if indent else body)
          for indent, language, body in re.findall(r"^( *)```(\w+)\n(.*?)^ *```$", PAGE, re.MULTILINE | re.DOTALL)]  # fmt: skip
FIRST = PAGE.partition("### 1. Deploy")[2].partition("\n### ")[0]
SHELL = [body for language, body in BLOCKS if language == "sh"]
AWS = re.compile(r"\baws ([a-z0-9-]+) ([a-z0-9-]+)( [a-z-]+)?([^\n]*)")
OF_THE_CLI = {"query", "output", "region", "profile"}
NOT_IN_THE_API = {"s3", "sso", "configure"}  # the CLI's own
NAMES_IN_THE_API = {"s3api": "s3"}
PREFIXES = {
    "ApiGatewayV2": "apigateway",
    "CertificateManager": "acm",
    "CloudWatch": "cloudwatch",
    "Cognito": "cognito-idp",
    "DynamoDB": "dynamodb",
    "IAM": "iam",
    "KMS": "kms",
    "Lambda": "lambda",
    "Logs": "logs",
    "Route53": "route53",
    "S3": "s3",
    "SNS": "sns",
    "SQS": "sqs",
    "SecretsManager": "secretsmanager",
}
ALL_RESOURCES = ("everything", "hosted with domain", "destroy")
BESIDES = {"ssm"}  # CloudFormation reads the version of the bootstrap
MOST_CHARACTERS = (
    6144  # of a managed policy, blanks not counted: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
)


def test_every_parameter_is_in_the_table_with_its_default():
    section = PAGE.partition("## Parameters")[2].partition("\n## ")[0]
    documented = re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`|none) \| \S.* \|$", section, re.MULTILINE)
    assert documented == [(each.name, shown(each.default)) for each in fields(Parameters)]


def shown(default):
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default == () else str(default.value if isinstance(default, Enum) else default)


def test_the_example_of_a_file_of_parameters_makes_sense():
    [example] = [json.loads(body) for language, body in BLOCKS if language == "json" and "Statement" not in body]
    assert Parameters.from_context(example).domain == example["domain"]


@pytest.mark.parametrize(("name", "table"), report(Model()).items())
def test_tables_of_costs_are_what_the_model_prints(name, table):
    assert f"<!-- {name} -->\n\n{table}\n" in PAGE, "run `python -m benchmarks.cost`"


def test_what_little_traffic_costs_is_right():
    def dearer(**changes):
        return total(Model(replace(Assumptions(), **changes)).per_million())[0] - total(Model().per_million())[0]

    assert f"makes a million ${dearer(rate=0.1):.2f} dearer" in PAGE
    assert f"makes it ${dearer(batch=1):.2f} dearer" in PAGE


POLICIES = sorted((ROOT / "infra/policies").glob("*.json"))


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.stem)
def test_policies_are_those_of_the_files(policy):
    text = policy.read_text(encoding="utf-8")
    assert f"<!-- {policy.stem} -->\n\n```json\n{text}```\n" in PAGE
    assert all(statement["Effect"] == "Allow" for statement in json.loads(text)["Statement"])
    assert len(re.sub(r"\s", "", text)) <= MOST_CHARACTERS


def statements(policy):
    return json.loads((ROOT / f"infra/policies/{policy}.json").read_text(encoding="utf-8"))["Statement"]


def actions(statement):
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


@cache
def document(choice):
    """The template as it is deployed."""
    from aws_cdk.assertions import Template

    with TemporaryDirectory() as folder:
        return Template.from_stack(stack(folder, parameters(choice))[1]).to_json()


def resources(choice, type_=""):
    """Properties by logical id, of a type."""
    found = {name: each.get("Properties", {}) for name, each in document(choice)["Resources"].items() if each["Type"].startswith(type_)}
    assert found, type_
    return found


def test_cloudformation_may_use_every_service_of_the_stack_and_no_other():
    types = {each["Type"] for choice in ALL_RESOURCES for each in document(choice)["Resources"].values()}
    services = {type_.split("::")[1] for type_ in types if type_.startswith("AWS::")}
    allowed = {action.partition(":")[0] for each in statements("execution") for action in actions(each)}
    assert {service for service in services if PREFIXES.get(service) not in allowed} == set()
    assert allowed <= set(PREFIXES.values()) | BESIDES


def test_cloudformation_makes_roles_of_the_stack_only():
    about_roles = [each for each in statements("execution") if any(action.startswith("iam:") for action in actions(each))]
    assert len(about_roles) == 3
    assert all(each["Resource"].startswith("arn:aws:iam::*:role/") for each in about_roles)
    [passing] = [each for each in about_roles if each["Action"] == "iam:PassRole"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}


def test_the_cli_is_the_one_that_make_names():
    [pinned] = set(re.findall(r"aws-cdk@([\d.]+)", MAKEFILE))
    assert set(re.findall(r"aws-cdk@([\d.]+)", PAGE)) == {pinned}


def test_every_make_target_exists():
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", MAKEFILE, re.MULTILINE))
    assert {target for body in SHELL for target in re.findall(r"^\s*make ([a-z-]+)", body, re.MULTILINE)} <= targets


@pytest.mark.parametrize("body", SHELL)
def test_shell_commands_can_be_parsed(body):
    parsed = subprocess.run(["bash", "-n"], input=body, capture_output=True, text=True, check=False)
    assert parsed.stderr == ""


def test_every_aws_command_and_option_exists():
    """By the service descriptions of botocore, which the AWS CLI is made from."""
    found = AWS.findall(re.sub(r"\\\n\s*", "", PAGE.replace("`", "\n")))
    assert len(found) > 30
    for service, operation, waiter, rest in found:
        if service not in NOT_IN_THE_API:
            options = set(re.findall(r"--([a-z-]+)", rest.partition("$(aws")[0]))
            known = options_of(service, operation, waiter.strip())
            assert options - OF_THE_CLI <= known | {f"no-{each}" for each in known}, f"aws {service} {operation}"


def options_of(service, operation, waiter):
    session, service = botocore.session.get_session(), NAMES_IN_THE_API.get(service, service)
    if operation == "wait":
        waiters = session.get_waiter_model(service).waiter_names
        [operation] = [session.get_waiter_model(service).get_waiter(each).operation for each in waiters if cli(each) == waiter]
    model = session.get_service_model(service)
    [named] = [each for each in model.operation_names if cli(each) == cli(operation)]
    return {cli(member) for member in model.operation_model(named).input_shape.members} | {"zip-file"}


def cli(name):
    return xform_name(name, "-")


def test_resources_are_found_by_what_the_page_looks_for():
    wanted = set(re.findall(r"resource (\w+) (AWS::\w+::\w+)", PAGE))
    assert len(wanted) >= 4
    for prefix, type_ in wanted:
        assert len([name for name in resources("default", type_) if name.startswith(prefix)]) == 1, prefix


def test_a_deployer_finds_outputs_and_key():
    [secret] = resources("default", "AWS::SecretsManager::Secret")
    [pattern] = [each["Resource"] for each in statements("deployer") if "secretsmanager:GetSecretValue" in actions(each)]
    prefix = pattern.rpartition(":")[2].removesuffix("*")  # CloudFormation names a secret after its logical id
    assert secret.startswith(prefix)
    assert set(document("default")["Outputs"]) == set(
        re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`\w+(?:`, `\w+)?`) \|", FIRST, re.MULTILINE)))
    )


def test_what_is_paid_for_without_events_is_in_the_stack():
    given = Assumptions()
    alarms = [each.get("Metrics", [{"MetricStat": {}}]) for each in resources("default", "AWS::CloudWatch::Alarm").values()]
    assert sum("MetricStat" in metric for metrics in alarms for metric in metrics) == given.alarms
    assert len(resources("default", "AWS::KMS::Key")) == given.keys
    assert len(resources("default", "AWS::SecretsManager::Secret")) == len(resources("default", "AWS::CloudWatch::Dashboard")) == 1
    memory = {name: each["MemorySize"] for name, each in resources("default", "AWS::Lambda::Function").items()}
    assert {size for name, size in memory.items() if name.startswith("Router")} == {given.router_mb}
    assert {size for name, size in memory.items() if name.startswith("Delivery")} == {given.worker_mb}


def test_limits_of_the_stages_are_right():
    from infra import gateway_stack

    assert f"the Events API to {gateway_stack.EVENTS_PER_SECOND:,} a second" in PAGE
    assert f"the Config API to {gateway_stack.CONFIG_PER_SECOND} and the dashboard to {gateway_stack.PAGES_PER_SECOND}" in PAGE


def test_there_is_room_for_what_the_emulator_cannot_do():
    assert "### What the emulator cannot do" in PAGE
