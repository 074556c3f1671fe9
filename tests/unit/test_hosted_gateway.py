"""A hosted gateway from end to end, over ports in memory."""

import pytest

from tests.hosted_gateway import BARE, DOMAIN, HostedGateway


@pytest.fixture
def hosted():
    return HostedGateway()


def test_two_tenants_use_the_same_path_and_never_meet(hosted):
    for tenant in ("acme", "umbrella"):
        account = hosted.account(tenant)
        hosted.subscribe("async", f"of-{tenant}", space=account.space)
    assert hosted.send(f"acme-shop.{DOMAIN}", event="u").status == 202
    assert [each.function_id for each in hosted.queue.waiting] == ["of-acme"]
    assert hosted.send(BARE, "/umbrella-shop/", event="u").status == 202
    assert [each.function_id for each in hosted.queue.waiting] == ["of-acme", "of-umbrella"]
    hosted.deliver_next()
    assert hosted.functions.called() == ["of-acme"]


def test_a_key_configures_its_own_space(hosted):
    account = hosted.account()
    assert hosted.ask(account.key, "POST", f"/v1/spaces/{account.space}/eventtypes", {"name": "u"}).status == 201
    assert hosted.ask(account.key, "GET", f"/v1/spaces/{account.space}/eventtypes").document["eventTypes"][0]["name"] == "u"
