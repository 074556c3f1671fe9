"""What requests come in by, in every stack: one way to each function, and the gateway decides about the rest."""

import json

import pytest

from tests.infra.stacks import CERTIFICATE, ZONE

pytestmark = pytest.mark.xdist_group("infra")


def names(template):
    return template.optional("ApiGatewayV2::DomainName")


def test_every_api_has_one_route_so_that_the_gateway_decides_what_a_path_means(template):
    routes = template.of("ApiGatewayV2::Route")
    assert [each["RouteKey"] for each in routes] == ["$default"] * len(template.of("ApiGatewayV2::Api"))
    assert {each["ApiId"] for each in routes} == {each.id for each in template.of("ApiGatewayV2::Api")}


def test_there_is_an_api_for_events_one_for_configuration_and_one_for_pages(template):
    assert {each.name for each in template.of("ApiGatewayV2::Api")} == {"Events", "Config", "Pages"}


def test_cors_is_answered_by_the_gateway_and_never_by_an_api(template):
    for api in template.of("ApiGatewayV2::Api"):
        assert api["ProtocolType"] == "HTTP"
        assert "CorsConfiguration" not in api.properties


def test_apis_can_be_told_apart_in_the_console(template):
    found = [each["Name"] for each in template.of("ApiGatewayV2::Api")]
    assert len(set(found)) == len(found)
    assert all(name.startswith(f"{template.parameters.stack_name}-") for name in found)


def test_functions_get_events_of_the_format_that_they_read(template):
    for integration in template.of("ApiGatewayV2::Integration"):
        assert (integration["IntegrationType"], integration["PayloadFormatVersion"]) == ("AWS_PROXY", "2.0")


def test_a_flood_of_requests_ends_at_the_stage(template):
    stages = template.of("ApiGatewayV2::Stage")
    assert {each["ApiId"] for each in stages} == {each.id for each in template.of("ApiGatewayV2::Api")}
    for stage in stages:
        assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
        limits = stage["DefaultRouteSettings"]
        assert 0 < limits["ThrottlingBurstLimit"] <= limits["ThrottlingRateLimit"]


def test_each_api_may_invoke_its_function_and_no_other_api_may(template):
    called = {each["ApiId"]: each["IntegrationUri"] for each in template.of("ApiGatewayV2::Integration")}
    permissions = [each for each in template.of("Lambda::Permission") if each["Principal"] == "apigateway.amazonaws.com"]
    assert {each["SourceArn"].split(":")[5].split("/")[0]: each["FunctionName"] for each in permissions} == called


def test_the_stack_tells_where_every_api_is(template):
    addresses = {template.text({"Fn::GetAtt": [each.id, "ApiEndpoint"]}) for each in template.of("ApiGatewayV2::Api")}
    if template.parameters.domain:
        any_name = "<tenant>-<app>" if template.parameters.is_hosted else "events"
        addresses = {f"https://{each['DomainName'].replace('*', any_name)}" for each in names(template)}
    assert addresses <= set(template.outputs.values())


def test_requests_are_logged_if_that_is_wanted_and_never_what_may_hold_secrets(template):
    for stage in template.of("ApiGatewayV2::Stage"):
        assert ("AccessLogSettings" in stage.properties) is template.parameters.access_log
        if template.parameters.access_log:
            logged = json.loads(stage["AccessLogSettings"]["Format"])
            assert {"requestId", "status", "path"} <= set(logged)
            assert not [each for each in logged.values() if "header" in each or "query" in each or "authorizer" in each]


def test_with_a_domain_every_api_has_a_name_of_its_own(template):
    domain = template.parameters.domain
    found = {each["DomainName"] for each in names(template)}
    assert found == set() if not domain else found == {f"*.{domain}", f"config.{domain}", f"dashboard.{domain}"}
    mappings = {each["DomainName"]: each["ApiId"] for each in template.optional("ApiGatewayV2::ApiMapping")}
    assert set(mappings) == {each.id for each in names(template)}
    apis = template.of("ApiGatewayV2::Api")
    assert len(set(mappings.values())) == len(mappings) == (len(apis) if domain else 0)


def test_with_a_domain_no_other_address_works_but_that_of_all_spaces_of_a_hosted_gateway(template):
    closed = {each.name for each in template.of("ApiGatewayV2::Api") if each.get("DisableExecuteApiEndpoint")}
    wanted = {"Config", "Pages"} if template.parameters.is_hosted else {"Events", "Config", "Pages"}
    assert closed == (wanted if template.parameters.domain else set())
    is_open = template.parameters.is_hosted and template.parameters.domain
    [events] = [each for each in template.of("ApiGatewayV2::Api") if each.name == "Events"]
    bare = template.text({"Fn::GetAtt": [events.id, "ApiEndpoint"]})
    assert template.outputs.get("BareEventsUrl") == (bare if is_open else None)


@pytest.mark.parametrize(("label", "api"), {"*": "EventsApi", "config": "ConfigApi"}.items())
def test_each_name_leads_to_its_api(everything, label, api):
    [name] = [each for each in names(everything) if each["DomainName"] == f"{label}.{everything.parameters.domain}"]
    [mapped] = [each["ApiId"] for each in everything.of("ApiGatewayV2::ApiMapping") if each["DomainName"] == name.id]
    assert mapped.startswith(api)


def test_names_take_no_tls_of_yesterday_and_show_the_certificate_that_was_given_or_made(template):
    made = [each.id for each in template.optional("CertificateManager::Certificate")]
    assert len(made) == (1 if template.parameters.domain and not template.parameters.certificate_arn else 0)
    for name in names(template):
        [settings] = name["DomainNameConfigurations"]
        assert settings["SecurityPolicy"] == "TLS_1_2"
        assert [settings["CertificateArn"]] == (made or [CERTIFICATE])


def test_a_certificate_that_is_made_covers_every_name_and_proves_itself_in_the_zone(everything):
    [made] = everything.of("CertificateManager::Certificate")
    assert made["DomainName"] == f"*.{everything.parameters.domain}"
    assert (made["ValidationMethod"], made["DomainValidationOptions"][0]["HostedZoneId"]) == ("DNS", ZONE)


def test_every_name_has_its_record_in_the_zone_or_the_stack_tells_what_to_point_it_to(template):
    targets = {each["DomainName"]: f"{each.id}.RegionalDomainName" for each in names(template)}
    records = template.optional("Route53::RecordSet")
    if template.parameters.hosted_zone:
        assert {each["Name"].rstrip("."): each["AliasTarget"]["DNSName"] for each in records} == targets
        assert {(each["HostedZoneId"], each["Type"]) for each in records} == {(ZONE, "A")}
    else:
        assert records == []
        assert set(targets.values()) <= set(template.outputs.values())
