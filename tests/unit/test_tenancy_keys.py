"""Access keys of a tenant, as the operator orders and revokes them."""

import pytest

from eventgateway.core.errors import InvalidRequest, NotFound
from eventgateway.core.tenant import KEYS, State
from eventgateway.operations.tenancy import KeyOrder, Tenancy
from tests.memory import FakeClock
from tests.memory_tenants import MemoryTenants


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store():
    return MemoryTenants()


@pytest.fixture
def tenancy(store, clock):
    return Tenancy(store, clock)


@pytest.fixture
def acme(tenancy):
    tenancy.create("acme", "shop", "Ada@Example.com")
    return "acme"


class TestKeys:
    def test_a_key_is_what_was_ordered(self, tenancy, clock, acme):
        order = KeyOrder("ci", clock.now + 60, frozenset({"acme-shop"}), is_read_only=True)
        key, text = tenancy.create_key(acme, order)
        assert (key.name, key.expires_at, key.spaces, key.is_read_only) == ("ci", clock.now + 60, {"acme-shop"}, True)
        assert key.hint == f"egk_…{text[-4:]}"
        assert key in tenancy.keys(acme)

    @pytest.mark.parametrize(
        ("order", "message"),
        [
            (KeyOrder("x" * 101), "name has at most 100 characters"),
            (KeyOrder(expires_at=FakeClock().now), "expiresAt must be in the future"),
            (KeyOrder(expires_at=0.0), "expiresAt must be in the future"),
            (KeyOrder(spaces=frozenset()), "spaces must name one at least"),
            (KeyOrder(spaces=frozenset({"acme-shop", "umbrella-shop"})), "'umbrella-shop' is no space of the tenant"),
        ],
    )
    def test_what_cannot_be_ordered(self, tenancy, acme, order, message):
        tenancy.create("umbrella", "shop")
        with pytest.raises(InvalidRequest, match=message):
            tenancy.create_key(acme, order)

    def test_there_are_not_more_than_so_many(self, tenancy, acme):
        for _ in range(KEYS - 1):
            tenancy.create_key(acme, KeyOrder())
        with pytest.raises(InvalidRequest, match=f"at most {KEYS} access keys"):
            tenancy.create_key(acme, KeyOrder())

    def test_a_revoked_key_is_gone(self, tenancy, store, acme):
        [key] = tenancy.keys(acme)
        tenancy.revoke(acme, key.id)
        assert store.find_key(key.digest) is None
        with pytest.raises(NotFound, match=f'Access key "{key.id}" not found'):
            tenancy.revoke(acme, key.id)

    def test_nobody_revokes_the_key_of_another(self, tenancy, acme):
        tenancy.create("umbrella", "shop")
        [key] = tenancy.keys(acme)
        for identifier in (key.id, key.id.upper(), f"{key.id} ", key.digest, "x" * 5000, ""):
            with pytest.raises(NotFound):
                tenancy.revoke("umbrella", identifier)
        assert tenancy.keys(acme) == [key]

    def test_a_tenant_that_is_deleted_meanwhile_gets_none(self, tenancy, store, acme):
        store.rivals = [lambda: store.set_state(acme, State.DELETING)]
        with pytest.raises(NotFound):
            tenancy.create_key(acme, KeyOrder())

    def test_a_suspended_tenant_may_change_its_keys(self, tenancy, acme):
        tenancy.suspend(acme)
        key, _ = tenancy.create_key(acme, KeyOrder())
        tenancy.revoke(acme, key.id)

    def test_neither_digest_nor_text_is_shown(self, tenancy, acme):
        key, text = tenancy.create_key(acme, KeyOrder())
        shown = repr(key.shown())
        assert key.digest not in shown
        assert text not in shown
