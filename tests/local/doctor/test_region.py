"""Where it is deployed to."""

from pathlib import Path

import pytest

from local.doctor.case import Asked
from local.doctor.finding import State
from local.doctor.region import endpoints, region


@pytest.mark.parametrize(
    ("environ", "asked", "state", "chosen"),
    [
        ({"AWS_REGION": "eu-west-1"}, None, State.OK, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, None, State.OK, "eu-west-1"),
        ({"AWS_REGION": "eu-west-1"}, "us-east-1", State.WARN, "us-east-1"),
        ({}, "us-east-1", State.WARN, "us-east-1"),
        ({"AWS_REGION": "us-east-1"}, "us-east-1", State.OK, "us-east-1"),
        ({"AWS_REGION": "cn-north-1"}, None, State.WARN, "cn-north-1"),
        ({"AWS_REGION": "us-gov-west-1"}, None, State.OK, "us-gov-west-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, None, State.WARN, "eu-west-1"),
        ({}, None, State.FAIL, None),
        ({"AWS_REGION": "eu-cental-1"}, None, State.FAIL, None),
    ],
)
def test_the_region_is_chosen_as_cdk_does(case, environ, asked, state, chosen):
    built = case(region=None, environ=environ, asked=Asked(region=asked))
    (finding,) = region(built)
    assert (finding.state, built.known.region) == (state, chosen)


def test_a_typing_error_is_answered_with_what_was_meant(case):
    (finding,) = region(case(region=None, environ={"AWS_REGION": "eu-cental-1"}))
    assert finding.todo.startswith("Did you mean eu-central-1?")


def test_an_option_that_make_deploy_does_not_see(case):
    (finding,) = region(case(region=None, asked=Asked(region="us-east-1")))
    assert finding.todo.endswith("export AWS_REGION=us-east-1")


def test_the_region_of_a_profile(case, aws, tmp_path: Path):
    (tmp_path / "config").write_text("[profile work]\nregion = ap-south-1\n")
    aws.session.set_config_variable("profile", "work")
    (finding,) = region(case(region=None, environ={"AWS_PROFILE": "work"}))
    assert finding.found.startswith("ap-south-1 (profile work)")


def test_a_region_that_lacks_a_service(case, aws, monkeypatch):
    offered = aws.session.get_available_regions
    monkeypatch.setattr(aws.session, "get_available_regions", lambda service, *more: [] if service == "kms" else offered(service, *more))
    (finding,) = region(case(region=None, environ={"AWS_REGION": "eu-west-1"}))
    assert finding.found == "eu-west-1 (AWS_REGION) does not offer kms"


def test_an_emulator_is_told_without_its_password(case):
    assert endpoints(case()).state is State.OK
    finding = endpoints(case(environ={"AWS_ENDPOINT_URL_S3": "http://ann:secret@localhost:4566/"}))
    assert finding.state is State.WARN
    assert finding.found.startswith("AWS_ENDPOINT_URL_S3 is http://localhost:4566:")


def test_an_emulator_of_the_profile(case, tmp_path: Path):
    (tmp_path / "config").write_text("[default]\nendpoint_url = http://localhost:4566\n")
    assert endpoints(case()).found.startswith("endpoint_url of the profile is http://localhost:4566")


def test_an_endpoint_without_a_scheme_is_told_before_the_sdk_gives_up(case):
    finding = endpoints(case(environ={"AWS_ENDPOINT_URL": "localhost:4566"}))
    assert (finding.state, finding.found) == (State.FAIL, "AWS_ENDPOINT_URL is no URL")
