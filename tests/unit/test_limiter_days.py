"""What may be used in a day: events, bytes, midnight, and clocks that do not agree on it."""

from dataclasses import replace

import pytest

from eventgateway.core.lease import SECOND, Ledger, day_of
from eventgateway.core.quota import Quota
from tests.memory import NOON
from tests.unit.limiting import DAILY, MIDNIGHT, TEN, Instances


@pytest.fixture
def one():
    return Instances()


@pytest.fixture
def two():
    return Instances(2)


def test_events_of_a_day_are_admitted_to_the_last(two):
    assert sum(two.admits(DAILY, instance=number % 2) for number in range(200)) == 100
    assert two.ledger.events == 100


def test_a_day_ends_at_midnight_and_the_refusal_says_when(one):
    one.clock.now = MIDNIGHT - 90.5
    one.admitted(DAILY, 100, 0)
    refusal = one.refusal(DAILY)
    assert refusal.retry_after == 91
    assert refusal.message == "This space has reached its limit of events a day: 100. The next day begins at midnight, UTC."
    one.clock.advance(91)
    assert one.admits(DAILY)
    assert one.ledger.events == 3


def test_nobody_is_told_to_wait_longer_than_an_hour(one):
    one.admitted(DAILY, 100, 0)
    assert one.refusal(DAILY).retry_after == 3600


def test_a_space_whose_day_is_used_up_costs_a_call_a_minute(one):
    one.admitted(DAILY, 100, 0)
    calls = one.leases.calls
    assert one.admitted(DAILY, 1000, 300) == 0
    assert one.leases.calls - calls in range(5, 7)


def test_an_operator_raises_a_limit_and_it_counts_at_once(one):
    one.admitted(DAILY, 100, 0)
    assert not one.admits(DAILY)
    assert one.admits(replace(DAILY, events_per_day=101))
    assert not one.admits(replace(DAILY, events_per_day=101))


BYTES = Quota("default", bytes_per_day=10_000)


def test_bytes_of_a_day_are_admitted_to_the_last(two):
    assert sum(two.admits(BYTES, 100, number % 2) for number in range(200)) == 100
    assert two.ledger.bytes == 10_000


def test_an_event_that_is_too_large_for_what_is_left_does_not_keep_out_smaller_ones(one):
    assert one.admits(BYTES, 9000)
    assert not one.admits(BYTES, 2000)
    calls = one.leases.calls
    assert not one.admits(BYTES, 3000)
    assert one.leases.calls == calls
    assert one.admits(BYTES, 1000)


def test_an_event_without_a_body_needs_no_bytes(one):
    assert one.admits(BYTES, 10_000)
    assert one.admits(BYTES, 0)


def test_bytes_are_reported_before_a_twentieth_is_used(two):
    for _ in range(95):
        two.admits(BYTES, 100, 0)
    assert two.ledger.bytes in range(9500, 10_001)
    assert sum(two.admits(BYTES, 100, 1) for _ in range(20)) <= 5


def test_a_clock_that_was_set_back_neither_locks_out_nor_gives_more(one):
    one.admitted(TEN, 200, 1)
    one.clock.advance(-7200)
    assert one.admitted(TEN, 1000, 10) in range(95, 106)


def test_a_clock_that_was_set_back_over_midnight_has_no_new_day(one):
    one.clock.now = MIDNIGHT + 10
    one.admitted(DAILY, 100, 0)
    one.clock.now = MIDNIGHT - 10
    assert not one.admits(DAILY)
    one.clock.now = MIDNIGHT - 400 * 86_400
    assert not one.admits(DAILY)
    one.clock.advance(86_400)
    assert one.admits(DAILY)


def test_a_clock_of_another_instance_that_is_far_ahead_locks_nobody_out(two):
    ahead = Ledger(int((NOON + 10**6) * SECOND), day_of(int((NOON + 10**6) * SECOND)), 3, 0)
    two.leases.ledgers["default"] = ahead
    both = replace(TEN, events_per_day=1000)
    assert two.admitted(both, 200, 10) in range(95, 106)
    assert two.ledger.day == day_of(int(NOON * SECOND))


def test_instances_whose_clocks_differ_at_midnight_have_one_day(two):
    two.clock.now = MIDNIGHT + 0.01
    assert two.admits(DAILY, instance=0)
    two.clock.now = MIDNIGHT - 0.01
    assert two.admits(DAILY, instance=1)
    assert (two.ledger.day, two.ledger.events) == (day_of(int(MIDNIGHT * SECOND)), 2 * 3)
