"""One deployment for all tests of a run: MiniStack, `cdk bootstrap`, `cdk deploy`."""

from uuid import uuid4

import pytest

from tests.e2e import installation
from tests.e2e.cdk import Cdk
from tests.e2e.gateway import Gateway
from tests.e2e.ministack import ACCOUNT, REGION, MiniStack
from tests.e2e.target import Targets
from tests.loopback import Loopback

LOG = pytest.StashKey[str]()
LINES = 200
ALLOWED = (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:allowed", f"arn:aws:sqs:{REGION}:{ACCOUNT}:allowed")
CONTEXT = {
    "layer_platform": "host",
    "alarms": "false",  # MiniStack 1.5.33: "AWS::CloudWatch::Alarm Properties.Metrics (metric math) is not supported"
    "removal_policy": "destroy",
    "outbound_guard": "off",  # the functions of these tests are on the loopback
    "retry_scale": "0.02",
    "allowed_targets": ",".join(ALLOWED),
}


@pytest.fixture(scope="session")
def ministack(tmp_path_factory, request):
    with MiniStack(tmp_path_factory.mktemp("aws") / "ministack") as running:
        yield running
        if request.session.testsfailed:
            request.config.stash[LOG] = "\n".join([*errors(running), *function_logs(running)])


def errors(ministack):
    """What went wrong in the emulator itself, newest last; how connections end is of no interest."""
    lines = ministack.log.read_text(errors="replace").splitlines()
    return [line for line in lines if (" ERROR " in line or " WARNING " in line) and "[asyncio]" not in line][-LINES:]


def function_logs(ministack):
    """The newest lines of the functions."""
    logs = ministack.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        found = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        yield from (f"{group['logGroupName']} {each['message'].rstrip()}" for each in found if each["message"].startswith('{"'))


def pytest_terminal_summary(terminalreporter, config):
    if LOG in config.stash:
        terminalreporter.section("MiniStack and the functions")
        terminalreporter.write_line(config.stash[LOG])


@pytest.fixture(scope="session")
def cdk(ministack):
    cdk = Cdk(ministack, CONTEXT | {"layer_python": str(installation.python())})
    cdk.bootstrap()
    return cdk


@pytest.fixture(scope="session")
def outputs(cdk):
    return cdk.deploy()


@pytest.fixture
def gateway(ministack, outputs):
    return Gateway(ministack, outputs, f"space-{uuid4().hex}")


@pytest.fixture(scope="session")
def targets():
    with Loopback() as server:
        yield Targets(server)


@pytest.fixture
def target(targets):
    return targets.new()
