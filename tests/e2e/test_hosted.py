"""A second gateway in the account, which many tenants share, with a domain of its own."""

import json
import time
from dataclasses import replace

import pytest

from tests.e2e.cdk import Cdk
from tests.e2e.gateway import CONFIG_TTL, Gateway

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

DOMAIN = "gateway.example"
REVOKED_SECONDS = 60  # after so long a key that was revoked counts nowhere
PASSWORD = "a Long passphrase, with 1 digit"


@pytest.fixture(scope="module")
def hosted(cdk, ministack):
    """What deploys the second gateway, with a zone and a certificate that are there."""
    certificate = ministack.client("acm").request_certificate(DomainName=f"*.{DOMAIN}", ValidationMethod="DNS")["CertificateArn"]
    zone = ministack.client("route53").create_hosted_zone(Name=DOMAIN, CallerReference=DOMAIN)["HostedZone"]["Id"].rsplit("/", 1)[-1]
    own = {"stack_name": "Hosted", "mode": "hosted", "domain": DOMAIN, "hosted_zone": zone, "certificate_arn": certificate}
    return Cdk(ministack, {**cdk.context, **own})


@pytest.fixture(scope="module")
def operator(hosted, ministack):
    """The gateway as its operator has it: without a space."""
    return Gateway(ministack, hosted.deploy(), "")


@pytest.fixture(scope="module")
def red(operator):
    return tenant(operator, "red")


@pytest.fixture(scope="module")
def blue(operator):
    return tenant(operator, "blue")


def tenant(operator, name):
    """A new tenant with a space: the gateway as it has it, by its own host and with its own key."""
    answer = operator.manage("POST", "/v1/tenants", {"tenant": name, "app": "shop"})
    assert answer.status == 201, answer
    space = answer.document["space"]
    outputs = {**operator.outputs, "EventsUrl": operator.outputs["EventsUrl"].replace("<tenant>-<app>", space)}
    return Gateway(operator.ministack, outputs, space, f"/{space}", answer.document["accessKey"])


def answering(targets, text):
    return targets.new(body=json.dumps({"statusCode": 200, "body": text}).encode())


def test_each_api_has_its_name_and_every_name_below_the_domain_is_a_space(operator, ministack, red):
    outputs = operator.outputs
    assert (outputs["ConfigUrl"], outputs["DashboardUrl"]) == (f"https://config.{DOMAIN}", f"https://dashboard.{DOMAIN}")
    assert red.outputs["EventsUrl"] == f"https://red-shop.{DOMAIN}"
    assert hosts(ministack) == {f"*.{DOMAIN}", f"config.{DOMAIN}", f"dashboard.{DOMAIN}"}
    assert operator.ask("DashboardUrl", "GET", "/").status == 200


def test_the_same_request_is_answered_by_the_function_of_the_space_whose_host_it_is_for(red, blue, targets):
    found = [(each, answering(targets, each.space)) for each in (red, blue)]
    for each, target in found:
        each.subscribe_http(target, sync=True, event_type="http.request", method="GET", path="/hello")
    assert [each.emit("/hello", method="GET").body for each in (red, blue)] == [b"red-shop", b"blue-shop"]
    for each, target in found:
        (event,) = target.events
        assert (event["data"]["host"], event["data"]["path"]) == (f"{each.space}.{DOMAIN}", "/hello")


def test_the_bare_endpoint_serves_all_spaces_below_their_names(red, blue, targets):
    target = answering(targets, "by its path")
    red.subscribe_http(target, sync=True, event_type="http.request", method="GET", path="/bare")
    assert red.ask("BareEventsUrl", "GET", "/red-shop/bare").body == b"by its path"
    assert red.ask("BareEventsUrl", "GET", "/blue-shop/bare").status == 202  # which nobody of theirs wants
    assert red.ask("BareEventsUrl", "GET", "/bare").status == 404
    assert len(target.events) == 1


def test_events_of_the_same_type_and_path_reach_the_function_of_their_own_space_only(red, blue, targets):
    mine, theirs = targets.new(), targets.new()
    subscribed = red.subscribe_http(mine, event_type="order.made", path="/orders")
    other = blue.subscribe_http(theirs, event_type="order.made", path="/orders")
    subscribed.emit('{"of": "red"}')
    other.emit('{"of": "blue"}')
    mine.wait()
    theirs.wait()
    assert [each["data"] for each in (*mine.events, *theirs.events)] == [{"of": "red"}, {"of": "blue"}]


def test_a_name_that_is_no_space_is_a_404_in_json(red):
    for name in (f"nobody.{DOMAIN}", f"red.{DOMAIN}"):
        stranger = replace(red, outputs={**red.outputs, "EventsUrl": f"https://{name}"})
        answer = stranger.emit("/hello", method="GET")
        assert (answer.status, list(answer.document)) == (404, ["errors"])


def test_a_key_opens_the_spaces_of_its_tenant_and_nothing_else(operator, red, blue):
    assert red.configure("GET", "functions").status == 200
    intruder = replace(red, access_key=blue.key)
    assert intruder.configure("GET", "functions").status == 403
    assert intruder.configure("POST", "eventtypes", {"name": "planted"}).status == 403
    assert red.manage("GET", "/v1/tenants").status == 403
    assert [red.configure("GET", "functions", key=key).status for key in ("", f"{red.key}x")] == [401, 403]
    assert operator.manage("GET", "/v1/tenants/red").document["tenant"] == "red"


def test_what_waits_of_a_suspended_tenant_is_delivered_when_it_is_resumed(operator, red, blue, target):
    target.failures = 1_000_000
    subscribed = red.subscribe_http(target)
    assert subscribed.emit('{"number": 1}').status == 202
    target.wait()
    assert operator.manage("PUT", "/v1/tenants/red/suspension", {"reason": "unpaid"}).status == 200
    red.settle()
    assert red.emit(subscribed.path, "{}", event=subscribed.event_type).status == 403
    assert blue.emit("/nobody/wants/this").status == 202
    time.sleep(CONFIG_TTL)  # an attempt that had begun is over
    attempts, target.failures = len(target.requests), 0
    time.sleep(2 * CONFIG_TTL)
    assert len(target.requests) == attempts
    assert operator.manage("DELETE", "/v1/tenants/red/suspension").status == 200
    target.wait(attempts + 1)
    assert {each["data"]["number"] for each in target.events} == {1}


def test_a_tenant_that_asks_too_often_is_told_when_to_come_again_and_others_are_not(operator, blue):
    eager = tenant(operator, "yellow")
    limits = {"requestsPerSecond": 1, "burst": 2}
    assert operator.manage("PUT", f"/v1/spaces/{eager.space}/quota", limits).status == 200
    eager.settle()
    answers = [eager.emit("/nobody/wants/this") for _ in range(20)]
    refused = [each for each in answers if each.status == 429]
    assert {each.status for each in answers} == {202, 429}
    assert all(int(each.headers["retry-after"]) >= 1 and each.document["errors"] for each in refused)
    assert blue.emit("/nobody/wants/this").status == 202


def test_a_key_that_is_revoked_is_refused_within_a_minute(operator, red, target):
    made = operator.manage("POST", "/v1/tenants/red/keys", {"name": "of a colleague"}).document
    guest = replace(red, access_key=made["accessKey"])
    assert guest.configure("GET", "functions").status == 200
    assert operator.manage("DELETE", f"/v1/tenants/red/keys/{made['id']}").status == 204
    end = time.monotonic() + REVOKED_SECONDS
    while (status := guest.configure("GET", "functions").status) == 200 and time.monotonic() < end:
        time.sleep(1)
    assert status == 403
    assert red.configure("GET", "functions").status == 200


def test_nothing_is_left_of_a_tenant_that_is_deleted(operator, blue, ministack, target):
    gone = tenant(operator, "green")
    subscribed = gone.subscribe_http(target, provider={"headers": {"X-Secret": "of the tenant"}})
    subscribed.emit('{"text": "%s"}' % ("z" * 2_000_000))  # which is kept in the bucket
    target.wait()
    before, others = kept(ministack, "green"), kept(ministack, "blue")
    assert {"meta", "tenant", "key", "in the bucket"} <= {each[1] for each in before}
    assert operator.manage("DELETE", "/v1/tenants/green").status == 202
    assert gone.configure("GET", "functions").status == 403
    assert target.wait_until(lambda: operator.manage("GET", "/v1/tenants/green").status == 404)
    assert kept(ministack, "green") == set()
    assert others <= kept(ministack, "blue")
    assert gone.emit(subscribed.path, "{}", event=subscribed.event_type).status == 404
    assert blue.configure("GET", "functions").status == 200


def kept(ministack, name):
    """The keys of everything in the tables and the bucket of the gateway that has the name of a tenant in it."""
    found = set()
    for table in (resource(ministack, "TablesConfig"), resource(ministack, "TablesRecords")):
        rows = ministack.client("dynamodb").scan(TableName=table)["Items"]
        found |= {(row["pk"]["S"], row["sk"]["S"]) for row in rows if name in str(row)}
    objects = ministack.client("s3").list_objects_v2(Bucket=resource(ministack, "PayloadsBucket")).get("Contents", [])
    return found | {(each["Key"], "in the bucket") for each in objects if name in each["Key"]}


def resource(ministack, prefix):
    """The name of a table or bucket of the stack."""
    found = ministack.client("cloudformation").describe_stack_resources(StackName="Hosted")["StackResources"]
    kinds = ("AWS::DynamoDB::Table", "AWS::S3::Bucket")
    (name,) = [
        each["PhysicalResourceId"] for each in found if each["LogicalResourceId"].startswith(prefix) and each["ResourceType"] in kinds
    ]
    return name


def test_a_person_can_sign_up_and_in(operator, ministack):
    people = ministack.client("cognito-idp")
    (pool,) = people.list_user_pools(MaxResults=60)["UserPools"]
    (client,) = people.list_user_pool_clients(UserPoolId=pool["Id"])["UserPoolClients"]
    ada = {"ClientId": client["ClientId"], "Username": "ada@example.org"}
    attributes = [{"Name": "email", "Value": "ada@example.org"}]
    with pytest.raises(people.exceptions.InvalidPasswordException):
        people.sign_up(**ada, Password="short", UserAttributes=attributes)
    people.sign_up(**ada, Password=PASSWORD, UserAttributes=attributes)
    people.admin_confirm_sign_up(UserPoolId=pool["Id"], Username="ada@example.org")
    entered = people.initiate_auth(
        ClientId=client["ClientId"], AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": "ada@example.org", "PASSWORD": PASSWORD}
    )
    assert entered["AuthenticationResult"]["IdToken"]


def test_nothing_is_left_of_the_names_when_the_stack_is_destroyed(hosted, operator, ministack):
    hosted.destroy()
    assert hosts(ministack) == set()


def hosts(ministack):
    """The names that API Gateway serves, which are those that Route 53 leads to it."""
    served = {each["DomainName"] for each in ministack.client("apigatewayv2").get_domain_names()["Items"]}
    dns = ministack.client("route53")
    zone = dns.list_hosted_zones_by_name(DNSName=DOMAIN)["HostedZones"][0]["Id"]
    records = dns.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert {each["Name"].rstrip(".").replace("\\052", "*") for each in records if each["Type"] == "A"} == served
    return served
