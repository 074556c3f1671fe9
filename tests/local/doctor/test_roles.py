"""May the user be what CDK has to be."""

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local.doctor.case import Asked, Case
from local.doctor.clients import UserAws
from local.doctor.finding import State, Unchecked
from local.doctor.roles import as_deployer, roles
from tests.local.doctor.stubbed import ACCOUNT, KEYS, REGION, StubbedAws

DEPLOY = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-deploy-role-{ACCOUNT}-{REGION}"
PUBLISH = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-file-publishing-role-{ACCOUNT}-{REGION}"


def asked_for(arn):
    return {"RoleArn": arn, "RoleSessionName": "event-gateway-doctor", "DurationSeconds": 900}


def test_both_roles_can_be_assumed(case, aws):
    for arn in (DEPLOY, PUBLISH):
        aws.stub("sts").add_response("assume_role", {"Credentials": KEYS}, asked_for(arn))
    assert roles(case()).state is State.OK
    aws.all_used()


def test_what_is_missing_is_named(case, aws):
    aws.stub("sts").add_response("assume_role", {"Credentials": KEYS}, asked_for(DEPLOY))
    aws.stub("sts").add_client_error("assume_role", "AccessDenied", expected_params=asked_for(PUBLISH))
    finding = roles(case())
    assert finding.state is State.FAIL
    assert finding.found == f"may not assume cdk-hnb659fds-file-publishing-role-{ACCOUNT}-{REGION}"
    assert f"Allow sts:AssumeRole on arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-*-{ACCOUNT}-{REGION} " in finding.todo


def test_root_and_a_missing_bootstrap_are_not_asked(case):
    assert roles(case(arn=f"arn:aws:iam::{ACCOUNT}:root")).state is State.WARN
    with pytest.raises(Unchecked, match="needs the CDK bootstrap"):
        roles(case(bootstrapped=False))


def test_roles_of_another_partition(case, aws):
    aws.stub("sts", "cn-north-1").add_client_error("assume_role", "AccessDenied")
    aws.stub("sts", "cn-north-1").add_client_error("assume_role", "AccessDenied")
    assert "arn:aws-cn:iam::" in roles(case(region="cn-north-1", arn=f"arn:aws-cn:iam::{ACCOUNT}:user/ann")).todo


def stack_of(clients):
    return clients.client("cloudformation", REGION).describe_stacks(StackName="s")["Stacks"]


def test_what_the_user_may_not_read_the_deploy_role_reads(case, aws):
    aws.of_role = StubbedAws()
    aws.stub("cloudformation").add_client_error("describe_stacks", "AccessDenied")
    aws.stub("sts").add_response("assume_role", {"Credentials": KEYS}, asked_for(DEPLOY))
    aws.of_role.stub("cloudformation").add_response("describe_stacks", {"Stacks": []})
    assert as_deployer(case(), stack_of) == []
    aws.of_role.all_used()
    assert [each["SessionToken"] for each in aws.assumed] == ["t"]


def test_without_the_role_the_first_refusal_is_told(case, aws):
    aws.stub("cloudformation").add_client_error("describe_stacks", "AccessDenied")
    aws.stub("sts").add_client_error("assume_role", "AccessDenied")
    with pytest.raises(ClientError, match="DescribeStacks"):
        as_deployer(case(), stack_of)


def test_other_errors_are_not_asked_twice(case, aws):
    aws.stub("cloudformation").add_client_error("describe_stacks", "Throttling")
    with pytest.raises(ClientError, match="Throttling"):
        as_deployer(case(), stack_of)


@mock_aws
def test_the_clients_of_a_role(case, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    built = Case(Asked(), case().machine, UserAws(None), case().known)
    assert roles(built).state is State.OK
    keys = built.client("sts").assume_role(RoleArn=DEPLOY, RoleSessionName="session")["Credentials"]
    assert ":assumed-role/cdk-" in built.aws.with_keys(keys).client("sts", REGION).get_caller_identity()["Arn"]
