"""The command as people run it: in a process of its own, in a checkout, with programs and an AWS of this test."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from email.utils import formatdate
from inspect import signature
from pathlib import Path
from urllib.parse import parse_qs

import pytest

import local.cli
from local.doctor.case import STACK
from local.doctor.cdk import CLI
from tests.local.doctor.stubbed import ACCOUNT, ARN
from tests.loopback import Loopback, Request, answer

ROOT = Path(__file__).parents[3]
PROGRAMS = {"node": "v22.1.0", "npx": "11.0.0", "npm": CLI}
SECRET, TOKEN = "very-secret-key", "very-secret-token"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
QUOTAS = {"L-B99A9384": 10.0}
RESULTS = {
    "GetCallerIdentity": f"<Account>{ACCOUNT}</Account><Arn>{ARN}</Arn><UserId>U</UserId>",
    "AssumeRole": "<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>S</SecretAccessKey><SessionToken>T</SessionToken>"
    "<Expiration>2030-01-01T00:00:00Z</Expiration></Credentials>",
}
DESCRIBED = (
    "<Stacks><member><StackName>{0}</StackName><StackStatus>{1}</StackStatus>"
    "<CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks>"
)


class Account:
    """As much of AWS as the checks ask, over HTTP."""

    def __init__(self) -> None:
        self.stacks = {"CDKToolkit": "CREATE_COMPLETE"}
        self.refused: set[str] = set()  # to the user; a role may
        self.by_user = False

    def __call__(self, request: Request) -> Iterator[bytes]:
        self.by_user = KEYS["AWS_ACCESS_KEY_ID"] in request.headers["authorization"]
        date = f"Date: {formatdate(usegmt=True)}"
        if target := request.headers.get("x-amz-target"):
            status, body = self.json(target.rpartition(".")[2], json.loads(request.body))
            yield answer(json.dumps(body).encode(), date, status=status)
        else:
            asked = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
            status, text = self.query(asked["Action"], asked)
            yield answer(text.encode(), date, "Content-Type: text/xml", status=status)

    def json(self, action: str, asked: dict) -> tuple[str, dict]:
        if self.by_user and action in self.refused:
            return "400 Bad Request", {"__type": "AccessDeniedException"}
        if action == "GetParameter":
            return "200 OK", {"Parameter": {"Name": asked["Name"], "Value": "32"}}
        return "200 OK", {"Quota": {"Value": QUOTAS.get(asked["QuotaCode"], 10_000.0)}}

    def query(self, action: str, asked: dict) -> tuple[str, str]:
        if self.by_user and action in self.refused:
            return "403 Forbidden", "<ErrorResponse><Error><Code>AccessDenied</Code><Message>No.</Message></Error></ErrorResponse>"
        result = RESULTS.get(action)
        if action == "DescribeStacks":
            name = asked["StackName"]
            if name not in self.stacks:
                message = f"Stack with id {name} does not exist"
                error = f"<Error><Code>ValidationError</Code><Message>{message}</Message></Error>"
                return "400 Bad Request", f"<ErrorResponse>{error}</ErrorResponse>"
            result = DESCRIBED.format(name, self.stacks[name])
        return "200 OK", f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def doctor(checkout: Path, account: Account):
    """Runs the command and returns what it did."""
    programs = checkout / "bin"
    programs.mkdir()
    for name, printed in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/sh\necho {printed}\n")
        (programs / name).chmod(0o755)

    with Loopback(account) as aws:

        def run(*arguments: str, stdout: int = subprocess.PIPE, **environ: str) -> subprocess.CompletedProcess:
            given = {
                "PATH": f"{programs}:{os.defpath}",
                "PYTHONPATH": f"{ROOT}:{ROOT / 'layers/eventgateway/python'}",
                "HOME": str(checkout / "home"),
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_ENDPOINT_URL": aws.url().rstrip("/"),
                "AWS_REGION": "eu-central-1",
                **KEYS,
                **environ,
            }
            environment = {name: value for name, value in given.items() if value}
            command = [sys.executable, "-m", "local.cli", "doctor", *arguments]
            return subprocess.run(
                command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment, cwd=checkout, check=False, timeout=60
            )

        yield run


def states(done: subprocess.CompletedProcess) -> dict[str, str]:
    return {each["name"]: each["state"] for each in json.loads(done.stdout)["findings"]}


def test_an_account_that_is_ready(doctor):
    done = doctor()
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines if line.startswith(("ok", "warn", "fail"))].count("ok") == 20
    assert "warn  Quota Lambda at a time   10 executions in eu-central-1 of 123456789012 are far too few" in lines
    assert lines[-1] == "0 failures, 2 warnings. Ready for `make deploy`."  # the endpoint is that of an emulator
    assert "\x1b[" not in done.stdout


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_on_a_terminal(doctor, environ, coloured):
    reader, terminal = os.openpty()
    doctor(AWS_REGION="nowhere", stdout=terminal, **environ)
    printed = os.read(reader, 65536)
    os.close(terminal)
    os.close(reader)
    assert b"Checkout" in printed
    assert (b"\x1b[" in printed) is coloured


def test_as_json(doctor):
    done = doctor("-json=true")
    document = json.loads(done.stdout)
    assert (done.returncode, document["ready"], document["failures"]) == (0, True, 0)
    assert {name for name, state in states(done).items() if state != "ok"} == {"Endpoints", "Quota Lambda at a time"}


def test_a_stack_in_the_way(doctor, account):
    account.stacks["Gate"] = "ROLLBACK_COMPLETE"
    done = doctor("--stack", "Gate")
    assert done.returncode == 1
    assert "aws cloudformation delete-stack --stack-name Gate --region eu-central-1" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 failure, ")


def test_a_deployer_who_may_only_assume_the_roles_of_cdk(doctor, account):
    """That is all that `cdk deploy` needs, so it has to be enough here; the deploy role reads what is asked."""
    account.refused = {"GetParameter", "DescribeStacks", "GetServiceQuota"}
    account.stacks["EventGateway"] = "UPDATE_COMPLETE"
    done = doctor("--json")
    assert done.returncode == 0
    assert {name for name, state in states(done).items() if state != "ok"} == {"Endpoints", "Quotas"}
    assert "Allow servicequotas:GetServiceQuota" in done.stdout


def test_somebody_who_may_nothing(doctor, account):
    account.refused = {"AssumeRole", "GetParameter", "DescribeStacks", "GetServiceQuota"}
    done = doctor("--json")
    assert done.returncode == 1
    found = states(done)
    assert {name for name in found if found[name] == "fail"} == {"Roles of CDK"}
    assert (found["CDK bootstrap"], found["Stack"], found["Quotas"]) == ("warn", "warn", "warn")


def test_without_credentials(doctor):
    done = doctor(**dict.fromkeys(KEYS, ""))
    assert done.returncode == 1
    assert "none were found" in done.stdout
    assert "aws configure sso" in done.stdout


def test_without_a_network(doctor, free_port):
    done = doctor("--json", AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    (failed,) = [each for each in json.loads(done.stdout)["findings"] if each["state"] == "fail"]
    assert done.returncode == 1
    assert failed["name"] == "Account"
    assert failed["found"] == "no network: 127.0.0.1 cannot be reached (EndpointConnectionError)"
    assert states(done)["Quotas"] == "warn"


def test_no_key_is_ever_printed(doctor, account):
    account.refused = {"GetCallerIdentity"}
    for done in (doctor(), doctor("--json"), doctor(AWS_ENDPOINT_URL="http://127.0.0.1:9")):
        for secret in KEYS.values():
            assert secret not in done.stdout + done.stderr


@pytest.mark.parametrize(("arguments", "message"), [(["extra"], "unexpected extra argument"), (["--stak=x"], "No such option")])
def test_wrong_use(doctor, arguments, message):
    done = doctor(*arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_the_stack_that_is_looked_for_is_the_default_one():
    assert signature(local.cli.doctor).parameters["stack"].default == STACK


def test_the_gateway_does_not_load_boto3_for_it():
    """Starting the gateway must not take longer because of a doctor."""
    program = "import sys, local.cli; print([name for name in sys.modules if name.startswith(('boto', 'local.doctor'))])"
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers/eventgateway/python'}"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
