"""Fifty instances that keep a limit together, against one limiter that sees every event: `python -m benchmarks.limits`, in short."""

import pytest

from benchmarks import check_time
from benchmarks.limits import DEMANDS, TRAFFIC, Outcome, PerfectLimiter, bursty, simulate, steady
from eventgateway.core.quota import Quota

SECONDS = 15.0
HOSTED = Quota("space", 100, 200)
LARGE = Quota("space", 1000, 2000)
SMALL_BURST = Quota("space", 100, 100)


@pytest.mark.parametrize("traffic", TRAFFIC, ids=lambda each: each.name)
@pytest.mark.parametrize("quota", [HOSTED, SMALL_BURST], ids=["hosted", "small burst"])
def test_fifty_instances_are_at_most_a_tenth_from_perfect(traffic, quota):
    for demand in DEMANDS:
        found = simulate(traffic, quota, 50, demand, SECONDS)
        assert found.perfect > 0.3 * found.events
        assert abs(found.error) <= 0.10, demand


@pytest.mark.parametrize("traffic", TRAFFIC, ids=lambda each: each.name)
@pytest.mark.parametrize("instances", [1, 10])
def test_fewer_instances_are_closer(traffic, instances):
    for demand in DEMANDS:
        assert abs(simulate(traffic, HOSTED, instances, demand, SECONDS).error) <= 0.05, demand


@pytest.mark.parametrize(("instances", "most"), [(1, 0.03), (10, 0.05), (50, 0.15)])
def test_storage_is_asked_far_less_often_than_events_come(instances, most):
    for traffic in TRAFFIC:
        for demand in DEMANDS:
            found = simulate(traffic, LARGE, instances, demand, 6.0)
            assert found.calls_per_event <= most, (traffic.name, demand)
            assert found.calls <= 2 * instances * 6 + found.admitted / 25 + 10, (traffic.name, demand)


def test_a_flood_costs_less_than_two_calls_a_second_and_instance():
    """Whether it is ten or thirty times as much as the limit."""
    for demand in (10.0, 30.0):
        flood = simulate(TRAFFIC[0], HOSTED, 50, demand, 10.0)
        assert flood.calls < 2 * 50 * 10
        assert abs(flood.error) <= 0.10


def test_the_perfect_limiter_is_a_token_bucket():
    perfect = PerfectLimiter(2.0, 3.0)
    assert [perfect.admits(now) for now in (0, 0, 0, 0, 0.4, 0.5, 0.9, 1.0, 10, 10, 10, 10)] == [True] * 3 + [False, False, True] + [
        False, True, True, True, True, False,
    ]  # fmt: skip


def test_an_outcome_tells_error_and_calls():
    found = Outcome(events=200, admitted=90, perfect=100, calls=20)
    assert (found.error, found.calls_per_event) == (-0.1, 0.1)


@pytest.mark.parametrize("swing", [steady, bursty])
def test_traffic_has_the_rate_it_is_said_to_have(swing):
    assert sum(swing(second / 10) for second in range(300)) / 300 == pytest.approx(1.0)


def test_what_the_benchmark_of_a_check_measures_works(monkeypatch):
    monkeypatch.setattr(check_time, "REPEATS", 20)
    assert all(each > 0 for each in check_time.measured())
