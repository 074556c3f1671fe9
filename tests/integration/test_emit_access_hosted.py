"""Closed spaces in hosted mode: the deployed handlers, two tenants, and the keys of each."""

import json

import pytest

from eventgateway.settings import Mode
from functions.config import handler as config
from functions.router import handler as router
from tests.integration.deployment import deployed_handlers

DOMAIN = "gateway.test"


@pytest.fixture(scope="module", autouse=True)
def hosted():
    with deployed_handlers(mode=Mode.HOSTED, domain=DOMAIN, operator_key="operator") as settings:
        yield settings


def ask(key, method, path, document=None):
    http = {"method": method}
    event = {"requestContext": {"http": http}, "rawPath": path, "headers": {"authorization": f"Bearer {key}"}, "body": json.dumps(document)}
    answer = config.handler(event, None)
    return answer["statusCode"], json.loads(answer["body"] or "null")


class Tenant:
    """A tenant with one application, and a key for it."""

    def __init__(self, name):
        made = ask("operator", "POST", "/v1/tenants", {"tenant": name, "app": "shop"})[1]
        self.space, self.access_key = made["space"], made["accessKey"]

    def ask(self, method, path, document=None, space=None):
        return ask(self.access_key, method, f"/v1/spaces/{space or self.space}/access{path}", document)

    def emit(self, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()} | {"event": "user.created"}
        context = {"http": {"method": "POST", "sourceIp": "203.0.113.7"}, "domainName": f"{self.space}.{DOMAIN}"}
        return router.handler({"requestContext": context, "rawPath": "/", "headers": named, "body": "{}"}, None)["statusCode"]


@pytest.fixture(scope="module")
def tenants():
    return Tenant("one"), Tenant("two")


def test_a_key_opens_its_own_space_only_and_before_anything_is_read(tenants):
    one, two = tenants
    keys = [each.ask("POST", "/keys", {})[1]["key"] for each in tenants]
    assert [one.emit(x_api_key=key) for key in keys] == [202, 403]
    assert [two.emit(x_api_key=key) for key in keys] == [403, 202]
    assert [one.emit(), one.emit(content_type="no type"), one.emit(x_api_key=one.access_key)] == [401, 401, 403]


def test_nobody_reads_or_opens_the_space_of_another_tenant(tenants):
    one, two = tenants
    identifier = two.ask("POST", "/keys", {})[1]["id"]
    for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/keys"), ("DELETE", f"/keys/{identifier}")):
        assert one.ask(method, path, {}, two.space)[0] == 403
    assert identifier in {each["id"] for each in two.ask("GET", "")[1]["keys"]}


def test_a_key_that_is_deleted_is_dead_with_the_next_look_at_the_version(tenants):
    one = tenants[0]
    key = one.ask("POST", "/keys", {})[1]
    assert one.emit(x_api_key=key["key"]) == 202
    assert one.ask("DELETE", f"/keys/{key['id']}")[0] == 204
    assert one.emit(x_api_key=key["key"]) == 403


def test_an_issuer_at_a_private_address_is_refused(tenants):
    for issuer in ("https://10.0.0.1", "https://localhost", "https://169.254.169.254"):
        status, answer = tenants[0].ask("PUT", "", {"jwt": {"issuer": issuer, "audiences": ["a"]}})
        assert (status, "refused by the outbound guard" in answer["errors"][0]["message"]) == (400, True)
