"""Counting: in memory for each event, added up now and then, nothing counted twice, nothing lost but by the instance's end."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.errors import Unavailable
from eventgateway.core.space import Space
from eventgateway.core.usage import CONFIG_DURATION, PROCESSING, Histogram, series
from eventgateway.operations.usage import Usage
from eventgateway.web.metrics import exposition
from tests.memory import FakeClock


class Totals:
    """A store of counters in memory."""

    def __init__(self):
        self.spaces, self.writes, self.away = {}, 0, False
        self.days, self.days_away, self.gone = {}, False, set()

    def add(self, space, counts):
        if self.away:
            raise Unavailable("away")
        self.writes += 1
        if space in self.gone:
            return False
        self.spaces.setdefault(space, Counter()).update(counts)
        return True

    def add_to_day(self, space, day, counts):
        if self.away or self.days_away:
            raise Unavailable("away")
        self.days.setdefault((space, day), Counter()).update(counts)

    def totals(self, space):
        return dict(self.spaces.get(space, {}))


@pytest.fixture
def store():
    return Totals()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def usage(store, clock):
    usage = Usage(store, clock)
    usage.flush()
    return usage


def test_nothing_is_written_for_a_single_event(usage, store):
    usage.received("default", "custom")
    usage.flush_if_due()
    assert store.writes == 0


def test_counts_are_written_once_they_are_five_seconds_old(usage, store, clock):
    usage.received("default", "custom")
    usage.received("default", "custom")
    usage.processed("default", "custom")
    clock.advance(5)
    usage.flush_if_due()
    assert store.totals("default") == {"received|custom": 2, "processed|custom": 1}
    assert store.writes == 1


def test_a_flush_is_one_write_a_space(usage, store):
    for space in ("one", "two", "one"):
        usage.dropped(space, "custom")
    usage.flush()
    assert store.writes == 2


def test_what_was_flushed_is_not_counted_again(usage, store):
    usage.received("default", "custom")
    usage.flush()
    usage.flush()
    assert store.totals("default") == {"received|custom": 1}


def test_counts_wait_while_the_store_is_away(usage, store):
    usage.received("default", "custom")
    store.away = True
    usage.flush()
    store.away = False
    usage.received("default", "custom")
    usage.flush()
    assert store.totals("default") == {"received|custom": 2}


def test_a_clock_that_goes_back_does_not_stop_the_counting(usage, store, clock):
    usage.received("default", "custom")
    clock.advance(-3600)
    usage.flush_if_due()
    assert store.totals("default") == {"received|custom": 1}


def test_threads_count_together(usage, store):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: usage.received("default", "custom"), range(2000)))
    usage.flush()
    assert store.totals("default") == {"received|custom": 2000}


@pytest.mark.parametrize(
    ("histogram", "count", "first", "last"),
    [pytest.param(PROCESSING, 20, 0.00001, 5.24288, id="processing"), pytest.param(CONFIG_DURATION, 16, 0.0005, 16.384, id="config")],
)
def test_histograms_have_the_buckets_of_the_original(histogram, count, first, last):
    assert (len(histogram.bounds), histogram.bounds[0]) == (count, first)
    assert histogram.bounds[-1] == pytest.approx(last)


@given(st.lists(st.floats(0, 100), max_size=50))
def test_a_bucket_holds_all_observations_up_to_its_bound(seconds):
    histogram, counts = Histogram("h", [0.5, 1, 2]), Counter()
    for each in seconds:
        counts.update(histogram.observe(each))
    expected = [sum(each <= bound for each in seconds) for bound in (0.5, 1, 2)]
    assert histogram.cumulative(counts) == [*expected, len(seconds)]
    assert counts[series("h", "sum")] == pytest.approx(sum(seconds))


def lines(text, name):
    return [line for line in text.splitlines() if line.startswith(name)]


def test_metrics_name_space_and_type():
    text = exposition([], {"b": {"received|custom": 2}, "a": {"received|http.request": 1}}, 0)
    assert lines(text, "eventgateway_events_received_total{") == [
        'eventgateway_events_received_total{space="a",type="http.request"} 1',
        'eventgateway_events_received_total{space="b",type="custom"} 2',
    ]


def test_metrics_name_resource_and_operation():
    text = exposition([], {"a": {"config|function|create": 3}}, 0)
    expected = 'eventgateway_config_requests_total{space="a",resource="function",operation="create"} 3'
    assert lines(text, "eventgateway_config_requests_total{") == [expected]


def test_metrics_count_what_the_spaces_hold():
    assert 'eventgateway_functions_total{space="default"} 0' in exposition([Space("default")], {}, 0).splitlines()


def test_metrics_show_the_backlog():
    assert "eventgateway_events_backlog 7" in exposition([], {}, 7).splitlines()


def test_histograms_add_up_over_spaces_and_end_at_infinity():
    totals = {"a": {**CONFIG_DURATION.observe(0.001)}, "b": {**CONFIG_DURATION.observe(100)}}
    found = lines(exposition([], totals, 0), "eventgateway_config_request_duration_seconds")
    assert found[0].endswith('{le="0.0005"} 0')
    assert found[1].endswith('{le="0.001"} 1')
    assert found[-3:] == [
        'eventgateway_config_request_duration_seconds_bucket{le="+Inf"} 2',
        "eventgateway_config_request_duration_seconds_sum 100.001",
        "eventgateway_config_request_duration_seconds_count 2",
    ]


def test_every_family_has_help_and_type_once():
    text = exposition([Space("a")], {"a": {"received|custom": 1}}, 0)
    families = [line.split()[2] for line in lines(text, "# TYPE ")]
    assert len(families) == len(set(families)) == len(lines(text, "# HELP "))


@pytest.fixture
def hosted(store, clock):
    return Usage(store, clock, by_day=True)


def use(usage, space="default"):
    usage.request(space, 100)
    usage.received(space, "custom")
    usage.delivery(space, "dead")
    usage.waited(space, 0.1)
    usage.config_request(space, "function", "get")
    usage.config_took("", 0.1)


def test_in_hosted_mode_what_a_space_used_is_counted_by_day(hosted, store, clock):
    for _ in range(2):
        use(hosted)
        hosted.flush()
        clock.advance(86_400)
    used = {"requests": 1, "bytes": 100, "received|custom": 1, "deliveries|dead": 1}
    assert store.days == {("default", "2027-01-15"): used, ("default", "2027-01-16"): used}


def test_in_standalone_mode_there_are_no_days(usage, store):
    use(usage)
    usage.flush()
    assert store.days == {}


def test_a_space_without_anything_to_bill_has_no_day(hosted, store):
    hosted.config_request("default", "function", "get")
    hosted.flush()
    assert store.days == {}


def test_counts_of_a_space_that_is_gone_are_dropped(hosted, store):
    store.gone.add("default")
    use(hosted)
    hosted.flush()
    hosted.flush()
    assert (store.days, hosted.counts.get("default"), hosted.daily) == ({}, None, {})


def test_a_day_that_cannot_be_written_is_counted_later_and_totals_only_once(hosted, store, clock):
    clock.now = 1_800_000_000 + 57_540.0  # 2027-01-15T23:59:00Z
    store.days_away = True
    use(hosted)
    hosted.flush()
    clock.advance(120)
    use(hosted)
    store.days_away = False
    hosted.flush()
    assert {day: counts["requests"] for (_, day), counts in store.days.items()} == {"2027-01-15": 1, "2027-01-16": 1}
    assert store.spaces["default"]["requests"] == 2


@pytest.mark.parametrize(("slept", "counted"), [(599, True), (600, False), (86_400, False), (-1, False)])
@pytest.mark.parametrize("failing", [None, "away", "days_away"])
def test_what_an_instance_slept_on_is_not_counted_for_whoever_has_the_name_then(hosted, clock, slept, counted, failing):
    """A count of a space that was deleted in between turned up in the bill of the next one with its name."""
    store = hosted.store
    use(hosted)
    if failing:
        setattr(store, failing, True)
        hosted.flush()
        setattr(store, failing, False)
        store.spaces.clear()
    clock.advance(slept)
    use(hosted, "other")
    hosted.flush()
    assert ("default" in store.spaces or any(space == "default" for space, _ in store.days)) == counted
    assert store.spaces["other"]["requests"] == 1


def test_what_one_owner_counts_is_kept_however_long_an_instance_sleeps(store, clock):
    usage = Usage(store, clock)
    use(usage)
    clock.advance(86_400)
    usage.flush()
    assert store.spaces["default"]["requests"] == 1


def test_what_cannot_be_added_up_counts_for_the_day_when_it_can(hosted, store):
    store.away = True
    use(hosted)
    hosted.flush()
    assert store.days == {}
    store.away = False
    hosted.flush()
    assert store.days["default", "2027-01-15"]["requests"] == 1
