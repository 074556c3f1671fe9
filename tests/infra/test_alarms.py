"""Nothing that the stack makes goes unwatched, and whoever is woken finds out what to do."""

import json
import os
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from infra.parameters import Parameters

os.environ["JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"] = "20"  # else jsii writes a banner to standard error

RUNBOOK = Path("docs/operations.md")
WATCHED = ("AWS::Lambda::Function", "AWS::SQS::Queue", "AWS::DynamoDB::Table", "AWS::ApiGatewayV2::Api")
OF_CDK = "Custom"  # functions of CDK's own resources, which run during deployments only
OF_THIS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::SNS::Topic", "AWS::SNS::Subscription", "AWS::Logs::MetricFilter")
ALARM_LIMIT, DESCRIPTION_LIMIT = 10, 1024  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html


@cache
def resources(**choices):
    """The resources of the stack with some parameters, by logical id; the layer of packages is an empty one."""
    from aws_cdk import App
    from aws_cdk.assertions import Template

    from infra.gateway_stack import GatewayStack

    with TemporaryDirectory() as folder:
        packages = Path(folder) / "packages"
        (packages / "python").mkdir(parents=True)
        (packages / "python" / "package.py").write_text("")
        chosen = Parameters.from_context(choices)
        stack = GatewayStack(App(analytics_reporting=False), chosen.stack_name, parameters=chosen, packages=packages)
        return Template.from_stack(stack).to_json()["Resources"]


def of(type_, **choices):
    return {name: each for name, each in resources(**choices).items() if each["Type"] == type_}


def alarms(**choices):
    return {each["Properties"]["AlarmName"]: each["Properties"] for each in of("AWS::CloudWatch::Alarm", **choices).values()}


def referred(value):
    """The logical ids that a part of a template refers to."""
    match value:
        case {"Ref": name} | {"Fn::GetAtt": [name, *_]}:
            return {name}
        case dict():
            return set().union(*map(referred, value.values()))
        case list():
            return set().union(*map(referred, value))
    return set()


def text(value):
    """A text of a template, with logical ids for what is only known when it is deployed."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(map(text, parts))
        case {"Ref": name} | {"Fn::GetAtt": [name, *_]}:
            return name
    return value


def watched(**choices):
    return {name for type_ in WATCHED for name in of(type_, **choices) if not name.startswith(OF_CDK)}


def dashboard(**choices):
    [found] = of("AWS::CloudWatch::Dashboard", **choices).values()
    return found["Properties"]


def metrics_of(alarm):
    """The metrics that AWS bills an alarm for."""
    return [each for each in alarm.get("Metrics", [alarm]) if "MetricStat" in each or "MetricName" in each]


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("choices", [{}, {"removal_policy": "destroy"}, {"mode": "hosted"}, {"snap_start": "true"}], ids=str)
def test_every_function_queue_table_and_api_has_an_alarm(choices):
    assert watched(**choices) - referred(list(alarms(**choices).values())) == set()


@pytest.mark.parametrize("name", ["Errors", "Throttles"])
def test_errors_and_throttles_of_every_function_have_an_alarm(name):
    found = {each for alarm in alarms().values() if f'"{name}"' in json.dumps(alarm) for each in referred(alarm)}
    assert {each for each in of("AWS::Lambda::Function") if not each.startswith(OF_CDK)} - found == set()


@pytest.mark.parametrize("name", ["ReadThrottleEvents", "WriteThrottleEvents", "SystemErrors"])
def test_throttles_and_errors_of_every_table_have_an_alarm(name):
    found = {each for alarm in alarms().values() if f'"{name}"' in json.dumps(alarm) for each in referred(alarm)}
    assert set(of("AWS::DynamoDB::Table")) - found == set()


def test_every_alarm_says_what_it_means_and_where_the_runbook_goes_on():
    known = anchors(RUNBOOK)
    for name, alarm in alarms().items():
        meaning, _, address = alarm["AlarmDescription"].rpartition(" ")
        page, _, anchor = address.partition("#")
        assert (page, anchor in known) == (str(RUNBOOK), True), f"{name}: {address}"
        assert len(meaning) > 50, name
        assert "Look " in meaning, name
        assert len(alarm["AlarmDescription"]) <= DESCRIPTION_LIMIT


def test_every_section_of_the_runbook_is_of_an_alarm():
    from infra.constructs.runbook import SAYS

    sections = re.search(r"^## Runbook$(.*?)^## ", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
    assert sections is not None
    assert re.findall(r"^### (.*)$", sections[1], re.MULTILINE) == list(SAYS)
    used = {alarm["AlarmDescription"].rpartition("#")[2] for alarm in alarms().values()}
    assert used == set(SAYS)


def test_every_alarm_tells_when_it_begins_and_when_it_ends():
    [topic] = of("AWS::SNS::Topic")
    for name, alarm in alarms().items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}], name


def test_every_alarm_says_what_missing_data_means():
    """Metrics of queues end when nobody uses them: messages in the poison queue are still there then."""
    missing = {name: alarm.get("TreatMissingData") for name, alarm in alarms().items()}
    assert {name for name, treated in missing.items() if treated != "notBreaching"} == {"EventGateway-Poison"}
    assert missing["EventGateway-Poison"] == "ignore"


def test_one_bad_period_wakes_nobody_but_for_what_does_not_pass_by_itself():
    at_once = {name for name, alarm in alarms().items() if alarm["DatapointsToAlarm"] == 1}
    assert at_once == {"EventGateway-Poison", "EventGateway-DeadLetters"}
    assert all(alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"] for alarm in alarms().values())


def test_sums_take_a_metric_without_data_for_zero():
    """Otherwise an error of one operation would be hidden while another has none: a sum with a missing part is missing."""
    sums = {
        name: each["Expression"]
        for name, alarm in alarms().items()
        for each in alarm.get("Metrics", [])
        if " + " in each.get("Expression", "") and "/" not in each["Expression"]
    }
    assert sums
    assert [name for name, each in sums.items() for part in each.split(" + ") if not part.startswith("FILL(")] == []


def test_thresholds_follow_the_parameters():
    chosen = alarms(delivery_concurrency="7", account_concurrency="3000")
    assert chosen["EventGateway-WorkersAtLimit"]["Threshold"] == 7
    assert chosen["EventGateway-AccountConcurrency"]["Threshold"] == 2400


def test_an_old_message_is_older_than_any_wait_between_attempts():
    from eventgateway.core.retry import DEFAULT_RETRY, LONGEST_ASKED

    assert alarms()["EventGateway-OldestMessage"]["Threshold"] >= max(*DEFAULT_RETRY.waits, LONGEST_ASKED) + 3600


def test_only_alarms_of_the_account_reach_the_topic_and_nobody_without_tls():
    [policy] = of("AWS::SNS::TopicPolicy").values()
    refused, allowed = policy["Properties"]["PolicyDocument"]["Statement"]
    assert (refused["Effect"], refused["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert (allowed["Effect"], allowed["Action"], allowed["Principal"]) == ("Allow", "sns:Publish", {"Service": "cloudwatch.amazonaws.com"})
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_topic_is_encrypted_with_a_key_that_alarms_may_use():
    [topic] = of("AWS::SNS::Topic").values()
    [key] = referred(topic["Properties"]["KmsMasterKeyId"])
    _, allowed = resources()[key]["Properties"]["KeyPolicy"]["Statement"]
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "cloudwatch.amazonaws.com"}, ["kms:Decrypt", "kms:GenerateDataKey*"])


def test_alarms_are_sent_to_the_address_that_was_given():
    assert of("AWS::SNS::Subscription") == {}
    [subscription] = of("AWS::SNS::Subscription", alarm_email="operator@example.org").values()
    assert (subscription["Properties"]["Protocol"], subscription["Properties"]["Endpoint"]) == ("email", "operator@example.org")


def test_without_alarms_there_is_nothing_of_all_this():
    found = resources(alarms="false")
    assert [name for name, each in found.items() if each["Type"] in OF_THIS] == []
    assert [name for name in found if name.startswith(("Alarms", "Console"))] == []


def test_the_dashboard_shows_every_function_queue_table_and_api():
    assert watched() - referred(dashboard()["DashboardBody"]) == set()


def test_the_dashboard_begins_with_all_alarms():
    first, *_ = json.loads(text(dashboard()["DashboardBody"]))["widgets"]
    assert first["type"] == "alarm"
    assert sorted(first["properties"]["alarms"]) == sorted(of("AWS::CloudWatch::Alarm"))


def test_no_graph_of_the_dashboard_uses_a_name_twice():
    for widget in json.loads(text(dashboard()["DashboardBody"]))["widgets"]:
        ids = [each[-1]["id"] for each in widget["properties"].get("metrics", []) if isinstance(each[-1], dict) and "id" in each[-1]]
        assert len(ids) == len(set(ids)), widget["properties"]["title"]


def test_two_gateways_fit_into_one_account_and_region():
    first, second = {}, {"stack_name": "Another"}
    assert not set(alarms(**first)) & set(alarms(**second))
    assert dashboard(**first)["DashboardName"] != dashboard(**second)["DashboardName"]
    namespaces = [
        {each["Properties"]["MetricTransformations"][0]["MetricNamespace"] for each in of("AWS::Logs::MetricFilter", **choices).values()}
        for choices in (first, second)
    ]
    assert namespaces == [{"EventGateway/EventGateway"}, {"EventGateway/Another"}]


def test_the_dashboard_is_the_same_each_time():
    body = dashboard()["DashboardBody"]
    resources.cache_clear()
    assert dashboard()["DashboardBody"] == body


def test_the_runbook_says_what_the_alarms_cost():
    billed = [metric for alarm in alarms().values() for metric in metrics_of(alarm)]
    page = RUNBOOK.read_text()
    assert f"{len(alarms())} alarms" in page
    assert f"{len(billed)} metrics" in page
    assert all(len(alarm.get("Metrics", [])) <= ALARM_LIMIT for alarm in alarms().values())


def test_the_runbook_names_resources_that_are_there():
    named = re.findall(r"\$\(resource (\w+) ([\w:]+)\)", RUNBOOK.read_text())
    assert len(named) > 5
    for prefix, type_ in named:
        assert len([each for each in of(type_) if each.startswith(prefix)]) == 1, (prefix, type_)
