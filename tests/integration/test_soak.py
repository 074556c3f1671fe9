"""Nothing that was accepted is lost, even if functions fail and the gateway is killed: the soak of `make soak`, in short."""

import asyncio

import pytest

from benchmarks.soak import Load, Soak
from benchmarks.tally import Tally, percentile


def test_no_accepted_event_is_lost_though_calls_fail_and_the_gateway_is_killed(tmp_path):
    progress = []
    report = asyncio.run(Soak(Load(events=300, slow_seconds=0.1, kills=1), tmp_path, progress.append).run())
    assert (report.accepted, report.delivered, report.dead, report.lost) == (300, 300, 0, 0)
    assert report.failed_calls > 30
    assert "killed after 150 accepted events" in progress


@pytest.fixture
def tally() -> Tally:
    """Three events were accepted; one was delivered, to two subscribers, one of which got it twice."""
    tally = Tally()
    for event_id in ("a", "b", "c"):
        tally.accepted(event_id)
    for delivery_id in ("a-1", "a-2", "a-2"):
        tally.succeeded("a", delivery_id)
    return tally


@pytest.mark.parametrize(("dead", "lost"), [(0, 2), (1, 1), (2, 0)])
def test_what_was_neither_delivered_nor_kept_is_lost(tally, dead, lost):
    report = tally.report(dead=dead, failed_calls=0, kills=0)
    assert (report.accepted, report.delivered, report.dead, report.lost, report.duplicates) == (3, 1, dead, lost, 1)


def test_what_was_delivered_before_its_202_arrived_took_no_time(tally):
    tally.succeeded("b", "b-1")
    tally.accepted("b")
    tally.delivered_at["a"] = tally.accepted_at["a"] - 1
    report = tally.report(dead=0, failed_calls=0, kills=0)
    assert (report.delivered, report.p50, report.p99) == (2, 0.0, 0.0)


def test_percentiles_are_nearest_ranks():
    assert [percentile([1.0, 2.0, 3.0, 4.0], percent) for percent in (1, 50, 51, 99, 100)] == [1, 2, 3, 4, 4]
    assert percentile([], 50) == 0
