"""Access keys as one instance knows them: how long, how many, and what becomes of that while the store is away."""

from dataclasses import replace

import pytest

from eventgateway.core.errors import AccessRefused, GatewayError, Unavailable
from eventgateway.core.key import new_key
from eventgateway.operations import key_ring
from eventgateway.operations.key_ring import KEPT_SECONDS, RETRY_SECONDS, STALE_SECONDS, USE_SECONDS, KeyRing
from eventgateway.operations.tenancy import KeyOrder, Tenancy
from tests.memory import FakeClock
from tests.memory_tenants import MemoryTenants
from tests.unit.attempts import attempt

UNKNOWN = new_key("egk_", bytes(32))


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
def ring(store, clock):
    return KeyRing(store, clock)


@pytest.fixture
def key(tenancy, store):
    """The text of a key whose last use is known."""
    _, text = tenancy.create("acme", "shop")
    [known] = tenancy.keys("acme")
    store.note_use(known, tenancy.clock.time())
    store.journal.clear()
    return text


def kind(ring, key):
    return type(attempt(ring.caller, key, error=GatewayError)).__name__


def revoke(tenancy):
    [known] = tenancy.keys("acme")
    tenancy.revoke("acme", known.id)


def reads(store):
    return store.journal.count("find key")


class TestCaller:
    def test_a_key_tells_its_tenant_and_what_it_may(self, ring, tenancy, key):
        caller = ring.caller(key)
        assert (caller.tenant, caller.spaces, caller.is_read_only, caller.is_operator) == ("acme", None, False, False)
        known, text = tenancy.create_key("acme", KeyOrder(spaces=frozenset({"acme-shop"}), is_read_only=True))
        scoped = ring.caller(text)
        assert (scoped.name, scoped.spaces, scoped.is_read_only) == (f"key {known.id}", {"acme-shop"}, True)

    @pytest.mark.parametrize("change", [str.upper, str.lower, lambda key: key[:-1], lambda key: f"{key}A", lambda key: key[4:]])
    def test_a_key_that_is_nearly_right_is_wrong(self, ring, key, change):
        assert kind(ring, change(key)) == "AccessRefused"

    def test_the_digest_of_a_key_is_no_key(self, ring, store, key):
        [digest] = store.known_keys
        assert kind(ring, digest) == "AccessRefused"

    def test_a_row_that_is_not_of_the_key_counts_for_nothing(self, ring, store, key):
        [(digest, known)] = store.known_keys.items()
        store.known_keys[digest] = replace(known, digest="0" * 64)
        assert kind(ring, key) == "AccessRefused"

    def test_a_key_expires_to_the_second_although_it_is_known(self, ring, tenancy, clock, key):
        _, text = tenancy.create_key("acme", KeyOrder(expires_at=clock.now + 10))
        clock.advance(9)
        ring.caller(text)
        clock.advance(1)
        assert kind(ring, text) == "AccessRefused"


class TestKnown:
    def test_a_key_is_read_once_in_a_while(self, ring, store, clock, key):
        for _ in range(3):
            ring.caller(key)
        clock.advance(KEPT_SECONDS - 1)
        ring.caller(key)
        assert store.journal == ["find key"]
        clock.advance(1)
        ring.caller(key)
        assert reads(store) == 2

    def test_a_key_that_nobody_has_is_read_once_in_a_while_too(self, ring, store, key):
        assert [kind(ring, UNKNOWN) for _ in range(3)] == ["AccessRefused"] * 3
        assert reads(store) == 1

    def test_a_revocation_counts_in_time(self, ring, tenancy, clock, key):
        ring.caller(key)
        revoke(tenancy)
        clock.advance(KEPT_SECONDS)
        assert kind(ring, key) == "AccessRefused"

    @pytest.mark.parametrize("step", [-3600, -1, 3600, 10**9])
    def test_a_clock_that_was_set_reads_anew(self, ring, tenancy, clock, key, step):
        ring.caller(key)
        revoke(tenancy)
        clock.advance(step)
        assert kind(ring, key) == "AccessRefused"

    def test_made_up_keys_are_bounded_and_do_not_drive_out_the_others(self, ring, store, key, monkeypatch):
        monkeypatch.setattr(key_ring, "MOST_UNKNOWN", 10)
        ring.caller(key)
        for number in range(100):
            kind(ring, f"egk_{number}")
        assert len(ring.unknown) == 10
        before = reads(store)
        ring.caller(key)
        assert reads(store) == before

    def test_known_keys_are_bounded(self, ring, tenancy, key, monkeypatch):
        monkeypatch.setattr(key_ring, "MOST_KEYS", 3)
        for number in range(10):
            ring.caller(tenancy.create_key("acme", KeyOrder(str(number)))[1])
        assert len(ring.found) == 3
        assert len(ring.used) <= 3

    def test_neither_keys_nor_where_they_are_kept_are_readable(self, ring, key):
        ring.caller(key)
        assert key not in repr(ring.found)


class TestAway:
    def test_what_is_known_counts_for_a_minute_and_no_longer(self, ring, store, clock, key):
        ring.caller(key)
        kind(ring, UNKNOWN)
        store.away = True
        clock.advance(STALE_SECONDS - 1)
        assert (kind(ring, key), kind(ring, UNKNOWN)) == ("Caller", "AccessRefused")
        clock.advance(1)
        assert (kind(ring, key), kind(ring, UNKNOWN)) == ("Unavailable", "Unavailable")

    def test_a_revoked_key_is_no_way_in_because_the_store_is_away(self, ring, tenancy, store, clock, key):
        ring.caller(key)
        revoke(tenancy)
        store.away = True
        clock.advance(STALE_SECONDS)
        assert kind(ring, key) == "Unavailable"

    def test_it_counts_from_the_moment_when_nobody_answered(self, ring, store, clock, key):
        """The store lets an instance wait for seconds before it gives up."""
        ring.caller(key)
        clock.advance(STALE_SECONDS - 10)
        store.away, store.rivals = True, []
        answered = store.find_key
        store.find_key = lambda digest: clock.advance(15) or answered(digest)
        assert kind(ring, key) == "Unavailable"

    def test_a_key_that_was_never_seen_is_unavailable(self, ring, store, key):
        store.away = True
        with pytest.raises(Unavailable, match="Keys cannot be checked"):
            ring.caller(key)

    def test_a_store_that_is_away_is_asked_once_a_second(self, ring, store, clock, key):
        asked, answered = [], store.find_key
        store.find_key = lambda digest: asked.append(digest) or answered(digest)
        store.away = True
        for number in range(5):
            kind(ring, f"egk_{number}")
        assert len(asked) == 1
        store.away = False
        clock.advance(RETRY_SECONDS)
        ring.caller(key)

    @pytest.mark.parametrize("step", [-3600, 3600])
    def test_a_clock_that_was_set_does_not_keep_a_key_meanwhile(self, ring, store, clock, key, step):
        ring.caller(key)
        store.away = True
        clock.advance(step)
        assert kind(ring, key) == "Unavailable"


class TestLastUse:
    def last(self, tenancy):
        [known] = tenancy.keys("acme")
        return known.last_used_at

    def test_it_is_noted_once_an_hour_at_most(self, ring, tenancy, store, clock, key):
        start = clock.now
        for _ in range(150):
            clock.advance(60)
            ring.caller(key)
        assert store.journal.count("note use") == 2
        assert self.last(tenancy) == start + 2 * USE_SECONDS

    def test_other_instances_see_it_and_do_not_note_it_again(self, ring, store, clock, key):
        clock.advance(USE_SECONDS)
        for each in (ring, KeyRing(store, clock), KeyRing(store, clock)):
            each.caller(key)
        assert store.journal.count("note use") == 1

    @pytest.mark.parametrize(("ahead", "notes"), [(2, 0), (2 * USE_SECONDS, 1)])
    def test_an_instance_whose_clock_is_behind_does_not_note_each_request(self, ring, store, clock, key, ahead, notes):  # noqa: PLR0917
        clock.advance(-ahead)
        for _ in range(10):
            ring.caller(key)
            clock.advance(0.1)
        assert store.journal.count("note use") == notes

    def test_a_revoked_key_is_not_brought_back(self, ring, tenancy, store, clock, key):
        ring.caller(key)
        clock.advance(USE_SECONDS)
        store.rivals = [lambda: revoke(tenancy)]
        ring.caller(key)
        assert tenancy.keys("acme") == []
        assert store.known_keys == {}

    def test_that_it_cannot_be_noted_refuses_nobody(self, ring, store, clock, key, logged):
        clock.advance(USE_SECONDS)
        store.note_use = lambda *_: attempt_away()
        assert ring.caller(key).tenant == "acme"
        assert "use of a key is not noted" in logged.text
        assert key not in str([each.__dict__ for each in logged.records])


def attempt_away():
    raise Unavailable("away")


def test_what_is_refused_says_nothing_else():
    assert AccessRefused().message == "You're not authorized to access this resource."
