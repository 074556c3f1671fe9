"""Who may queue an event that is emitted more than once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.claim import LEASE_SECONDS, Claim, State, fingerprint_of
from eventgateway.core.errors import EventPending
from eventgateway.core.event import Event
from tests.memory import NOON

WINDOW = 60
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
TRIPLES = st.tuples(TEXT, TEXT, TEXT)
LATER = st.floats(0, 200, allow_subnormal=False)


def claim(owner: str, now: float = NOON) -> Claim:
    return Claim.new("default", "fingerprint", WINDOW, owner, now)


def rival(now: float) -> Claim:
    return claim("rival", now)


@given(TRIPLES, TRIPLES)
def test_only_the_same_type_source_and_id_look_the_same(one, other):
    assert (fingerprint_of(Event(*one)) == fingerprint_of(Event(*other))) is (one == other)


@pytest.mark.parametrize("moved", [("ab", "c", "d"), ("a", "bc", "d"), ("a", "b", "cd"), ('a","b', "c", "d")])
def test_what_moves_from_one_attribute_to_the_next_does_not_look_the_same(moved):
    known = {fingerprint_of(Event(*each)) for each in [("a", "b", "c"), ("a", "bcd", ""), ("abcd", "", ""), ("a", 'b","c', "d")]}
    assert fingerprint_of(Event(*moved)) not in known


def test_the_rest_of_an_event_does_not_count():
    assert fingerprint_of(Event("u", "/s", "1", data=1, time="2026-11-23T12:00:00Z")) == fingerprint_of(
        Event("u", "/s", "1", "1.0", data=2)
    )


def test_a_new_claim_is_leased_to_its_owner():
    mine = claim("me")
    assert (mine.owner, mine.receipt, mine.state) == ("me", "me", State.PENDING)
    assert (mine.leased_until, mine.expires) == (NOON + LEASE_SECONDS, NOON + LEASE_SECONDS + WINDOW)


@given(LATER)
def test_within_the_lease_a_rival_has_to_wait_for_its_end(seconds):
    now = NOON + min(seconds, LEASE_SECONDS - 0.5)
    with pytest.raises(EventPending) as refused:
        rival(now).instead_of(claim("me"), now)
    assert refused.value.retry_after >= NOON + LEASE_SECONDS - now


@pytest.mark.parametrize("seconds", [30, 31, 89.9])
def test_after_the_lease_a_rival_takes_over_and_keeps_the_receipt(seconds):
    new = rival(NOON + seconds)
    assert new.instead_of(claim("me"), NOON + seconds) == replace(new, receipt="me", made_at=NOON)


def test_a_claim_that_was_given_back_is_taken_over_at_once():
    new = rival(NOON + 1)
    assert new.instead_of(claim("me").given_back(NOON + 1), NOON + 1) == replace(new, receipt="me", made_at=NOON)


@given(LATER, LATER)
def test_within_the_window_of_an_accepted_event_there_is_nothing_to_do(accepted, seconds):
    """The window is counted from the acceptance, whatever has become of the lease."""
    then = NOON + accepted
    now = then + min(seconds, WINDOW - 0.5)
    assert rival(now).instead_of(claim("me").accepted(then), now) is None


@pytest.mark.parametrize("found", [claim("me"), claim("me").accepted(NOON), claim("me").given_back(NOON)])
def test_after_the_window_the_event_is_a_new_one(found):
    """DynamoDB deletes what has expired days later (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html)."""
    now = NOON + LEASE_SECONDS + WINDOW
    assert rival(now).instead_of(found, now) == rival(now)


def test_an_owner_that_was_overtaken_does_not_change_what_its_successor_holds():
    taken = rival(NOON + 31).instead_of(claim("me"), NOON + 31)
    assert taken is not None
    assert (taken.owner, taken.accepted(NOON + 32).receipt) == ("rival", "me")
