"""Quotas."""

import pytest
from botocore.exceptions import ClientError

from local.doctor.case import Asked
from local.doctor.finding import State
from local.doctor.quotas import OF_DOMAINS, QUOTAS, quotas


def has(aws, values, more=()):
    for quota in (*QUOTAS, *more):
        names = {"ServiceCode": quota.service, "QuotaCode": quota.code}
        aws.stub("service-quotas").add_response("get_service_quota", {"Quota": {"Value": values.get(quota.code, 10_000.0)}}, names)


def test_quotas_that_are_enough(case, aws):
    has(aws, {}, [OF_DOMAINS])
    findings = list(quotas(case(asked=Asked(domain="example.com"))))
    assert [each.state for each in findings] == [State.OK] * 6
    assert findings[0].found == "10,000 executions"
    aws.all_used()


def test_a_new_account_has_ten_executions(case, aws):
    has(aws, {"L-B99A9384": 10.0})
    finding = next(quotas(case()))
    assert finding.state is State.WARN
    assert finding.found == "10 executions in eu-central-1 of 123456789012 are far too few"
    assert finding.todo.endswith("--service-code lambda --quota-code L-B99A9384 --desired-value 1000")


def test_some_are_few(case, aws):
    has(aws, {"L-B99A9384": 400.0})
    assert next(quotas(case())).found.endswith("are few")


def test_without_a_value_of_its_own_the_default_counts(case, aws):
    aws.stub("service-quotas").add_client_error("get_service_quota", "NoSuchResourceException")
    aws.stub("service-quotas").add_response("get_aws_default_service_quota", {"Quota": {"Value": 1000.0}})
    assert next(quotas(case())).state is State.OK


def test_one_that_is_unknown_does_not_end_the_others(case, aws):
    for operation in ("get_service_quota", "get_aws_default_service_quota"):
        aws.stub("service-quotas").add_client_error(operation, "NoSuchResourceException")
    aws.stub("service-quotas").add_response("get_service_quota", {"Quota": {"Value": 75.0}})
    found = quotas(case())
    assert next(found).todo == "Look at L-B99A9384 in Service Quotas."
    assert next(found).state is State.OK


def test_who_may_not_read_one_may_read_none(case, aws):
    aws.stub("service-quotas").add_client_error("get_service_quota", "AccessDeniedException")
    with pytest.raises(ClientError):
        list(quotas(case()))
