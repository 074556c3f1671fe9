"""Deleting tenants and applications through the deployed handlers: what is left of them is nothing."""

import json
from itertools import count

import boto3
import pytest

from eventgateway import wiring
from eventgateway.settings import Settings
from eventgateway.storage.records import Record
from tests.integration.erasing import erasing
from tests.loopback import answer

KINDS = {"space", "tenant", "key", "gateway", "object", *Record}
NAMES = (f"tenant-{number:03}" for number in count())


@pytest.fixture(scope="module")
def hosted():
    with erasing() as deployment:
        yield deployment


@pytest.fixture
def names(hosted):
    """Of two tenants that no other test uses, with nothing in the queue."""
    hosted.sqs.purge_queue(QueueUrl=hosted.settings.queue_url)
    return next(NAMES), next(NAMES)


def test_nothing_is_left_of_a_deleted_tenant_and_nothing_of_another_is_touched(hosted, names, server):
    gone, stays = names
    for each in names:
        hosted.use_everything(each, server)
    victim = hosted.accounts[gone]
    hosted.leave_messages(victim)
    before, own, dropped = hosted.kept(stays), hosted.kept(gone), hosted.dropped()
    assert {kind_of(text) for text in own} == KINDS
    server.requests.clear()
    assert hosted.erase(gone) == ["closing", "payloads", "names"]
    hosted.flush()
    assert (hosted.kept(gone), hosted.queued()) == (set(), [])
    assert hosted.kept(stays) == before
    assert (hosted.dropped() - dropped, server.requests) == (5, [])


def kind_of(text):
    """What begins the partition key of a row, or that it is an object."""
    return text.partition("('pk', '")[2].partition("#")[0] or "object"


def test_while_it_is_deleted_it_is_gone_for_everybody_but_its_names_stay_taken(hosted, names):
    name = names[0]
    account = hosted.account(name)
    deleted = hosted.delete(name)
    assert deleted["state"] == "deleting"
    assert hosted.emit(account).message == "There is no such space."
    assert hosted.ask(account.key, "GET", f"/v1/spaces/{account.space}/functions").status == 403
    assert hosted.operate("GET", f"/{name}/keys").document == {"keys": []}
    assert hosted.operate("POST", "", {"tenant": name, "app": "other"}).message == f'Tenant "{name}" already exists.'
    begin, _, end = account.space.partition("-")
    assert hosted.operate("POST", "", {"tenant": begin, "app": end}).status == 409
    for method, path, document in (
        ("POST", "apps", {"app": "more"}),
        ("POST", "keys", {"name": "k"}),
        ("PUT", "suspension", {}),
        ("DELETE", "suspension", None),
        ("PUT", "members/ada@example.com", {"role": "Admin"}),
        ("DELETE", "apps/shop", None),
    ):
        assert hosted.operate(method, f"/{name}/{path}", document).status == 404, path
    assert hosted.operate("GET").document["tenants"]
    assert hosted.shown(name)["deletion"] == deleted["deletion"]


@pytest.mark.parametrize("path", ["nobody-here", "UPPER", "a%20b", "nobody-here/apps/shop"])
def test_what_is_not_there_cannot_be_deleted(hosted, path):
    assert hosted.operate("DELETE", f"/{path}").status == 404


def test_a_tenant_cannot_delete_anything(hosted, names):
    account, other = map(hosted.account, names)
    for path in (account.tenant, other.tenant, f"{account.tenant}/apps/shop"):
        assert hosted.ask(account.key, "DELETE", f"/v1/tenants/{path}").status == 403
        assert hosted.ask("", "DELETE", f"/v1/tenants/{path}").status == 401


def test_who_gets_the_name_afterwards_finds_nothing_of_the_one_before(hosted, names, server):
    name = names[0]
    hosted.use_everything(name, server)
    old = hosted.accounts[name]
    hosted.leave_messages(old)
    warm, left = wiring.spaces(Settings.from_env(hosted.settings.to_env())), hosted.queued()
    warm.ttl = 1e9
    assert len(warm.routing(old.space).spaces[old.space].subscriptions) == 3
    redrives = hosted.external_id(old), hosted.redrive(old).headers["location"]
    hosted.erase(name)
    hosted.use_everything(name, server)
    new = hosted.accounts[name]
    assert hosted.ask(old.key, "GET", f"/v1/spaces/{new.space}/functions").status == 403
    assert hosted.ask(new.key, "GET", redrives[1]).status == 404
    assert hosted.external_id(new) not in {None, redrives[0]}
    assert len(hosted.letters(new)) == 3
    warm.expire()
    table = warm.routing(new.space)
    assert set(table.spaces[new.space].functions) == {"f", "role"}
    assert len(table.asynchronous("POST", f"/{new.space}/", "u")) == 1
    server.requests.clear()
    dropped, kept = hosted.dropped(), hosted.kept(name)
    for body in left:
        hosted.sqs.send_message(QueueUrl=hosted.settings.queue_url, MessageBody=body)
    hosted.work()
    assert (hosted.dropped() - dropped, server.requests) == (4, [])
    assert hosted.kept(name) == kept


def test_an_application_is_deleted_and_its_tenant_goes_on(hosted, names, server):
    name = names[0]
    hosted.use_everything(name, server)
    shop, blog = hosted.accounts[name], f"{name}-blog"
    scoped = hosted.operate("POST", f"/{name}/keys", {"name": "blog", "spaces": [blog]}).document["accessKey"]
    assert hosted.ask(scoped, "GET", f"/v1/spaces/{blog}/functions").status == 200
    assert hosted.erase(name, "shop") == ["closing", "payloads", "names"]
    hosted.flush()
    assert hosted.kept(shop.space) == set()
    assert [each["app"] for each in hosted.operate("GET", f"/{name}").document["apps"]] == ["blog"]
    assert {each["name"] for each in hosted.operate("GET", f"/{name}/keys").document["keys"]} == {"blog", "first key"}
    for key in (scoped, shop.key):
        assert hosted.ask(key, "GET", f"/v1/spaces/{blog}/functions").status == 200
    assert hosted.operate("POST", f"/{name}/apps", {"app": "shop"}).status == 201
    assert hosted.letters(shop) == []


def test_an_erasure_whose_messages_are_lost_goes_on_when_it_is_asked_for_again(hosted, names):
    name = names[0]
    hosted.account(name)
    first = hosted.delete(name)
    hosted.sqs.purge_queue(QueueUrl=hosted.settings.queue_url)
    assert hosted.delete(name)["deletion"]["beganAt"] == first["deletion"]["beganAt"]
    hosted.go_on(hosted.shown(name))
    hosted.sqs.purge_queue(QueueUrl=hosted.settings.queue_url)
    assert hosted.erase(name) == ["payloads", "names"]
    assert (hosted.kept(name), hosted.queued()) == (set(), [])


def test_messages_that_come_twice_and_at_once_do_no_harm(hosted, names, server):
    gone, stays = names
    for each in names:
        hosted.use_everything(each, server)
    before, shown = hosted.kept(stays), hosted.delete(gone)
    while shown:
        for body in hosted.queued() * 2:
            hosted.sqs.send_message(QueueUrl=hosted.settings.queue_url, MessageBody=body)
        hosted.go_on(shown)
        shown = hosted.shown(gone)
    hosted.wait(1)
    hosted.work()
    assert (hosted.kept(gone), hosted.queued(), hosted.kept(stays)) == (set(), [], before)


def test_while_a_tenant_is_suspended_its_events_are_refused_and_its_deliveries_wait(hosted, names, server):
    account, other = map(hosted.account, names)
    server.script = lambda _: [answer(b"{}")]
    for each in (account, other):
        hosted.subscribe(each, server.url(f"/{each.space}"))
    for number in range(3):
        assert hosted.emit(account, body=f'{{"n":{number}}}').status == 202
    assert hosted.operate("PUT", f"/{account.tenant}/suspension", {"reason": "unpaid"}).status == 200
    assert (hosted.emit(account).status, hosted.emit(other).status) == (403, 202)
    hosted.wait_for_suspended()
    assert [each.target for each in server.requests] == [f"/{other.space}"]
    assert hosted.operate("DELETE", f"/{account.tenant}/suspension").status == 200
    hosted.wait(901)
    hosted.work()
    assert sorted(json.loads(each.body)["data"]["n"] for each in server.requests[1:]) == [0, 1, 2]
    assert hosted.emit(account).status == 202


def test_what_waits_for_a_suspended_tenant_is_dropped_when_that_is_deleted(hosted, names, server):
    account = hosted.account(names[0])
    hosted.subscribe(account, server.url("/f"))
    assert hosted.emit(account).status == 202
    hosted.operate("PUT", f"/{account.tenant}/suspension", {})
    dropped = hosted.dropped()
    hosted.erase(account.tenant)
    assert (hosted.dropped() - dropped, server.requests) == (1, [])


def test_a_bucket_that_keeps_versions_keeps_none_of_a_deleted_tenant(hosted, names, server):
    s3, bucket = boto3.client("s3"), hosted.settings.payload_bucket
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    hosted.use_everything(names[0], server)
    own = {key for key, _ in hosted.objects() if key.startswith(f"{names[0]}-")}
    for key in own:
        s3.delete_object(Bucket=bucket, Key=key)
    assert len([key for key, _ in hosted.objects() if key in own]) >= 2 * len(own) > 0
    hosted.erase(names[0])
    assert hosted.kept(names[0]) == set()
