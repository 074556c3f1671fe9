"""What every store of erasures promises: the real one on an emulated DynamoDB, and the tests' own."""

from dataclasses import replace
from itertools import count
from uuid import uuid4

import boto3
import pytest

from eventgateway.core.access_key import AccessKey
from eventgateway.core.erasure import Erasure, Life, Rests, Stage, Swept
from eventgateway.core.errors import AlreadyExists, NotFound, Unavailable
from eventgateway.core.ports import Head
from eventgateway.core.tenant import App, Member, Role, State, Tenant
from eventgateway.storage.dynamodb import DynamoConfigStore
from eventgateway.storage.erasures import DynamoErasures
from eventgateway.storage.tenants import DynamoTenants
from local.resources import create_table
from tests.memory import NOON, MemoryStore
from tests.memory_erasures import MemoryErasures
from tests.memory_tenants import MemoryTenants

RESTS = Rests(120, 900)
NAMES = (f"tenant-{number}" for number in count())


class Stores:
    """The three that share a table."""

    def __init__(self, kind):
        if kind == "memory":
            self.configuration = MemoryStore(hosted=True)
            self.tenants = MemoryTenants(self.configuration)
            self.erasures = MemoryErasures(self.tenants)
            return
        tables = [f"{each}-{uuid4()}" for each in ("config", "records")]
        for each in tables:
            create_table(boto3.client("dynamodb"), each)
        self.configuration, self.tenants = DynamoConfigStore(tables[0], shared=False), DynamoTenants(*tables)
        self.erasures = DynamoErasures(tables[0])

    def add(self, tenant, *apps, at=NOON):
        first, *others = (App(tenant, each, at) for each in apps)
        key = AccessKey(uuid4().hex[:16], tenant, uuid4().hex, "hint", at)
        self.tenants.create(Tenant(tenant, at), first, key, Member(tenant, "ada@example.com", Role.ADMIN, at))
        for each in others:
            self.tenants.add_app(each)

    def close(self, erasure, *apps):
        """The erasure with closed spaces, at its last stage."""
        spaces = [f"{erasure.tenant}-{each}" for each in apps]
        for each in spaces:
            self.tenants.set_space_state(each, State.DELETING)
        lives = tuple(Life(each, int(NOON * 1000)) for each in spaces)
        closed = replace(erasure, lives=lives, stage=Stage.NAMES).done()
        assert self.erasures.save(closed)
        return closed

    def heads(self, *spaces):
        return [self.configuration.head(each) for each in spaces]


@pytest.fixture(scope="class", params=["dynamodb", "memory"])
def stores(request, emulator):
    return Stores(request.param)


@pytest.fixture
def name(stores):
    tenant = next(NAMES)
    stores.add(tenant, "a", "b")
    return tenant


def start(tenant, app="", unique="id"):
    return Erasure.start(tenant, app, unique, NOON + 0.25, RESTS)


class TestContract:
    def test_one_of_a_tenant_marks_it(self, stores, name):
        assert stores.erasures.begin(start(name))
        assert stores.erasures.find(name, "") == start(name)
        assert stores.tenants.find(name).state is State.DELETING
        with pytest.raises(NotFound):
            stores.tenants.add_app(App(name, "c", NOON))

    def test_one_of_an_application_marks_nothing(self, stores, name):
        assert stores.erasures.begin(start(name, "a"))
        assert stores.erasures.of(name) == [start(name, "a")]
        assert stores.tenants.find(name).state is State.ACTIVE

    @pytest.mark.parametrize("app", ["", "a"])
    def test_there_is_one_at_a_time(self, stores, name, app):
        assert stores.erasures.begin(start(name, app))
        assert not stores.erasures.begin(start(name, app, "other"))
        assert stores.erasures.find(name, app).id == "id"

    def test_of_a_tenant_that_is_being_deleted_no_application_is(self, stores, name):
        stores.erasures.begin(start(name))
        assert not stores.erasures.begin(start(name, "a"))
        assert stores.erasures.find(name, "a") is None

    @pytest.mark.parametrize(("tenant", "app"), [("nobody", ""), ("nobody", "a")])
    def test_of_nobody_there_is_none(self, stores, tenant, app):
        assert not stores.erasures.begin(start(tenant, app))
        assert stores.erasures.of(tenant) == []

    def test_of_an_application_that_is_not_there_there_is_none(self, stores, name):
        assert not stores.erasures.begin(start(name, "c"))

    def test_all_of_it_is_kept(self, stores, name):
        stores.erasures.begin(new := start(name))
        later = replace(new, lives=(Life("x-y", 7),), stage=Stage.RECORDS, position='["é","\\n"]', erased={"configuration": 3}).done()
        assert stores.erasures.save(later)
        assert stores.erasures.find(name, "") == later
        assert stores.erasures.of(name) == [later]

    def test_who_notes_a_slice_second_gives_way(self, stores, name):
        stores.erasures.begin(new := start(name))
        first = new.after(Swept(1, "p"), NOON + 1, RESTS).done()
        assert stores.erasures.save(first)
        assert not stores.erasures.save(new.after(Swept(2, "q"), NOON + 2, RESTS).done())
        assert not stores.erasures.save(first.done().done())
        assert stores.erasures.find(name, "") == first

    def test_what_another_one_has_done_is_not_noted(self, stores, name):
        stores.erasures.begin(start(name))
        assert not stores.erasures.save(start(name, unique="other").done())
        assert not stores.erasures.save(start(name, "a").done())

    def test_with_a_tenant_all_its_names_become_free(self, stores, name):
        stores.erasures.begin(new := start(name))
        stores.erasures.release(stores.close(new, "a", "b"))
        assert (stores.tenants.find(name), stores.erasures.of(name)) == (None, [])
        assert (stores.tenants.apps(name), stores.tenants.members(name)) == ([], [])
        assert stores.heads(f"{name}-a", f"{name}-b") == [None, None]
        assert name not in stores.tenants.page("", 1000)
        stores.add(name, "a", at=NOON + 9)
        assert [each.name for each in stores.tenants.apps(name)] == ["a"]
        assert [each.since for each in stores.tenants.members(name)] == [NOON + 9]

    def test_with_an_application_its_name_becomes_free(self, stores, name):
        stores.erasures.begin(new := start(name, "a"))
        stores.erasures.release(stores.close(new, "a"))
        assert [each.name for each in stores.tenants.apps(name)] == ["b"]
        assert stores.heads(f"{name}-a") == [None]
        assert stores.heads(f"{name}-b") == [Head(int(NOON * 1000), name, State.ACTIVE, int(NOON * 1000))]
        assert stores.erasures.of(name) == []
        stores.tenants.add_app(App(name, "a", NOON + 9))

    def test_who_releases_second_changes_nothing(self, stores, name):
        """Whoever has the names by then keeps them."""
        stores.erasures.begin(new := start(name))
        closed = stores.close(new, "a", "b")
        stores.erasures.release(closed)
        stores.add(name, "a", at=NOON + 9)
        before = stores.heads(f"{name}-a")
        stores.erasures.release(closed)
        assert stores.heads(f"{name}-a") == before
        assert stores.tenants.find(name) == Tenant(name, NOON + 9)
        assert len(stores.tenants.apps(name)) == 1

    def test_a_space_that_somebody_else_has_stays(self, stores, name):
        stores.erasures.begin(new := start(name))
        closed = stores.close(new, "a")
        other = replace(closed, lives=(*closed.lives, Life(f"{name}-b", 7))).done()
        assert stores.erasures.save(other)
        stores.erasures.release(other)
        assert [head is None for head in stores.heads(f"{name}-a", f"{name}-b")] == [True, False]

    def test_of_a_tenant_that_is_being_deleted_applications_are_left_to_that(self, stores, name):
        """Else the name could be had by another one while the tenant's erasure still deletes what is under it."""
        stores.erasures.begin(app := start(name, "a", "app"))
        closed = stores.close(app, "a")
        stores.erasures.begin(start(name))
        stores.erasures.release(closed)
        assert stores.heads(f"{name}-a")[0].state is State.DELETING
        assert [each.app for each in stores.erasures.of(name)] == [""]
        with pytest.raises(AlreadyExists):
            stores.add(f"{name}-a".partition("-")[0], f"{name}-a".partition("-")[2])


class TestDynamoDB:
    @pytest.fixture(scope="class")
    @classmethod
    def stores(cls, emulator):
        return Stores("dynamodb")

    def test_a_write_that_is_made_twice_is_one_write(self, stores, name, monkeypatch):
        """The SDK repeats a request whose answer was lost."""
        stores.erasures.begin(new := start(name))
        kept = new.done()
        row = stores.erasures._row(kept)
        monkeypatch.setattr(stores.erasures, "_row", lambda _: row)
        assert [stores.erasures.save(kept), stores.erasures.save(kept)] == [True, True]

    def test_a_document_that_is_none_is_told(self, stores, name):
        stores.erasures._rows(f"tenant#{name}", "erasure#", document="[]").save()
        with pytest.raises(Unavailable, match="no object"):
            stores.erasures.find(name, "")
