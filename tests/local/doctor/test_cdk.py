"""Node.js, the library of CDK and its CLI."""

import json
import re
from pathlib import Path

import pytest

from local.doctor.cdk import CLI, cli, library, node, npx
from local.doctor.finding import State, Unchecked

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("v18.20.4", State.FAIL),
        ("v20.20.2", State.WARN),
        ("v22.1.0", State.OK),
        ("v23.0.0", State.WARN),
        ("v24.9.0", State.OK),
        ("v26.0.0", State.WARN),
    ],
)
def test_versions_of_node(case, version, state):
    assert node(case(programs={"node": version})).state is state


def test_node_and_npx_are_missing(case):
    assert (node(case()).state, npx(case()).state) == (State.FAIL, State.FAIL)
    assert node(case()).found == "node is not on the PATH"
    with pytest.raises(Unchecked, match="needs npx"):
        cli(case())


def test_the_library_is_the_locked_one(case, checkout):
    assert library(case()).state is State.OK
    (checkout / "requirements.lock").write_text("aws-cdk-lib==2.300.0 \\\n")
    finding = library(case())
    assert (finding.state, finding.found) == (State.FAIL, "aws-cdk-lib 2.275.0, but requirements.lock wants 2.300.0")


def test_the_library_is_missing(case, checkout):
    (checkout / ".venv/lib/python3.11/site-packages/aws_cdk_lib-2.275.0.dist-info/METADATA").unlink()
    (checkout / ".venv/lib/python3.11/site-packages/aws_cdk_lib-2.275.0.dist-info").rmdir()
    assert library(case()).todo == "Run `make setup`."


@pytest.mark.parametrize("folder", ["", "home/.npm/_npx/0123"])
def test_the_cli_is_on_this_machine_already(case, checkout, folder):
    package = checkout / folder / "node_modules/aws-cdk/package.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"version": CLI}))
    assert cli(case()).found == f"aws-cdk {CLI} is on this machine"


def test_another_version_of_the_cli_does_not_count(case, checkout):
    package = checkout / "node_modules/aws-cdk/package.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"version": "3.0.0"}))
    assert cli(case(programs={"npm view": CLI})).found == f"aws-cdk {CLI}: npx will download it once"


def test_a_registry_without_the_cli(case):
    finding = cli(case(programs={"npm view": ""}))
    assert (finding.state, finding.found) == (State.FAIL, f"npm's registry has no aws-cdk {CLI}")


def test_the_makefile_starts_the_same_cli_as_the_doctor_looks_for():
    assert set(re.findall(r"aws-cdk@([\d.]*\d)", (ROOT / "Makefile").read_text())) <= {CLI}
