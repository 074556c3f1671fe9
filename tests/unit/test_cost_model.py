"""The model of costs: what it charges for is what the code does, and each assumption counts."""

from dataclasses import fields, replace

import pytest

from benchmarks.cost import (
    BATCH_MESSAGES,
    CONFIG_TTL,
    FLUSH_SECONDS,
    LEASE_SECONDS,
    SECRET_SECONDS,
    Assumptions,
    Model,
    chunks,
    instances,
    money,
    read,
    report,
)
from benchmarks.prices import Prices
from eventgateway import queue
from eventgateway.operations import allowance, secrets, usage
from eventgateway.settings import Settings

ASYNC, SYNC = 0, 1


def of(model, component, kind=ASYNC):
    return next(line.dollars[kind] for line in model.per_million() if line.component == component)


def given(**changes):
    return Model(replace(Assumptions(), **changes))


@pytest.mark.parametrize("numbers", [Assumptions, Prices])
def test_every_number_counts(numbers):
    """One that changes nothing is a forgotten one."""
    usual = report(Model())
    for each in fields(numbers):
        changed = replace(numbers(), **{each.name: each.default * 1000 + 7 if each.name != "failures" else 0.5})
        model = Model(given=changed) if numbers is Assumptions else Model(prices=changed)
        tables = report(model)
        assert any(tables[name] != usual[name] for name in ("idle", "events", "chosen")), each.name


def test_what_instances_do_now_and_then_is_what_the_code_says():
    default = {each.name: each.default for each in fields(Settings)}
    assert default["config_ttl"] == CONFIG_TTL
    assert usage.FLUSH_SECONDS == FLUSH_SECONDS
    assert allowance.LEASE_SECONDS == LEASE_SECONDS
    assert secrets.OPEN_SECONDS == SECRET_SECONDS
    assert queue.BATCH_MESSAGES == BATCH_MESSAGES


def test_an_event_is_sent_received_and_deleted():
    """By hand: a million sends, 200,000 receives and as many deletes of batches of five, at half a dollar a million."""
    assert of(given(failures=0), "SQS") == pytest.approx(0.50 * 1.4)


def test_a_failed_attempt_is_a_copy_and_another_attempt():
    """Half of all attempts fail: two for each event, one of them sent again."""
    assert given(failures=0.5).attempts == pytest.approx(2_000_000)
    assert of(given(failures=0.5), "SQS") == pytest.approx(0.50 * (1 + 1 + 0.4 + 0.4))


def test_ten_subscribers_are_one_request_as_long_as_they_fit():
    assert of(given(failures=0, subscribers=10), "SQS") == pytest.approx(0.50 * (1 + 2 + 2))
    assert of(given(failures=0, subscribers=11), "SQS") == pytest.approx(0.50 * (2 + 2.2 + 2.2))
    assert [chunks(kb) for kb in (0.1, 64, 65, 640)] == [1, 1, 2, 10]


def test_the_router_is_billed_for_its_memory_and_time():
    """By hand: 0.2 for the requests, and 15 ms and a thousandth of 800 ms at half a GB."""
    assert of(Model(), "Lambda: router") == pytest.approx(0.20 + 1e6 * 0.0158 * 0.5 * 0.0000133334)
    assert of(Model(), "Lambda: router", SYNC) == pytest.approx(0.20 + 1e6 * 0.0658 * 0.5 * 0.0000133334)


def test_with_few_events_each_one_pays_for_looking_and_counting():
    rare, frequent = given(rate=0.01), given(rate=1000)
    assert of(rare, "DynamoDB: reads", SYNC) == pytest.approx(0.125)
    assert of(rare, "DynamoDB: writes", SYNC) == pytest.approx(2 * 0.625)
    assert of(frequent, "DynamoDB: reads", SYNC) < 0.01


def test_hosted_mode_leases_now_and_then_and_counts_by_day():
    """By hand: 100,000 seconds of one instance, one and a half writes in three of them; and what the counters cost anyway."""
    hosted = next(line for line in Model().chosen() if line.component == "`mode=hosted`")
    assert hosted.dollars == [0, pytest.approx(0.1 / 3 * 1.5 * 0.625 + of(Model(), "DynamoDB: writes"))]


def test_a_busy_gateway_has_more_instances():
    assert [instances(rate, 100) for rate in (0.1, 10, 11, 1000)] == [1, 1, 2, 100]


def test_pollers_ask_three_times_a_minute_all_month():
    assert Model().idle()[0].dollars == [pytest.approx(5 * 3 * 60 * 730 * 0.40 / 1e6)]


def test_a_bill_is_what_idles_and_what_happens():
    model = Model()
    idle = sum(line.dollars[0] for line in model.idle())
    assert model.bill(0).dollars == [pytest.approx(idle)] * 2
    assert model.bill(3).dollars[SYNC] == pytest.approx(idle + 3 * sum(line.dollars[SYNC] for line in model.per_million()))


def test_assumptions_are_replaced_by_name():
    assert read(["rate=100", "batch=8"]) == replace(Assumptions(), rate=100, batch=8)
    with pytest.raises(TypeError, match="no_such"):
        read(["no_such=1"])
    with pytest.raises(ValueError, match="could not convert"):
        read(["rate"])


def test_less_than_a_cent_is_not_nothing():
    assert [money(each) for each in (0, 0.001, 0.005, 1234.5)] == ["0", "< $0.01", "$0.01", "$1,234.50"]
