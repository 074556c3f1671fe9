"""What every ConfigStore promises in hosted mode: spaces are there because a tenant has them, and not because somebody writes to them."""

import pytest

from eventgateway.core.errors import UnknownSpace, WriteConflict
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.hosting import Hosted
from eventgateway.core.ports import Change, Head
from eventgateway.core.subscription import Subscription
from eventgateway.core.tenant import App, State
from eventgateway.operations.hosted_spaces import HostedSpaces
from eventgateway.operations.manage import Manager
from eventgateway.web.errors import error_result
from tests.contract.config import REGISTRY, Interrupted, create, event_type, function, outcome, state, subscription
from tests.contract.tenants import BORN, NAMES, new_dynamodb, new_memory
from tests.contract.tenants import create as create_tenant
from tests.memory import NOON, FakeClock

DOMAIN = Hosted("example.com")


@pytest.fixture(scope="class", params=["dynamodb", "memory"])
def world(request, emulator):
    return new_memory() if request.param == "memory" else new_dynamodb()


@pytest.fixture
def name(world):
    """A tenant that no other test uses."""
    name = next(NAMES)
    create_tenant(world.tenants, name)
    return name


@pytest.fixture
def space(name):
    return f"{name}-shop"


def writer(store):
    return Manager(HostedSpaces(store, REGISTRY, FakeClock(), DOMAIN), lambda _: None, hosting=DOMAIN)


def change(space, version, before=None, after=None):
    return Change(space, version, EventType.kind, "u", before, after or event_type())


class TestHead:
    def test_versions_begin_with_the_birth_of_a_space(self, world, space, name):
        assert world.config.head(space) == Head(BORN, name, State.ACTIVE, BORN)
        assert (world.config.space_version(space), world.config.load(space).version) == (BORN, BORN)
        create(writer(world.config), EventType.kind, event_type(), space)
        assert world.config.head(space) == Head(BORN + 1, name, State.ACTIVE, BORN)

    def test_a_new_space_has_no_changes(self, world, space):
        assert world.config.changes(space, BORN) == []
        assert world.config.changes(space, 0) is None

    def test_changes_are_behind_a_version(self, world, space):
        manager = writer(world.config)
        for each in ("u", "v"):
            create(manager, EventType.kind, event_type(each), space)
        assert [each.id for each in world.config.changes(space, BORN)] == ["u", "v"]
        assert [each.id for each in world.config.changes(space, BORN + 1)] == ["v"]

    @pytest.mark.parametrize("space", ["nobody-here", "-", "Acme-Shop"])
    def test_what_nobody_has_is_not_there(self, world, space):
        assert world.config.head(space) is None

    def test_no_subscription_of_an_earlier_life_looks_like_one_of_now(self, world, name):
        """A delivery tells the version at which its subscription began."""
        since = []
        for born in (NOON, NOON + 0.001):
            app = App(name, "blog", born)
            forget(world, app.space)
            world.tenants.add_app(app)
            manager = writer(world.config)
            create(manager, EventType.kind, event_type(), app.space)
            create(manager, Function.kind, function(), app.space)
            since.append(create(manager, Subscription.kind, subscription(path=f"/{app.space}/"), app.space).since)
            world.tenants.remove_app(app)
        assert since[0] != since[1]


def forget(world, space):
    """All that a space has, as if it had been deleted."""
    if hasattr(world.config, "heads"):
        world.config.heads.pop(space, None)
        world.config.log.pop(space, None)
        return
    for row in list(world.config._rows.query(f"space#{space}", consistent_read=True)):
        row.delete()


class TestCommit:
    @pytest.mark.parametrize("version", [1, BORN + 1])
    def test_nobody_makes_a_space_by_writing_to_it(self, world, version):
        with pytest.raises(WriteConflict):
            world.config.commit(change("nobody-here", version))
        assert world.config.head("nobody-here") is None
        assert world.config.load("nobody-here").documents == []

    @pytest.mark.parametrize("version", [1, BORN, BORN + 2])
    def test_on_another_version_it_is_a_conflict(self, world, space, version):
        with pytest.raises(WriteConflict):
            world.config.commit(change(space, version))
        world.config.commit(change(space, BORN + 1))

    def test_a_suspended_space_takes_what_the_operator_writes(self, world, space):
        world.tenants.set_space_state(space, State.SUSPENDED)
        create(writer(world.config), EventType.kind, event_type(), space)
        assert world.config.head(space).state is State.SUSPENDED

    def test_one_that_is_being_deleted_takes_nothing(self, world, space):
        create(writer(world.config), EventType.kind, event_type(), space)
        world.tenants.set_space_state(space, State.DELETING)
        with pytest.raises(WriteConflict):
            world.config.commit(Change(space, BORN + 2, EventType.kind, "v", None, event_type("v")))
        assert world.config.head(space).version == BORN + 1

    @pytest.mark.parametrize("how", ["deleting", "gone"])
    def test_a_writer_whose_space_goes_away_is_told_at_once(self, world, space, how):
        """A 404, not a 503 after ten attempts."""
        late = Interrupted(world.config)
        late.rivals = [lambda: world.tenants.set_space_state(space, State.DELETING) if how == "deleting" else forget(world, space)]
        refused = outcome(lambda: create(writer(late), EventType.kind, event_type(), space))
        assert (type(refused), error_result(refused).status, late.commits) == (UnknownSpace, 404, 1)
        assert list(world.config.load(space).documents) == []

    def test_a_writer_whose_space_is_suspended_meanwhile_goes_on(self, world, space):
        late = Interrupted(world.config, [lambda: world.tenants.set_space_state(space, State.SUSPENDED)])
        create(writer(late), EventType.kind, event_type(), space)
        assert late.commits == 1

    def test_two_writers_at_once_both_write(self, world, space):
        late = Interrupted(world.config, [lambda: create(writer(world.config), EventType.kind, event_type("theirs"), space)])
        create(writer(late), EventType.kind, event_type("ours"), space)
        loaded = writer(world.config).spaces.current(space)
        assert {key for _, key in state(loaded)} == {"ours", "theirs"}
        assert (loaded.version, loaded.born, late.commits) == (BORN + 2, BORN, 2)
