"""The functions of every stack: what they run on, how long, with which settings, and what invokes them."""

from dataclasses import fields

import pytest

from eventgateway.settings import DashboardSettings, Settings
from infra.parameters import Parameters
from tests.infra.stacks import TARGETS, synthesized

pytestmark = pytest.mark.xdist_group("infra")

API_GATEWAY_SECONDS = 30  # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
LEVELS = {"debug": "DEBUG", "info": "INFO", "warn": "WARN", "error": "ERROR"}
OF_PARAMETERS = ("mode", "outbound_guard", "retry_scale", "log_level", *Parameters().quotas)


def settings(function):
    return kind(function).from_env(function["Environment"]["Variables"])


def kind(function):
    return DashboardSettings if function.name == "Dashboard" else Settings


def working(template):
    """All functions but that of the pages, which have no tables and no queue."""
    return [each for each in template.of("Lambda::Function") if each.name != "Dashboard"]


def called(template):
    """What each API invokes, by its logical id: the function, or an alias of it."""
    return {each["IntegrationUri"] for each in template.of("ApiGatewayV2::Integration")}


def answering(template):
    """The functions that somebody waits for."""
    aliases = {each.id: each["FunctionName"] for each in template.optional("Lambda::Alias")}
    arns = {template.arn(each.id): each.id for each in template.of("Lambda::Function")}
    return [template.resources[arns.get(each) or aliases[each]] for each in called(template)]


def slow_to_start(template):
    """Those of them that load the SDK of AWS."""
    return [each for each in answering(template) if each.name != "Dashboard"]


def test_there_is_a_function_for_each_thing_that_the_gateway_does(template):
    assert {each.name for each in template.of("Lambda::Function")} == {"Router", "Config", "Delivery", "Dashboard"}


def test_every_function_runs_on_the_machine_and_python_that_its_layers_are_for(template):
    for function in template.of("Lambda::Function"):
        assert (function["Architectures"], function["Runtime"]) == (["arm64"], "python3.13")
        assert function["Handler"] == "handler.handler"
        assert function["Layers"][:2] == [each.id for each in template.of("Lambda::LayerVersion")]


def test_logs_are_json_and_lambda_itself_is_silent_unless_something_is_wrong(template):
    for function in template.of("Lambda::Function"):
        logging = function["LoggingConfig"]
        assert (logging["LogFormat"], logging["SystemLogLevel"]) == ("JSON", "WARN")
        assert logging["ApplicationLogLevel"] == LEVELS[template.parameters.log_level]


def test_every_function_has_a_log_group_of_its_own_and_no_log_is_kept_for_ever(template):
    groups = {each.id: each["RetentionInDays"] for each in template.of("Logs::LogGroup")}
    assert set(groups.values()) == {template.parameters.log_retention}
    used = [each["LoggingConfig"]["LogGroup"] for each in template.of("Lambda::Function")]
    assert len(set(used)) == len(used)
    assert set(used) <= set(groups)


def test_a_function_that_somebody_waits_for_ends_before_api_gateway_does_and_its_work_before_that(template):
    functions = answering(template)
    assert len(functions) == len(template.of("ApiGatewayV2::Api"))
    for function in functions:
        assert function["Timeout"] <= API_GATEWAY_SECONDS
        assert function.name == "Dashboard" or settings(function).request_seconds < function["Timeout"]


def test_a_delivery_ends_before_its_worker_does(template):
    for source in template.of("Lambda::EventSourceMapping"):
        function = template.resources[source["FunctionName"]]
        assert settings(function).delivery_seconds < function["Timeout"]


def test_the_environment_is_what_the_library_reads_and_nothing_else(template):
    for function in template.of("Lambda::Function"):
        environment = function["Environment"]["Variables"]
        known = {each.metadata["name"]: each.default for each in fields(kind(function))}
        assert {name for name, default in known.items() if default != ""} <= set(environment) <= set(known)
        assert settings(function).to_env() == environment


def test_the_operator_key_is_told_to_the_config_api_and_its_name_to_the_dashboard(template):
    secret = template.one("SecretsManager::Secret", "Operator")
    told = {each.name: settings(each).operator_key_secret for each in template.of("Lambda::Function")}
    arn = template.text({"Ref": secret.id})
    assert told == {"Router": "", "Config": arn, "Delivery": "", "Dashboard": template.outputs["OperatorKeySecret"]}
    assert template.outputs["OperatorKeySecret"] == arn.split(":")[6].rpartition("-")[0]
    assert not [each for each in template.of("Lambda::Function") if "GATEWAY_OPERATOR_KEY" in each["Environment"]["Variables"]]


def test_the_dashboard_is_told_where_the_other_apis_are(template):
    function = template.one("Lambda::Function", "Dashboard")
    found = [settings(function).events_url, settings(function).config_url] if template.parameters.domain else []
    assert found == [template.outputs[each] for each in ("EventsUrl", "ConfigUrl")][: len(found)]


def test_the_dashboard_shows_where_the_spaces_of_a_hosted_gateway_are():
    from eventgateway.web.dashboard.page import front_page

    page = front_page(settings(synthesized("hosted with domain").one("Lambda::Function", "Dashboard")))
    assert "https://&lt;tenant&gt;-&lt;app&gt;.gateway.example.org" in page
    assert "https://acme-shop.gateway.example.org/" in page


def test_the_parameters_of_a_deployment_arrive_in_its_functions(template):
    for function in working(template):
        found = settings(function)
        assert [getattr(found, name) for name in OF_PARAMETERS] == [getattr(template.parameters, name) for name in OF_PARAMETERS]


def test_functions_know_the_domain_whose_subdomains_are_spaces(template):
    wanted = template.parameters.domain if template.parameters.is_hosted else ""
    assert {settings(each).domain for each in template.of("Lambda::Function")} == {wanted}


def test_a_hosted_gateway_knows_what_tenants_may_call_with_its_role():
    """Its role may do so; which functions may use the role is for the gateway to say."""
    chosen = synthesized("hosted with domain")
    assert {settings(each).allowed_targets for each in working(chosen)} == {",".join(TARGETS)}
    assert {settings(each).allowed_targets for each in working(synthesized("everything"))} == {""}


def test_the_environment_names_the_resources_of_the_stack(template):
    for function in working(template):
        found = settings(function)
        assert {template.resources[name].type for name in (found.config_table, found.records_table)} == {"AWS::DynamoDB::Table"}
        assert found.config_table != found.records_table
        assert found.payload_bucket == template.one("S3::Bucket", "Payloads").id
        assert found.secrets_key == template.arn(template.one("KMS::Key", "Secrets").id)
        queue = template.one("SQS::Queue", "DeliveriesQueue").id
        assert found.queue_url.endswith(f"/{queue}")


def test_without_snapstart_functions_are_called_as_they_are(default):
    assert default.optional("Lambda::Version") == default.optional("Lambda::Alias") == []
    arns = {default.arn(each.id) for each in default.of("Lambda::Function")}
    assert called(default) <= arns
    assert not [each for each in default.of("Lambda::Function") if "SnapStart" in each.properties]


def test_with_snapstart_requests_go_to_the_published_version(everything):
    aliases = {each.id: each for each in everything.of("Lambda::Alias")}
    as_it_is = {everything.arn(everything.one("Lambda::Function", "Dashboard").id)}
    assert called(everything) == set(aliases) | as_it_is
    assert {each["FunctionName"] for each in everything.of("Lambda::Permission")} <= set(aliases) | as_it_is
    versions = {f"{each.id}.Version" for each in everything.of("Lambda::Version")}
    assert {each["FunctionVersion"] for each in aliases.values()} == versions
    for function in slow_to_start(everything):
        assert function["SnapStart"] == {"ApplyOn": "PublishedVersions"}


def test_with_snapstart_a_version_goes_when_the_next_one_is_there(everything):
    for version in everything.of("Lambda::Version"):
        assert (version.raw["DeletionPolicy"], version.raw["UpdateReplacePolicy"]) == ("Delete", "Delete")


def test_snapstart_of_functions_that_nobody_waits_for_or_that_start_fast_would_be_money_for_nothing(everything):
    waited_for = {each.id for each in slow_to_start(everything)}
    assert {each.id for each in everything.of("Lambda::Function") if "SnapStart" in each.properties} == waited_for


def test_the_queue_invokes_the_worker_with_batches_whose_messages_fail_one_by_one(template):
    [source] = template.of("Lambda::EventSourceMapping")
    assert source["FunctionName"] == template.one("Lambda::Function", "Delivery").id
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["BatchSize"] == settings(template.resources[source["FunctionName"]]).delivery_concurrency == 10
    assert source["ScalingConfig"] == {"MaximumConcurrency": template.parameters.delivery_concurrency}
    assert source.get("Enabled", True) is True


def test_the_queue_invokes_nobody_before_the_worker_may_receive(template):
    [source] = template.of("Lambda::EventSourceMapping")
    waits_for = template.resources[source["FunctionName"]].raw["DependsOn"]
    assert template.one("IAM::Policy", "DeliveryRole").id in waits_for


def test_a_reservation_is_for_the_router_alone_and_only_if_asked_for(template):
    reserved = {
        each.name: each["ReservedConcurrentExecutions"]
        for each in template.of("Lambda::Function")
        if "ReservedConcurrentExecutions" in each.properties
    }
    wanted = template.parameters.reserved_concurrency
    assert reserved == ({"Router": wanted} if wanted else {})


def test_functions_are_traced_if_asked_for(template):
    modes = {each.get("TracingConfig", {}).get("Mode") for each in template.of("Lambda::Function")}
    assert modes == ({"Active"} if template.parameters.tracing else {None})


def test_plugins_are_where_events_are_and_not_in_the_config_api(template):
    plugins = list(template.parameters.plugin_layers)
    with_plugins = {each.name for each in template.of("Lambda::Function") if each["Layers"][2:]}
    assert with_plugins == ({"Router", "Delivery"} if plugins else set())
    assert all(each["Layers"][2:] in ([], plugins) for each in template.of("Lambda::Function"))


def test_only_the_router_has_the_memory_that_was_asked_for():
    sizes = {each.name: each["MemorySize"] for each in synthesized("everything").of("Lambda::Function")}
    usual = {each.name: each["MemorySize"] for each in synthesized("default").of("Lambda::Function")}
    assert sizes == usual | {"Router": 1769}
