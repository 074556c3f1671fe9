"""Hosted mode in the deployed handlers, on emulated AWS: from a new tenant to a delivered event."""

import json
from itertools import count

import pytest

from tests.integration.hosted import BARE, DOMAIN, hosted_handlers
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
