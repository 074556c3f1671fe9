"""cdk-nag's rules (AwsSolutions) over every stack: nothing is found that has no written reason."""

import json

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


@pytest.mark.parametrize("choice", ["default", "everything", "hosted with domain"])
def test_every_acknowledgment_answers_something_that_is_found_and_says_why(choice, found, tmp_path, monkeypatch):
    from infra import acknowledgments

    noted = []
    monkeypatch.setattr(acknowledgments, "Validations", Notes(noted))
    app, _ = stack(tmp_path, parameters(choice), str(tmp_path / "out"))
    findings = found(app)
    assert len(noted) > 5
    for path, rule, reason in noted:
        assert [where for name, where in findings if name == rule and where.startswith(path)], f"{rule} finds nothing in {path}"
        assert len(reason.split()) > 5


class Notes:
    """In place of CDK's `Validations`: acknowledges nothing, but notes what would be."""

    def __init__(self, noted, path=""):
        self.noted, self.path = noted, path

    def of(self, construct):
        return Notes(self.noted, construct.node.path)

    def acknowledge(self, acknowledgment):
        if not acknowledgment.id.startswith("Annotation::"):  # those of CDK itself are warnings of other plugins
            self.noted.append((self.path, acknowledgment.id, acknowledgment.reason))
