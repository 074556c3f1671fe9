"""The template as a whole: what it looked like when somebody last looked, that it is always the same, and that CloudFormation takes it."""

import json
import os
import re
import subprocess
import sys

import pytest
from syrupy.extensions.json import JSONSnapshotExtension

from infra.parameters import Parameters
from tests.infra.stacks import ROOT, document, synthesized
from tests.infra.template import Template

pytestmark = pytest.mark.xdist_group("infra")

ASSET = re.compile(r"\b[0-9a-f]{64}\b")
VERSION = re.compile(r"(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}")  # the hash of a function with its code
SECRET = re.compile("KEY|SECRET|PASSWORD|TOKEN|CREDENTIAL", re.IGNORECASE)
LABELS = {"DisplayName", "MetricName"}  # which may be the same for many
INNER = {("ApiGatewayV2::Stage", "StageName"), ("IAM::Policy", "PolicyName"), ("Lambda::Alias", "Name")}  # unique within something only
SYNTHESIS = """
import json
from tests.infra.stacks import document, parameters
print(json.dumps(document(".", parameters("everything"))))
"""
IGNORED = {"W3005"}  # CDK writes dependencies that a reference says already


def masked(template):
    """A template that changes only if the stack does, not with every change of the code."""
    text = json.dumps(template.document)
    return json.loads(VERSION.sub(r"\1", ASSET.sub("<asset>", text)))


@pytest.mark.parametrize("choice", ["default", "everything", "hosted with domain"])
def test_the_stack_is_what_it_was_when_somebody_last_looked(choice, snapshot):
    """After a change that is meant: pytest tests/infra/test_template.py --snapshot-update, and read the difference."""
    assert masked(synthesized(choice)) == snapshot(extension_class=JSONSnapshotExtension)


def test_the_same_input_gives_the_same_template_wherever_and_by_whom_it_is_made(tmp_path):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ["HOME"],  # where jsii keeps what it has unpacked
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers/eventgateway/python")]),
        "PYTHONHASHSEED": "1",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        **dict.fromkeys(["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"], "http://127.0.0.1:9"),  # nobody listens
    }
    command = [sys.executable, "-c", SYNTHESIS]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == synthesized("everything").document


def test_cloudformation_takes_the_template(template, tmp_path):
    from cfnlint.api import lint_by_config
    from cfnlint.config import ManualArgs

    path = tmp_path / "template.json"
    path.write_text(json.dumps(template.document))
    arguments = ManualArgs(templates=[str(path)], regions=["us-east-1", "eu-west-1"], ignore_checks=sorted(IGNORED))
    assert [str(match) for match in lint_by_config(arguments)] == []


def test_two_gateways_fit_in_one_account(tmp_path):
    first, second = (physical_names(tmp_path, name) for name in ("EventGateway", "Another"))
    assert first
    assert first & second == set()


def physical_names(folder, stack_name):
    """Type, property and text of each name that is not left to CloudFormation."""
    chosen = Parameters(stack_name=stack_name, snap_start=True, access_log=True, alarm_email="operator@example.org")
    template = Template(document(folder / stack_name, chosen), stack_name, chosen)
    raw = [(each.type, name, value) for each in template.resources.values() for name, value in each.raw.get("Properties", {}).items()]
    return {
        (type_, name, value)
        for type_, name, value in raw
        if isinstance(value, str) and name.endswith("Name") and name not in LABELS and (type_.removeprefix("AWS::"), name) not in INNER
    }


def test_neither_outputs_nor_environments_hold_a_secret(template):
    told = dict(template.outputs)
    for function in template.of("Lambda::Function"):
        told |= function["Environment"]["Variables"]
    for name, value in told.items():
        assert "{{resolve:" not in value
        assert not SECRET.search(name) or any(each in value for each in template.resources), f"{name} is not the name of a resource"


def test_every_output_has_a_value(template):
    assert {"EventsUrl", "ConfigUrl", "RouterRole", "DeliveryRole"} <= set(template.outputs)
    assert all(template.outputs.values())
