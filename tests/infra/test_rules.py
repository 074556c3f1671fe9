"""cdk-nag's rules (AwsSolutions) over every stack: nothing is found that has no written reason."""

import json
from pathlib import Path

import pytest

from tests.infra.stacks import CHOICES, parameters, stack

pytestmark = pytest.mark.xdist_group("infra")


@pytest.fixture
def found(tmp_path):
    """What the rules find in an app."""
    from aws_cdk import Validations
    from cdk_nag import AwsSolutionsChecks

    def find(app):
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        try:
            app.synth()
        except RuntimeError as error:  # of jsii
            assert str(error).startswith("ValidationFailed")  # noqa: PT017 - it is what findings are told by
        report = json.loads((tmp_path / "out" / "validation-report.json").read_text())
        return {
            (violation["ruleName"], construct["constructPath"])
            for plugin in report["pluginReports"]
            for violation in plugin["violations"]
            for construct in violation["violatingConstructs"]
        }

    return find


@pytest.mark.parametrize("choice", CHOICES)
def test_nothing_is_found_that_was_not_acknowledged_with_a_reason(choice, found, tmp_path):
    app, _ = stack(tmp_path, parameters(choice), str(tmp_path / "out"))
    assert found(app) == set()


def test_the_rules_look_and_a_reason_covers_what_it_was_written_for_only(found, tmp_path):
    from aws_cdk import aws_s3 as s3

    app, gateway = stack(tmp_path, parameters("default"), str(tmp_path / "out"))
    s3.Bucket(gateway, "Another")
    assert found(app) == {(f"AwsSolutions-{rule}", "EventGateway/Another/Resource") for rule in ("S1", "S10")}


def test_every_acknowledgment_has_a_reason_that_says_why():
    sources = (Path(__file__).parents[2] / "infra").rglob("*.py")
    lines = [line for source in sources for line in source.read_text().splitlines() if '"AwsSolutions-' in line]
    assert len(lines) >= 8
