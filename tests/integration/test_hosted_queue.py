"""The one queue of all tenants: whose group a message is in, and what is in flight while a tenant is suspended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.tenant import App, check_app, check_tenant
from eventgateway.queue import GROUP_LIMIT
from local.emulator import Emulator
from tests.integration.tenants import OPERATOR, Tenants

GOOD, EVIL = "good-app", "evil-app"
LABELS = st.from_regex(r"[a-z0-9]{1,45}(-[a-z0-9]{1,20}){0,2}", fullmatch=True)
NO_SPACES = [
    "",
    "/",
    "a" * 64,
    "a" * 129,
    "a" * 256,
    "Evil-app",
    "evil-app ",
    "\u00e9vil-app",
    "evil-app\x00",
    "*",
    "evil_app",
    "a.b",
    "nobody-app",
]


@pytest.fixture
def tenants():
    with Emulator() as emulator:
        yield Tenants(emulator, outbound_guard="off")


@given(LABELS | st.text(max_size=45), LABELS | st.text(max_size=45))
def test_each_space_that_there_can_be_is_a_group_of_its_own(tenant, app):
    try:
        check_tenant(tenant)
        check_app(tenant, app)
    except InvalidRequest:
        return
    space = App(tenant, app, 0.0).space
    assert 0 < len(space) < GROUP_LIMIT
    assert space == space[:GROUP_LIMIT]
    assert space.isascii()


def test_nothing_is_queued_for_a_space_that_there_cannot_be(tenants):
    """No empty group, and none that two spaces share because it is cut."""
    document = {"functionId": "f", "type": "http", "provider": {"url": "https://functions.example.com/"}}
    emitted = {name: tenants.emit(EVIL, f"/{name}/")[0] for name in NO_SPACES}
    created = {tenants.ask("POST", f"/v1/spaces/{name}/functions", document, OPERATOR)[0] for name in NO_SPACES}
    assert emitted == dict.fromkeys(NO_SPACES, 404)
    assert created <= {400, 403, 404}
    assert tenants.groups == []


def subscribed(tenants, server):
    for space in (GOOD, EVIL):
        assert tenants.function(space, "http", url=server.url())[0] == 201
        tenants.subscribe(space)


def test_a_message_is_in_the_group_of_its_space(tenants, server):
    subscribed(tenants, server)
    assert [tenants.emit(space)[0] for space in (GOOD, EVIL, EVIL)] == [202] * 3
    assert tenants.groups == [GOOD, EVIL, EVIL]


def test_deliveries_of_a_suspended_tenant_wait_and_are_never_in_flight(tenants, server):
    subscribed(tenants, server)
    for _ in range(3):
        tenants.emit(EVIL)
    assert tenants.ask("PUT", "/v1/tenants/evil/suspension", {"reason": "unpaid"}, OPERATOR)[0] == 200
    assert len(tenants.work()) == 3
    assert [tenants.count(which) for which in ("Visible", "NotVisible", "Delayed")] == [0, 0, 3]
    tenants.emit(GOOD)
    assert [each["space"] for each in tenants.work()] == [GOOD]
    assert (len(server.requests), tenants.groups) == (1, [EVIL] * 3)
