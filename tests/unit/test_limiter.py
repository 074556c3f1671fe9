"""Limits that instances keep by leases: what each admits and refuses, how often it asks, and what it does if it cannot."""

import logging
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.limits import PerfectLimiter
from benchmarks.memory_leases import MemoryLeases
from eventgateway.core.errors import LimitExceeded, Unavailable
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.quota import NO_LIMITS, Quota
from eventgateway.core.space import Space
from eventgateway.operations import limiter as limiter_module
from eventgateway.operations.limiter import Limiter
from eventgateway.operations.usage import Usage
from tests.memory import NOON, FakeClock
from tests.unit.limiting import DAILY, TEN, Instances


@pytest.fixture
def one():
    return Instances()


@pytest.fixture
def two():
    return Instances(2)


def test_without_limits_nobody_is_asked(one):
    assert all(one.admits(quota) for quota in (None, Quota("default"), Quota("default", resources=1)) for _ in range(100))
    assert one.leases.calls == 0


def test_the_burst_is_admitted_at_once_and_then_the_rate(one):
    assert sum(one.admits() for _ in range(30)) == 20
    one.clock.advance(1)
    assert one.admitted(TEN, 100, 10) in range(99, 111)


def test_the_limits_of_the_gateway_count_where_a_space_has_none():
    gateway = Instances(1, replace(TEN, space=""))
    assert sum(gateway.admits(None) for _ in range(30)) == 20
    assert sum(gateway.admits(Quota("default", 100, 1)) for _ in range(3)) <= 2


def test_a_check_takes_the_quota_of_the_space(one):
    space = Space("default")
    space.put(Quota("default", bytes_per_day=10))
    one.limiters[0].check(space, HttpRequest("POST", "/", "", {}, b"0123456789"))
    with pytest.raises(LimitExceeded, match="bytes a day: 10"):
        one.limiters[0].check(space, HttpRequest("POST", "/", "", {}, b"0"))


def test_spaces_have_limits_of_their_own(one):
    assert sum(one.admits() for _ in range(30)) == 20
    one.limiters[0].admit("other", replace(TEN, space="other"), 0)


def test_two_instances_share_a_limit(two):
    assert sum(two.admits(instance=number % 2) for number in range(60)) == 20


def test_a_block_is_three_times_what_was_asked_for_in_a_second_and_a_twentieth_at_most(one):
    rate = Quota("default", 1000, 1000)
    blocks = []
    for _ in range(200):
        before = one.leases.calls
        assert one.admits(rate)
        blocks.append(one.leases.calls - before)
    gaps = [index for index, calls in enumerate(blocks) if calls]
    assert [later - earlier for earlier, later in pairwise(gaps)] == [3, 12, 48, 50, 50]


def test_what_was_not_used_is_given_back(two):
    rate = Quota("default", 1000, 1000)
    two.admitted(rate, 900, 0.9)
    two.clock.advance(5)
    assert two.admits(rate)
    assert two.ledger.events == 900 + 3


def test_who_is_refused_asks_no_more_until_it_helps(two):
    assert [two.admits(instance=number) for number in (0, 1) for _ in range(30)].count(True) == 20
    calls = two.leases.calls
    assert not any(two.admits(instance=number) for number in (0, 1) for _ in range(100))
    assert two.leases.calls == calls


def test_leases_end_after_three_seconds(one):
    rate = Quota("default", 1000, 1000)
    one.admitted(rate, 500, 0.5)
    calls = one.leases.calls
    one.clock.advance(1.5)
    assert one.admits(rate)
    assert one.leases.calls == calls
    one.clock.advance(2)
    assert one.admits(rate)
    assert one.leases.calls == calls + 1


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0, 0, 0.001, 0.02, 0.3, 1.1])), max_size=250),
    st.integers(1, 60),
    st.integers(1, 80),
)
def test_never_more_than_the_rate_the_burst_and_blocks_that_are_out(arrivals, rate, burst):
    quota, instances = Quota("default", rate, burst), Instances(4)
    admitted = []
    for instance, pause in arrivals:
        instances.clock.advance(pause)
        if instances.admits(quota, 0, instance):
            admitted.append(instances.clock.now)
    blocks = 4 * max(1, rate // 20)
    for first, start in enumerate(admitted):
        for last in range(first, len(admitted)):
            assert last - first + 1 <= rate * (admitted[last] - start) + burst + blocks + 1e-3


@given(st.lists(st.sampled_from([0, 0, 0.001, 0.05, 0.4, 2]), max_size=120), st.integers(1, 40), st.integers(1, 40))
def test_who_waits_as_long_as_it_is_told_is_admitted(pauses, rate, burst):
    quota, one = Quota("default", rate, burst), Instances()
    for pause in pauses:
        one.clock.advance(pause)
        if refusal := one.refusal(quota):
            assert refusal.retry_after >= 1
            one.clock.advance(refusal.retry_after)
            assert one.admits(quota)


@given(st.lists(st.sampled_from([0, 0.01, 0.3, 2]), max_size=60), st.integers(1, 30), st.integers(1, 30))
def test_one_instance_alone_is_as_good_as_a_bucket(pauses, rate, burst):
    """Give or take the block that it has, which it keeps beside the bucket."""
    quota, one, block = Quota("default", rate, burst), Instances(), max(1, rate // 20)
    smaller, larger = PerfectLimiter(rate, burst), PerfectLimiter(rate, burst + block)
    found = least = most = 0
    for pause in pauses:
        one.clock.advance(pause)
        since = one.clock.now - NOON
        least, most = least + smaller.admits(since), most + larger.admits(since)
        found += one.admits(quota)
    assert least - block - 1 <= found <= most + 1


def test_while_the_leases_are_away_each_instance_keeps_the_rate(one, caplog):
    one.leases.away = True
    both = replace(TEN, events_per_day=1)
    with caplog.at_level(logging.WARNING):
        assert sum(one.admits(both) for _ in range(30)) == 20
        assert one.refusal(both).retry_after == 1
        assert one.admitted(both, 400, 20) in range(199, 202)
    assert one.leases.calls in range(4, 7)
    assert len(caplog.records) == one.leases.calls


def test_what_was_used_while_they_were_away_counts_for_the_day(one):
    one.leases.away = True
    assert sum(one.admits(DAILY, 7) for _ in range(90)) == 90
    one.leases.away = False
    one.clock.advance(6)
    assert one.admitted(DAILY, 20, 1) == 10
    assert one.ledger.events == 100


def test_leases_that_are_away_are_asked_for_no_space(one):
    one.leases.away = True
    for number in range(50):
        one.limiters[0].admit(f"space{number}", TEN, 0)
    assert one.leases.calls == 1


def test_a_ledger_that_everybody_changes_is_as_good_as_away(one):
    one.limiters[0].leases = SimpleNamespace(take=lambda *_: (False, None))
    assert sum(one.admits() for _ in range(30)) == 20


def test_only_so_many_spaces_are_remembered(one, monkeypatch):
    monkeypatch.setattr(limiter_module, "MOST_SPACES", 3)
    for name in ("a", "b", "c", "a", "d"):
        one.limiters[0].admit(name, TEN, 0)
    assert list(one.limiters[0].allowances) == [("c", 0), ("a", 0), ("d", 0)]


def test_a_quota_that_was_loaded_anew_keeps_its_lease(one):
    rate = Quota("default", 1000, 1000)
    one.admitted(rate, 64, 0)
    calls = one.leases.calls
    for _ in range(20):
        assert one.admits(replace(rate))
    assert one.leases.calls == calls


def test_another_life_of_a_space_is_not_held_to_what_its_predecessor_used():
    limiter = Limiter(MemoryLeases(), FakeClock(), NO_LIMITS)
    quota = Quota("default", events_per_day=1)
    limiter.admit("default", quota, 0, born=1)
    with pytest.raises(LimitExceeded):
        limiter.admit("default", quota, 0, born=1)
    limiter.leases = limiter.allowances["default", 1].leases = MemoryLeases()  # what was leased is erased with the space
    with pytest.raises(LimitExceeded):
        limiter.admit("default", quota, 0, born=1)
    limiter.admit("default", quota, 0, born=2)


def test_what_is_admitted_is_counted_and_what_is_refused_is_not():
    usage = Usage(SimpleNamespace(), FakeClock())
    limiter = Limiter(MemoryLeases(), FakeClock(), NO_LIMITS, usage)
    for _ in range(5):
        try:
            limiter.admit("default", replace(TEN, burst=2), 30)
        except LimitExceeded:
            continue
    limiter.admit("free", None, 7)
    assert usage.counts == {"default": {"requests": 2, "bytes": 60}, "free": {"requests": 1, "bytes": 7}}


def test_a_block_that_is_booked_ahead_comes_token_by_token(one):
    """Else an event would be refused though there is a token."""
    rate = Quota("default", 100, 10)
    one.admitted(rate, 10, 0)
    one.clock.advance(0.0301)
    assert sum(one.admits(rate) for _ in range(10)) == 3
    one.clock.advance(0.01)
    assert sum(one.admits(rate) for _ in range(10)) == 1


def test_what_is_left_is_not_given_back_twice_if_the_answer_was_lost(one):
    rate = Quota("default", 1000, 1000)
    one.admitted(rate, 64, 0)
    before = one.ledger
    one.clock.advance(3)
    take = MemoryLeases.take

    def lost(space, step):
        take(one.leases, space, step)
        raise Unavailable("lost")

    one.limiters[0].allowances["default", 0].leases = SimpleNamespace(take=lost)
    assert one.admits(rate)
    one.limiters[0].allowances["default", 0].leases = one.leases
    one.clock.advance(6)
    assert one.admits(rate)
    assert one.ledger.events >= 66
    assert before.events > 64


def test_who_used_more_than_a_day_has_while_they_were_away_is_refused_afterwards(one):
    assert one.admits(DAILY)
    one.leases.away = True
    one.clock.advance(4)
    assert sum(one.admits(DAILY) for _ in range(150)) == 150
    one.leases.away = False
    one.clock.advance(6)
    assert "events a day: 100" in one.refusal(DAILY).message
