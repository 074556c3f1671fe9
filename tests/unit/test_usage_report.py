"""What a tenant used, day by day, as JSON and as CSV."""

import csv
import json

import pytest

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.http_request import HttpRequest
from eventgateway.operations.deliver import Outcome
from eventgateway.operations.usage_report import OUTCOMES, UsageReport
from eventgateway.web.usage_export import export
from tests.memory import FakeClock

COUNTS = {
    "requests": 7, "bytes": 1200, "received|custom": 4, "received|http.request": 2, "processed|custom": 3, "dropped|custom": 1,
    "duplicates": 2, "deliveries|delivered": 5, "deliveries|dead": 1, "something|else": 9,
}  # fmt: skip
SHOWN = {
    "space": "acme-shop",
    "day": "2027-01-14",
    "requests": 7,
    "bytes": 1200,
    "events": {"received": 6, "processed": 3, "dropped": 1, "duplicates": 2},
    "deliveries": {"delivered": 5, "retried": 0, "dead": 1, "dropped": 0},
}


class Days:
    """Days of one space, and what was asked for."""

    def __init__(self):
        self.asked = []

    def days(self, space, first, last):
        self.asked.append((space, first, last))
        return [("2027-01-14", COUNTS)] if space == "acme-shop" else []


@pytest.fixture
def store():
    return Days()


@pytest.fixture
def ask(store):
    def ask(query="", **headers):
        return export(UsageReport(store, FakeClock()), "acme", ["acme-blog", "acme-shop"], HttpRequest("GET", "/", query, headers))

    return ask


def test_each_space_and_day_is_told(ask, store):
    answer = json.loads(ask("from=2027-01-01&to=2027-01-31").body)
    assert answer == {"tenant": "acme", "from": "2027-01-01", "to": "2027-01-31", "usage": [SHOWN]}
    assert store.asked == [("acme-blog", "2027-01-01", "2027-01-31"), ("acme-shop", "2027-01-01", "2027-01-31")]


@pytest.mark.parametrize(
    ("query", "period"),
    [
        ("", ("2027-01-01", "2027-01-15")),
        ("from=2026-12-24", ("2026-12-24", "2027-01-15")),
        ("from=2027-02-01", ("2027-02-01", "2027-02-01")),
        ("to=2026-12-24", ("2026-12-01", "2026-12-24")),
        ("from=2026-01-01&to=2027-02-04", ("2026-01-01", "2027-02-04")),
    ],
)
def test_without_days_it_is_this_month(ask, store, query, period):
    ask(query)
    assert store.asked[0][1:] == period


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("from=2027-01-02&to=2027-01-01", "'from' must not be after 'to'"),
        ("from=2026-01-01&to=2027-02-05", "at most 400 days"),
        ("from=20270101", "'from' must be a day, such as 2026-11-23"),
        ("to=2027-02-30", "'to' must be a day"),
        ("to=2027-W01-1", "'to' must be a day"),
        ("to=yesterday", "'to' must be a day"),
        ("from=", "'from' must be there once"),
        ("to=2027-01-01&to=2027-01-02", "'to' must be there once"),
        ("form=2027-01-01", "no parameter 'form' here. Use from, to, format"),
        ("format=xml", "'format' must be json or csv"),
    ],
)
def test_what_makes_no_sense_is_refused(ask, query, message):
    with pytest.raises(InvalidRequest) as refused:
        ask(query)
    assert message in refused.value.message


@pytest.mark.parametrize(("query", "accept"), [("format=csv", ""), ("", "text/csv"), ("", "Text/CSV; q=0.9")])
def test_it_comes_as_csv_if_that_is_wanted(ask, query, accept):
    answer = ask(query, accept=accept)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    [row] = csv.DictReader(answer.body.splitlines())
    assert row == {
        "space": "acme-shop", "day": "2027-01-14", "requests": "7", "bytes": "1200", "received": "6", "processed": "3", "dropped": "1",
        "duplicates": "2", "deliveries_delivered": "5", "deliveries_retried": "0", "deliveries_dead": "1", "deliveries_dropped": "0",
    }  # fmt: skip


def test_the_parameter_counts_more_than_the_header(ask):
    assert json.loads(ask("format=json", accept="text/csv").body)["usage"] == [SHOWN]


def test_all_outcomes_of_attempts_have_a_column():
    assert {each.value for each in Outcome} == {*OUTCOMES}
