"""Tenants, applications, members and access keys, as the operator manages them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.errors import AlreadyExists, GatewayError, InUse, InvalidRequest, NotFound, Unavailable
from eventgateway.core.hosting import is_label
from eventgateway.core.key import digest
from eventgateway.core.tenant import APPS, MEMBERS, REASON_LENGTH, App, Member, Role, State
from eventgateway.operations.tenancy import KeyOrder, Tenancy
from tests.memory import FakeClock
from tests.memory_tenants import MemoryTenants
from tests.unit.attempts import attempt


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


def states(store):
    return {space: head.state for space, head in store.store.heads.items()}


class TestCreating:
    def test_a_tenant_has_a_space_an_admin_and_a_key(self, tenancy, store, clock):
        app, text = tenancy.create("acme", "shop", "Ada@Example.com")
        assert app == App("acme", "shop", clock.now)
        assert tenancy.members("acme") == [Member("acme", "ada@example.com", Role.ADMIN, clock.now)]
        [key] = tenancy.keys("acme")
        assert (key.digest, key.spaces, key.is_read_only, key.expires_at) == (digest(text), None, False, 0.0)
        assert store.store.head("acme-shop").owner == "acme"

    def test_nothing_that_is_kept_shows_the_text_of_a_key(self, tenancy, store):
        _, text = tenancy.create("acme", "shop")
        _, other = tenancy.create_key("acme", KeyOrder("ci"))
        assert text not in repr(store)
        assert other not in repr(store)
        assert text != other

    def test_a_key_tells_what_it_is_and_has_32_random_bytes(self, tenancy):
        _, text = tenancy.create("acme", "shop")
        assert text.startswith("egk_")
        assert len(text) == len("egk_") + 43

    def test_versions_of_a_space_begin_with_its_birth(self, tenancy, store, clock, acme):
        head = store.store.head("acme-shop")
        assert head.version == head.born == clock.now * 1000

    def test_without_an_address_there_is_no_member(self, tenancy):
        tenancy.create("acme", "shop")
        assert tenancy.members("acme") == []

    def test_a_name_is_had_by_one(self, tenancy, acme):
        with pytest.raises(AlreadyExists, match='Tenant "acme" already exists'):
            tenancy.create("acme", "other")

    @pytest.mark.parametrize(("first", "second"), [(("a", "b-c"), ("a-b", "c")), (("a-b", "c"), ("a", "b-c"))])
    def test_a_space_is_had_by_one_however_its_name_is_split(self, tenancy, store, first, second):
        tenancy.create(*first)
        with pytest.raises(AlreadyExists, match='The name "a-b-c" is taken'):
            tenancy.create(*second)
        assert attempt(tenancy.get, second[0], error=NotFound).message == f'Tenant "{second[0]}" not found.'
        assert store.store.head("a-b-c").owner == first[0]

    def test_whoever_is_faster_has_the_name(self, tenancy, store, clock):
        store.rivals = [lambda: Tenancy(store, clock).create("a-b", "c")]
        with pytest.raises(AlreadyExists):
            tenancy.create("a", "b-c")
        assert tenancy.names("", 10) == ["a-b"]

    @pytest.mark.parametrize("given", [("Acme", "shop"), ("acme", "-"), ("acme", "shop", "no address"), ("config", "shop")])
    def test_what_is_refused_leaves_no_trace(self, tenancy, store, given):
        with pytest.raises(InvalidRequest):
            tenancy.create(*given)
        assert store.journal == []

    @given(st.lists(st.tuples(*[st.sampled_from(["a", "b", "a-b", "b-c", "c", "a-b-c"])] * 2), max_size=12))
    def test_no_two_tenants_share_a_space_and_the_space_tells_its_owner(self, names):
        store = MemoryTenants()
        tenancy = Tenancy(store, FakeClock())
        for tenant, app in names:
            attempt(tenancy.create if attempt(tenancy.get, tenant) is None else tenancy.add_app, tenant, app)
            attempt(tenancy.create, tenant, app)
        owners = [(app.space, app.tenant) for each in tenancy.names("", 100) for app in tenancy.apps(each)]
        assert len(dict(owners)) == len(owners)
        assert dict(owners) == {space: head.owner for space, head in store.store.heads.items()}
        assert all(is_label(space) for space, _ in owners)


class TestApplications:
    def test_another_one_is_another_space(self, tenancy, acme):
        assert tenancy.add_app(acme, "blog").space == "acme-blog"
        assert [each.name for each in tenancy.apps(acme)] == ["blog", "shop"]

    def test_one_that_is_there_is_taken(self, tenancy, acme):
        with pytest.raises(AlreadyExists, match='The name "acme-shop" is taken'):
            tenancy.add_app(acme, "shop")

    def test_there_are_not_more_than_so_many(self, tenancy, acme):
        for number in range(APPS - 1):
            tenancy.add_app(acme, f"app-{number}")
        with pytest.raises(InvalidRequest, match=f"at most {APPS} applications"):
            tenancy.add_app(acme, "one-more")

    def test_a_suspended_tenant_gets_none(self, tenancy, acme):
        tenancy.suspend(acme)
        with pytest.raises(InvalidRequest, match="is suspended"):
            tenancy.add_app(acme, "blog")

    @pytest.mark.parametrize("state", [State.SUSPENDED, State.DELETING])
    def test_a_tenant_that_is_suspended_or_deleted_meanwhile_gets_none(self, tenancy, store, acme, state):
        store.rivals = [lambda: store.set_state(acme, state)]
        with pytest.raises(NotFound, match="not there, or not active"):
            tenancy.add_app(acme, "blog")
        assert store.store.head("acme-blog") is None

    def test_nobody_has_none(self, tenancy):
        for action in (tenancy.apps, tenancy.members, tenancy.keys, tenancy.get, tenancy.suspend, tenancy.resume):
            with pytest.raises(NotFound, match='Tenant "nobody" not found'):
                action("nobody")
        with pytest.raises(NotFound):
            tenancy.add_app("nobody", "shop")


class TestSuspending:
    def test_all_spaces_follow_their_tenant_and_no_other(self, tenancy, store, clock, acme):
        tenancy.add_app(acme, "blog")
        tenancy.create("umbrella", "shop")
        assert tenancy.suspend(acme, "unpaid").reason == "unpaid"
        assert states(store) == {"acme-shop": "suspended", "acme-blog": "suspended", "umbrella-shop": "active"}
        assert tenancy.resume(acme).reason == ""
        assert set(states(store).values()) == {State.ACTIVE}

    def test_an_application_that_comes_at_the_same_moment_is_suspended_too(self, tenancy, store, clock, acme):
        store.rivals = [lambda: Tenancy(store, clock).add_app(acme, "blog")]
        tenancy.suspend(acme)
        assert states(store) == {"acme-shop": "suspended", "acme-blog": "suspended"}

    def test_after_two_who_want_the_opposite_all_agree(self, tenancy, store, clock, acme):
        tenancy.add_app(acme, "blog")
        store.rivals = [lambda: None, lambda: None, lambda: Tenancy(store, clock).resume(acme)]
        tenancy.suspend(acme)
        assert tenancy.get(acme).state is State.ACTIVE
        assert set(states(store).values()) == {State.ACTIVE}

    def test_a_reason_has_an_end(self, tenancy, acme):
        with pytest.raises(InvalidRequest, match="reason has at most"):
            tenancy.suspend(acme, "x" * (REASON_LENGTH + 1))

    def test_what_is_being_deleted_stays_so(self, tenancy, store, acme):
        store.set_state(acme, State.DELETING)
        for action in (tenancy.suspend, tenancy.resume):
            with pytest.raises(NotFound):
                action(acme)
        assert tenancy.get(acme).state is State.DELETING


class TestMembers:
    def test_an_address_has_one_role_in_any_case(self, tenancy, clock, acme):
        since = clock.now
        clock.advance(60)
        tenancy.put_member(acme, "BOB@example.com", "Collaborator")
        tenancy.put_member(acme, "bob@example.com", "Admin")
        tenancy.put_member(acme, "ada@example.com", "Collaborator")
        assert {each.email: (each.role, each.since - since) for each in tenancy.members(acme)} == {
            "ada@example.com": ("Collaborator", 0),
            "bob@example.com": ("Admin", 60),
        }

    @pytest.mark.parametrize("role", ["", "admin", "Owner"])
    def test_there_are_two_roles(self, tenancy, acme, role):
        with pytest.raises(InvalidRequest, match="role must be Admin or Collaborator"):
            tenancy.put_member(acme, "bob@example.com", role)

    def test_the_last_admin_stays_one(self, tenancy, acme):
        tenancy.put_member(acme, "bob@example.com", "Collaborator")
        for action in (
            lambda: tenancy.put_member(acme, "ada@example.com", "Collaborator"),
            lambda: tenancy.remove_member(acme, "ADA@example.com"),
        ):
            with pytest.raises(InUse, match="last Admin"):
                action()
        tenancy.remove_member(acme, "bob@example.com")

    def test_a_tenant_without_members_may_begin_with_any(self, tenancy):
        tenancy.create("acme", "shop")
        tenancy.put_member("acme", "bob@example.com", "Collaborator")
        tenancy.remove_member("acme", "bob@example.com")

    def test_there_are_not_more_than_so_many(self, tenancy, acme):
        for number in range(MEMBERS - 1):
            tenancy.put_member(acme, f"m{number}@example.com", "Collaborator")
        with pytest.raises(InvalidRequest, match=f"at most {MEMBERS} members"):
            tenancy.put_member(acme, "more@example.com", "Collaborator")
        tenancy.put_member(acme, "m1@example.com", "Admin")

    @pytest.mark.parametrize("email", ["bob@example.com", "x" * 5000, "a/b"])
    def test_who_is_not_there_cannot_go(self, tenancy, acme, email):
        with pytest.raises(NotFound, match="not found"):
            tenancy.remove_member(acme, email)

    def test_a_tenant_that_is_deleted_meanwhile_gets_none(self, tenancy, store, acme):
        store.rivals = [lambda: store.set_state(acme, State.DELETING)]
        with pytest.raises(NotFound):
            tenancy.put_member(acme, "bob@example.com", "Admin")


ACTIONS = {
    "create": lambda t: t.create("new", "shop"),
    "names": lambda t: t.names("", 10),
    "some": lambda t: t.some(["acme"]),
    "get": lambda t: t.get("acme"),
    "suspend": lambda t: t.suspend("acme"),
    "resume": lambda t: t.resume("acme"),
    "apps": lambda t: t.apps("acme"),
    "add app": lambda t: t.add_app("acme", "blog"),
    "members": lambda t: t.members("acme"),
    "put member": lambda t: t.put_member("acme", "bob@example.com", "Admin"),
    "remove member": lambda t: t.remove_member("acme", "ada@example.com"),
    "keys": lambda t: t.keys("acme"),
    "create key": lambda t: t.create_key("acme", KeyOrder()),
    "revoke": lambda t: t.revoke("acme", "0" * 16),
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_a_store_that_is_away_is_unavailable(tenancy, store, acme, action):
    store.away = True
    refused = attempt(action, tenancy, error=GatewayError)
    assert isinstance(refused, Unavailable)
