"""What every store of tenants promises: the real one on an emulated DynamoDB, and the tests' own."""

from dataclasses import replace

import pytest

from eventgateway.core.errors import AlreadyExists, NotFound
from eventgateway.core.ports import Head
from eventgateway.core.tenant import App, Member, Role, State, Tenant
from tests.contract.config import outcome
from tests.contract.tenants import BORN, NAMES, create, key_of, new_dynamodb, new_memory
from tests.memory import NOON


@pytest.fixture(scope="class", params=["dynamodb", "memory"])
def world(request, emulator):
    """Tests of one class share it, each with a tenant of its own."""
    return new_memory() if request.param == "memory" else new_dynamodb()


@pytest.fixture
def store(world):
    return world.tenants


@pytest.fixture
def name():
    return next(NAMES)


class TestTenants:
    def test_what_is_created_is_there(self, world, store, name):
        key, member = key_of(name), Member(name, "ada@example.com", Role.ADMIN, NOON)
        create(store, name, "shop", key, member)
        assert store.find(name) == Tenant(name, NOON, "ada@example.com", State.ACTIVE, "")
        assert store.apps(name) == [App(name, "shop", NOON)]
        assert store.members(name) == [member]
        assert store.keys(name) == [store.find_key(key.digest)] == [key]
        assert world.config.head(f"{name}-shop") == Head(BORN, name, State.ACTIVE, BORN)
        assert world.config.load(f"{name}-shop").documents == []

    def test_who_is_not_there_has_nothing(self, world, store, name):
        assert (store.find(name), store.apps(name), store.members(name), store.keys(name), store.find_key("0" * 64)) == (
            None,
            [],
            [],
            [],
            None,
        )
        assert world.config.head(f"{name}-shop") is None

    def test_the_same_tenant_twice_is_one(self, store, name):
        create(store, name)
        refused = outcome(lambda: create(store, name, "other", member=Member(name, "x@example.com", Role.ADMIN, NOON)))
        assert (type(refused), refused.message) == (AlreadyExists, f'Tenant "{name}" already exists.')
        assert ([each.name for each in store.apps(name)], len(store.keys(name)), store.members(name)) == (["shop"], 1, [])

    def test_a_space_has_one_owner_and_who_is_late_leaves_no_trace(self, world, store, name):
        create(store, name, "b-c")
        other = key_of(f"{name}-b")
        refused = outcome(lambda: create(store, f"{name}-b", "c", other))
        assert (type(refused), refused.message) == (AlreadyExists, f'The name "{name}-b-c" is taken.')
        assert (store.find(f"{name}-b"), store.apps(f"{name}-b"), store.find_key(other.digest)) == (None, [], None)
        assert f"{name}-b" not in store.page("", 1000)
        assert world.config.head(f"{name}-b-c").owner == name

    @pytest.mark.parametrize(("ours", "theirs"), [(("", "b-c"), ("-b", "c")), (("-b", "c"), ("", "b-c")), (("", "b"), ("", "c"))])
    def test_of_two_at_once_one_wins(self, world, store, name, ours, theirs):
        world.be_faster(lambda: create(store, name + theirs[0], theirs[1]))
        with pytest.raises(AlreadyExists):
            create(store, name + ours[0], ours[1])
        winner = name + theirs[0]
        assert [each.space for each in store.apps(winner)] == [f"{winner}-{theirs[1]}"]
        assert world.config.head(f"{winner}-{theirs[1]}").owner == winner

    def test_pages_are_in_order(self, store):
        names = sorted(next(NAMES) for _ in range(5))
        for each in reversed(names):
            create(store, each)
        before = max(("", *(each for each in store.page("", 1000) if each < names[0])))
        assert store.page(before, 2) == names[:2]
        assert store.page(names[1], 2) == names[2:4]
        assert store.page(names[-1], 2) == []

    def test_some_are_read_at_once(self, store):
        names = [next(NAMES) for _ in range(3)]
        for each in names:
            create(store, each)
        wanted = [names[2], "nobody", names[0]]
        assert store.some(wanted) == [store.find(names[2]), store.find(names[0])]
        assert store.some([]) == []


class TestStates:
    def test_a_suspension_has_a_reason_and_ends(self, store, name):
        create(store, name)
        store.set_state(name, State.SUSPENDED, "unpaid")
        assert store.find(name) == Tenant(name, NOON, "ada@example.com", State.SUSPENDED, "unpaid")
        store.set_state(name, State.ACTIVE)
        assert store.find(name) == Tenant(name, NOON, "ada@example.com")

    def test_a_space_has_its_own(self, world, store, name):
        create(store, name)
        store.set_space_state(f"{name}-shop", State.SUSPENDED)
        assert world.config.head(f"{name}-shop") == Head(BORN, name, State.SUSPENDED, BORN)

    def test_what_is_being_deleted_stays_so(self, world, store, name):
        create(store, name)
        store.set_state(name, State.DELETING)
        store.set_space_state(f"{name}-shop", State.DELETING)
        with pytest.raises(NotFound):
            store.set_state(name, State.ACTIVE)
        store.set_space_state(f"{name}-shop", State.ACTIVE)
        assert store.find(name).state is world.config.head(f"{name}-shop").state is State.DELETING

    def test_that_counts_also_for_who_read_it_before(self, world, store, name):
        create(store, name)
        world.be_faster(lambda: store.set_state(name, State.DELETING))
        with pytest.raises(NotFound):
            store.set_state(name, State.SUSPENDED)
        assert store.find(name).state is State.DELETING

    def test_what_is_not_there_does_not_begin(self, world, store, name):
        with pytest.raises(NotFound):
            store.set_state(name, State.SUSPENDED)
        store.set_space_state(f"{name}-shop", State.SUSPENDED)
        assert (store.find(name), world.config.head(f"{name}-shop")) == (None, None)


class TestApplications:
    def test_they_are_in_order_and_can_be_forgotten(self, world, store, name):
        create(store, name)
        blog = App(name, "blog", NOON + 1)
        store.add_app(blog)
        assert store.apps(name) == [blog, App(name, "shop", NOON)]
        assert world.config.head(blog.space).born == BORN + 1000
        store.remove_app(blog)
        assert store.apps(name) == [App(name, "shop", NOON)]

    def test_one_that_is_there_is_taken(self, store, name):
        create(store, name)
        with pytest.raises(AlreadyExists, match=f'The name "{name}-shop" is taken'):
            store.add_app(App(name, "shop", NOON + 1))
        assert store.apps(name) == [App(name, "shop", NOON)]

    def test_the_space_of_another_is_taken(self, store, name):
        create(store, name, "b-c")
        create(store, f"{name}-b")
        with pytest.raises(AlreadyExists, match=f'The name "{name}-b-c" is taken'):
            store.add_app(App(f"{name}-b", "c", NOON))
        assert [each.name for each in store.apps(f"{name}-b")] == ["shop"]

    @pytest.mark.parametrize("state", [State.SUSPENDED, State.DELETING])
    def test_a_tenant_that_is_not_active_gets_none(self, world, store, name, state):
        create(store, name)
        world.be_faster(lambda: store.set_state(name, state))
        with pytest.raises(NotFound, match="not there, or not active"):
            store.add_app(App(name, "blog", NOON))
        assert ([each.name for each in store.apps(name)], world.config.head(f"{name}-blog")) == (["shop"], None)

    def test_nobody_gets_none(self, store, name):
        with pytest.raises(NotFound):
            store.add_app(App(name, "blog", NOON))


class TestMembers:
    def test_there_is_one_for_each_address(self, store, name):
        create(store, name)
        ada, bob = (Member(name, f"{each}@example.com", Role.COLLABORATOR, NOON) for each in ("ada", "bob"))
        for each in (bob, replace(ada, role=Role.ADMIN), ada):
            store.put_member(each)
        assert store.members(name) == [ada, bob]
        assert [store.remove_member(name, ada.email) for _ in range(2)] == [True, False]
        assert store.members(name) == [bob]

    def test_a_tenant_that_is_being_deleted_gets_none(self, world, store, name):
        create(store, name)
        world.be_faster(lambda: store.set_state(name, State.DELETING))
        for each in (name, next(NAMES)):
            with pytest.raises(NotFound):
                store.put_member(Member(each, "ada@example.com", Role.ADMIN, NOON))
            assert store.members(each) == []


class TestKeys:
    def test_a_key_is_kept_as_it_is(self, store, name):
        create(store, name)
        key = key_of(name, name="ci", expires_at=NOON + 0.5, spaces=frozenset({f"{name}-shop"}), is_read_only=True)
        store.add_key(key)
        assert store.find_key(key.digest) == key
        assert key in store.keys(name)

    def test_they_are_in_order(self, store, name):
        create(store, name, key=key_of(name, "b"))
        store.add_key(key_of(name, "c"))
        store.add_key(key_of(name, "a"))
        assert [each.id for each in store.keys(name)] == ["a", "b", "c"]

    def test_a_revoked_one_is_gone(self, store, name):
        key = key_of(name)
        create(store, name, key=key)
        assert [store.remove_key(name, key.id) for _ in range(2)] == [True, False]
        assert (store.find_key(key.digest), store.keys(name)) == (None, [])

    def test_nobody_revokes_that_of_another(self, store, name):
        key, other = key_of(name), next(NAMES)
        create(store, name, key=key)
        create(store, other)
        assert not store.remove_key(other, key.id)
        assert store.find_key(key.digest) == key

    def test_a_suspended_tenant_gets_some_one_that_is_being_deleted_none(self, world, store, name):
        create(store, name)
        store.set_state(name, State.SUSPENDED)
        store.add_key(key_of(name))
        world.be_faster(lambda: store.set_state(name, State.DELETING))
        late = key_of(name)
        with pytest.raises(NotFound):
            store.add_key(late)
        assert store.find_key(late.digest) is None

    def test_its_last_use_is_seen_in_both_places(self, store, name):
        key = key_of(name)
        create(store, name, key=key)
        store.note_use(key, NOON + 7.9)
        assert store.find_key(key.digest) == store.keys(name)[0] == replace(key, last_used_at=NOON + 7)

    def test_a_use_does_not_bring_a_revoked_key_back(self, world, store, name):
        key = key_of(name)
        create(store, name, key=key)
        world.be_faster(lambda: store.remove_key(name, key.id))
        store.note_use(key, NOON)
        assert (store.find_key(key.digest), store.keys(name)) == (None, [])
