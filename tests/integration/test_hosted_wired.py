"""Hosted mode in the deployed handlers, on emulated AWS: from a new tenant to a delivered event."""

import json
from itertools import count

import pytest
from boto3.dynamodb.conditions import Key

from eventgateway.operations.key_ring import KEPT_SECONDS
from functions.config import handler as config
from functions.router import handler as router
from tests.integration.hosted import BARE, DOMAIN, OPERATOR_KEY, hosted_handlers
from tests.loopback import answer

NAMES = (f"tenant-{number}" for number in count())


@pytest.fixture(scope="module")
def hosted():
    with hosted_handlers() as deployment:
        yield deployment


@pytest.fixture
def account(hosted):
    """A tenant that no other test uses."""
    return hosted.account(next(NAMES))


def test_an_event_reaches_the_functions_of_its_space_only(hosted, account, server):
    other = hosted.account(next(NAMES))
    server.script = lambda _: [answer(b"{}")]
    for each in (account, other):
        hosted.subscribe(each, server.url(f"/{each.space}"))
    assert hosted.emit(account, body='{"a":1}').status == 202
    assert hosted.send(BARE, f"/{other.space}/", event="u", body='{"b":2}').status == 202
    hosted.work()
    called = {each.target: json.loads(each.body)["data"] for each in server.requests}
    assert called == {f"/{account.space}": {"a": 1}, f"/{other.space}": {"b": 2}}


def test_a_sync_function_sees_the_path_without_the_prefix(hosted, account, server):
    server.script = lambda _: [answer(b'{"body":"hello"}')]
    hosted.subscribe(account, server.url("/f"), "http.request", type="sync", method="GET", path=f"/{account.space}/users/:id")
    assert hosted.send(f"{account.space}.{DOMAIN}", "/users/7", "GET", body="").body == "hello"
    data = json.loads(server.requests[0].body)["data"]
    assert (data["path"], data["params"], data["host"]) == ("/users/7", {"id": "7"}, f"{account.space}.{DOMAIN}")


def test_an_unknown_subdomain_is_a_404_as_json(hosted):
    refused = hosted.send(f"nobody-here.{DOMAIN}", event="u")
    assert (refused.status, refused.headers["content-type"]) == (404, "application/json")
    assert refused.message == "There is no such space."


def test_a_suspended_tenants_deliveries_wait_and_are_not_lost(hosted, account, server):
    server.script = lambda _: [answer(b"{}")]
    hosted.subscribe(account, server.url("/f"))
    before = hosted.waiting()
    assert hosted.emit(account).status == 202
    assert hosted.operate("PUT", f"/{account.tenant}/suspension", {"reason": "unpaid"}).status == 200
    assert (hosted.emit(account).status, hosted.emit(account).message) == (403, f'The space "{account.space}" is suspended.')
    refused = hosted.ask(account.key, "POST", f"/v1/spaces/{account.space}/eventtypes", {"name": "v"})
    assert (refused.status, refused.message) == (403, f'The space "{account.space}" is suspended: unpaid')
    assert hosted.ask(account.key, "GET", f"/v1/spaces/{account.space}/eventtypes").status == 200
    hosted.work(1)
    assert (server.requests, hosted.waiting()) == ([], before + 1)
    assert hosted.operate("DELETE", f"/{account.tenant}/suspension").status == 200
    assert hosted.emit(account).status == 202
    hosted.work()
    assert server.requests


def test_a_revoked_key_opens_nothing_in_an_instance_that_knew_it(hosted, account):
    path = f"/v1/spaces/{account.space}/eventtypes"
    assert hosted.ask(account.key, "GET", path).status == 200
    [key] = hosted.operate("GET", f"/{account.tenant}/keys").document["keys"]
    assert key["lastUsedAt"]
    assert hosted.operate("DELETE", f"/{account.tenant}/keys/{key['id']}").status == 204
    for known in config.api().doors.keys.found.values():
        object.__setattr__(known, "at", known.at - KEPT_SECONDS)
    assert hosted.ask(account.key, "GET", path).status == 403


def test_the_history_tells_who_changed_something(hosted, account):
    hosted.create(account, "eventtypes", name="u")
    [key] = hosted.operate("GET", f"/{account.tenant}/keys").document["keys"]
    assert hosted.ask(OPERATOR_KEY, "DELETE", f"/v1/spaces/{account.space}/eventtypes/u").status == 204
    rows = hosted.config_rows.query(KeyConditionExpression=Key("pk").eq(f"space#{account.space}") & Key("sk").begins_with("change#"))[
        "Items"
    ]
    assert [row["by"] for row in rows] == [f"key {key['id']}", "operator"]


def test_no_row_has_the_text_of_a_key(hosted, account):
    more = hosted.operate("POST", f"/{account.tenant}/keys", {"readOnly": True}).document["accessKey"]
    rows = str([*hosted.config_rows.scan(ConsistentRead=True)["Items"], *hosted.records.scan(ConsistentRead=True)["Items"]])
    assert account.space in rows
    assert not [each for each in (account.key, more) if each.removeprefix("egk_") in rows]


def test_the_description_is_that_of_hosted_mode(hosted, account):
    assert "/v1/tenants" in hosted.ask(account.key, "GET", "/v1/openapi.json").document["paths"]


def test_a_tenant_scrapes_its_own_counters(hosted, account, server):
    other = hosted.account(next(NAMES))
    for each in (account, other):
        hosted.subscribe(each, server.url("/f"))
        hosted.emit(each)
    router.api().receiver.usage.flush()
    text = hosted.ask(account.key, "GET", "/v1/metrics").body
    assert f'eventgateway_events_received_total{{space="{account.space}",type="custom"}} 1' in text
    assert other.space not in text
    assert f'space="{other.space}"' in hosted.ask(OPERATOR_KEY, "GET", "/v1/metrics").body


def test_who_reads_only_redrives_nothing(hosted, account):
    key = hosted.operate("POST", f"/{account.tenant}/keys", {"readOnly": True}).document["accessKey"]
    path = f"/v1/spaces/{account.space}/deadletters"
    assert hosted.ask(key, "GET", path).status == 200
    assert [hosted.ask(key, *each).status for each in (("POST", f"{path}/redrive"), ("POST", f"{path}/x/redrive"))] == [403, 403]
    assert hosted.ask(account.key, "POST", f"{path}/redrive").status == 202
