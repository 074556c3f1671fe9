"""Keys, the account and the clock."""

from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ProfileNotFound
from moto import mock_aws

from local.doctor.case import Asked, Case
from local.doctor.clients import UserAws
from local.doctor.credentials import account, clock, credentials
from local.doctor.finding import State, Unchecked
from tests.local.doctor.conftest import NOW
from tests.local.doctor.stubbed import ACCOUNT, ARN

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00", "AWS_SECRET_ACCESS_KEY": "very-secret"}


@pytest.fixture
def keys(monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def answered(date="Mon, 23 Nov 2026 12:00:00 GMT", **names):
    return {"Account": ACCOUNT, "Arn": ARN, "UserId": "U", "ResponseMetadata": {"HTTPHeaders": {"date": date}}, **names}


def test_no_credentials_at_all(case):
    built = case(has_keys=False)
    finding = credentials(built)
    assert finding.state is State.FAIL
    assert "aws configure sso" in finding.todo
    with pytest.raises(Unchecked, match="needs AWS credentials"):
        list(account(built))


def test_the_source_is_told_and_no_key(case, keys):
    finding = credentials(case())
    assert (finding.state, finding.found) == (State.OK, "from environment variables")


def test_keys_of_a_profile(aws, case, tmp_path: Path):
    (tmp_path / "credentials").write_text("[work]\naws_access_key_id = AKIA\naws_secret_access_key = very-secret\n")
    aws.session.set_config_variable("profile", "work")
    finding = credentials(case(environ={"AWS_PROFILE": "work"}))
    assert (finding.state, finding.found) == (State.OK, "from ~/.aws/credentials, profile work")
    finding = credentials(case(asked=Asked(profile="work")))
    assert (finding.state, finding.todo) == (State.WARN, "`make deploy` does not see --profile: export AWS_PROFILE=work")


def test_a_profile_that_is_not_there(aws, case):
    aws.session.set_config_variable("profile", "nobody")
    with pytest.raises(ProfileNotFound):
        credentials(case())


def test_a_profile_with_mfa_is_not_asked_for_a_code(aws, case, tmp_path: Path):
    (tmp_path / "config").write_text("[default]\nmfa_serial = arn:aws:iam::1:mfa/ann\nrole_arn = arn:aws:iam::1:role/r\n")
    finding = credentials(case())
    assert finding.state is State.WARN
    assert "MFA" in finding.found


@pytest.mark.parametrize(
    ("minutes", "state", "told"),
    [(600, State.OK, ""), (10, State.WARN, "they end within 11 minutes"), (-5, State.WARN, "they end 5 minutes ago")],
)
def test_temporary_keys_that_end_soon(case, keys, minutes, state, told):
    finding = credentials(case(environ={"AWS_CREDENTIAL_EXPIRATION": (NOW + timedelta(minutes=minutes)).isoformat()}))
    assert finding.state is state
    assert told in finding.found


def test_an_expiration_that_makes_no_sense_is_no_expiration(case, keys):
    assert credentials(case(environ={"AWS_CREDENTIAL_EXPIRATION": "tomorrow"})).state is State.OK


def test_whose_credentials_they_are(case, aws):
    aws.stub("sts").add_response("get_caller_identity", answered())
    built = case(arn=None)
    (finding,) = account(built)
    assert (finding.state, finding.found) == (State.OK, f"{ACCOUNT}, as {ARN}")
    assert built.identity.arn == ARN


def test_root_is_warned(case, aws):
    aws.stub("sts").add_response("get_caller_identity", answered(Arn=f"arn:aws:iam::{ACCOUNT}:root"))
    (finding,) = account(case())
    assert (finding.state, finding.found) == (State.WARN, f"{ACCOUNT}, as its root user")


def test_an_account_that_cdk_does_not_expect(case, aws):
    aws.stub("sts").add_response("get_caller_identity", answered())
    (finding,) = account(case(environ={"CDK_DEFAULT_ACCOUNT": "999999999999"}))
    assert finding.state is State.FAIL
    assert "CDK_DEFAULT_ACCOUNT is 999999999999" in finding.found


def test_keys_that_count_elsewhere_but_not_here_tell_a_region_that_is_not_enabled(case, aws):
    aws.stub("sts", "af-south-1").add_client_error("get_caller_identity", "InvalidClientTokenId")
    aws.stub("sts", "us-east-1").add_response("get_caller_identity", answered())
    built = case(region="af-south-1", arn=None)
    (finding,) = account(built)
    assert (finding.state, finding.found) == (State.FAIL, "the region af-south-1 is not enabled in this account")
    assert built.known.identity is None


def test_keys_that_count_nowhere(case, aws):
    for region in ("eu-central-1", "us-east-1"):
        aws.stub("sts", region).add_client_error("get_caller_identity", "InvalidClientTokenId")
    with pytest.raises(ClientError):
        list(account(case()))


@pytest.mark.parametrize(
    ("date", "state", "told"),
    [
        ("Mon, 23 Nov 2026 11:59:58 GMT", State.OK, "2 s ahead of AWS's"),
        ("Mon, 23 Nov 2026 12:02:00 GMT", State.WARN, "120 s behind AWS's"),
        ("Mon, 23 Nov 2026 11:50:00 GMT", State.FAIL, "600 s ahead of AWS's: AWS refuses"),
    ],
)
def test_the_clock(case, aws, date, state, told):
    aws.stub("sts").add_response("get_caller_identity", answered(date))
    built = case()
    list(account(built))
    finding = clock(built)
    assert finding.state is state
    assert finding.found.startswith(told)


def test_a_refusal_tells_the_time_too(case, aws):
    """A clock that is off is why signatures are refused."""
    date = {"HTTPHeaders": {"date": "Mon, 23 Nov 2026 13:00:00 GMT"}}
    aws.stub("sts").add_client_error("get_caller_identity", "SignatureDoesNotMatch", response_meta=date)
    built = case()
    with pytest.raises(ClientError):
        list(account(built))
    assert clock(built).state is State.FAIL


def test_without_an_answer_there_is_no_time(case):
    with pytest.raises(Unchecked, match="needs an answer of AWS"):
        clock(case())


@mock_aws
def test_the_clients_of_the_user(case, keys):
    built = Case(Asked(), case().machine, UserAws(None), case(arn=None).known)
    (finding,) = account(built)
    assert finding.state is State.OK
    assert built.identity.account == ACCOUNT
    assert built.aws.client("sts", "eu-central-1").meta.config.connect_timeout <= 3
