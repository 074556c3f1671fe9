"""CDK's stack and ours."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from local.doctor.case import Asked
from local.doctor.finding import State
from local.doctor.stacks import bootstrap, stack

PARAMETER = {"Name": "/cdk-bootstrap/hnb659fds/version"}


def has_version(aws, version):
    aws.stub("ssm").add_response("get_parameter", {"Parameter": {"Value": version}}, PARAMETER)


def has_stack(aws, name, status):
    described = {"StackName": name, "StackStatus": status, "CreationTime": datetime(2026, 1, 1, tzinfo=UTC)}
    aws.stub("cloudformation").add_response("describe_stacks", {"Stacks": [described]}, {"StackName": name})


def has_no_stack(aws, name):
    message = f"Stack with id {name} does not exist"
    aws.stub("cloudformation").add_client_error("describe_stacks", "ValidationError", message, expected_params={"StackName": name})


@pytest.mark.parametrize("version", ["6", "32"])
def test_a_bootstrapped_region(case, aws, version):
    has_version(aws, version)
    has_stack(aws, "CDKToolkit", "UPDATE_COMPLETE")
    built = case()
    (finding,) = bootstrap(built)
    assert (finding.state, finding.found, built.known.bootstrapped) == (State.OK, f"version {version}", True)


def test_no_bootstrap(case, aws):
    aws.stub("ssm").add_client_error("get_parameter", "ParameterNotFound")
    built = case()
    (finding,) = bootstrap(built)
    assert finding.state is State.FAIL
    assert finding.todo.endswith(": npx aws-cdk@2.1148.1 bootstrap aws://123456789012/eu-central-1")
    assert built.known.bootstrapped is False


def test_an_old_bootstrap(case, aws):
    has_version(aws, "5")
    (finding,) = bootstrap(case())
    assert (finding.state, finding.found) == (State.FAIL, "version 5 is too old, 6 is needed")


def test_a_bootstrap_by_another_name(case, aws):
    has_version(aws, "21")
    has_no_stack(aws, "CDKToolkit")
    (finding,) = bootstrap(case())
    assert finding.state is State.WARN


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_COMPLETE", "UPDATE_IN_PROGRESS"])
def test_a_bootstrap_that_is_not_sound(case, aws, status):
    has_version(aws, "21")
    has_stack(aws, "CDKToolkit", status)
    (finding,) = bootstrap(case())
    assert (finding.state, finding.found) == (State.WARN, f"version 21, but the stack CDKToolkit is {status}")


@pytest.mark.parametrize(
    ("status", "state", "todo"),
    [
        ("CREATE_COMPLETE", State.OK, ""),
        ("UPDATE_COMPLETE", State.OK, ""),
        ("REVIEW_IN_PROGRESS", State.OK, ""),
        ("UPDATE_ROLLBACK_COMPLETE", State.WARN, "can be updated again"),
        ("CREATE_IN_PROGRESS", State.FAIL, "wait"),
        ("UPDATE_ROLLBACK_IN_PROGRESS", State.FAIL, "wait"),
        ("ROLLBACK_COMPLETE", State.FAIL, "aws cloudformation delete-stack --stack-name Gate --region eu-central-1"),
        ("CREATE_FAILED", State.FAIL, "delete-stack"),
        ("UPDATE_ROLLBACK_FAILED", State.FAIL, "aws cloudformation continue-update-rollback --stack-name Gate --region eu-central-1"),
        ("DELETE_FAILED", State.FAIL, "delete-stack"),
    ],
)
def test_states_of_our_stack(case, aws, status, state, todo):
    has_stack(aws, "Gate", status)
    finding = stack(case(asked=Asked(stack="Gate")))
    assert finding.state is state
    assert todo in finding.todo


def test_a_first_deployment(case, aws):
    has_no_stack(aws, "EventGateway")
    assert stack(case()).found == "does not exist yet"


def test_a_name_that_is_none_is_not_taken_for_a_stack_that_is_not_there(case, aws):
    aws.stub("cloudformation").add_client_error(
        "describe_stacks", "ValidationError", "1 validation error detected: Value 'a_b' at 'stackName'"
    )
    with pytest.raises(ClientError, match="stackName"):
        stack(case())
