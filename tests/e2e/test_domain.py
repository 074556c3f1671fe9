"""A second gateway in the account, with a domain of its own."""

import json

import pytest

from tests.e2e.cdk import Cdk
from tests.e2e.gateway import Gateway

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

DOMAIN = "gateway.example"


@pytest.fixture
def named(cdk, ministack):
    """What deploys the second gateway, with a zone and a certificate that are there."""
    certificate = ministack.client("acm").request_certificate(DomainName=f"*.{DOMAIN}", ValidationMethod="DNS")["CertificateArn"]
    zone = ministack.client("route53").create_hosted_zone(Name=DOMAIN, CallerReference=DOMAIN)["HostedZone"]["Id"].rsplit("/", 1)[-1]
    own = {"stack_name": "Named", "domain": DOMAIN, "hosted_zone": zone, "certificate_arn": certificate}
    return Cdk(ministack, {**cdk.context, **own})


def test_each_api_has_its_name_and_all_go_when_the_stack_is_destroyed(named, ministack, targets):
    outputs = named.deploy()
    assert (outputs["ConfigUrl"], outputs["DashboardUrl"]) == (f"https://config.{DOMAIN}", f"https://dashboard.{DOMAIN}")
    gateway = Gateway(ministack, {**outputs, "EventsUrl": f"https://shop.{DOMAIN}"}, "shop")
    target = targets.new(body=json.dumps({"statusCode": 200, "body": "sold"}).encode())
    subscribed = gateway.subscribe_http(target, sync=True, event_type="http.request", method="GET")
    assert gateway.emit(subscribed.path, method="GET").body == b"sold"
    assert target.events[0]["data"]["host"] == f"shop.{DOMAIN}"
    assert gateway.ask("DashboardUrl", "GET", "/").status == 200
    assert hosts(ministack) == {f"*.{DOMAIN}", f"config.{DOMAIN}", f"dashboard.{DOMAIN}"}
    named.destroy()
    assert hosts(ministack) == set()


def hosts(ministack):
    """The names that API Gateway serves, which are those that Route 53 leads to it."""
    served = {each["DomainName"] for each in ministack.client("apigatewayv2").get_domain_names()["Items"]}
    dns = ministack.client("route53")
    zone = dns.list_hosted_zones_by_name(DNSName=DOMAIN)["HostedZones"][0]["Id"]
    records = dns.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert {each["Name"].rstrip(".").replace("\\052", "*") for each in records if each["Type"] == "A"} == served
    return served
