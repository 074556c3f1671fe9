"""What every store of leases promises: the real one on an emulated DynamoDB, and the simulation's."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from uuid import uuid4

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.memory_leases import MemoryLeases
from eventgateway.core.errors import Unavailable
from eventgateway.core.lease import SECOND, Amount, Ledger, Step, day_of
from eventgateway.storage.leases import DynamoLeases
from local.resources import create_table
from tests.contract.backends import aws_error
from tests.contract.conftest import set_aws_environment
from tests.loopback import Loopback, Then, answer

NOW = 1_800_000_000 * SECOND
TODAY, TOMORROW = day_of(NOW), day_of(NOW + 86_400 * SECOND)
NAMES = (f"leases-{number}" for number in count())
FIRST = Step(NOW, TODAY, Amount(50_000, 5, 100), Amount(), Amount(2 * SECOND, 1000, 10_000), is_full=True, is_new_day=True)
NEXT = replace(FIRST, is_full=False, is_new_day=False)


def new_table():
    name = f"records-{uuid4()}"
    create_table(boto3.client("dynamodb"), name)
    return name


@pytest.fixture(scope="class", params=["dynamodb", "memory"])
def store(request, emulator):
    """Tests of one class share it, each with a space of its own."""
    return MemoryLeases() if request.param == "memory" else DynamoLeases(new_table())


@pytest.fixture
def name():
    return next(NAMES)


class TestContract:
    def test_the_first_step_makes_the_ledger(self, store, name):
        assert store.take(name, FIRST) == (True, Ledger(NOW + 50_000, TODAY, 5, 100))

    def test_a_step_that_supposes_a_ledger_does_not_make_one(self, store, name):
        assert store.take(name, NEXT) == (False, None)
        assert store.take(name, replace(NEXT, limits=Amount())) == (False, None)

    def test_steps_add_up(self, store, name):
        store.take(name, FIRST)
        assert store.take(name, NEXT) == (True, Ledger(NOW + 100_000, TODAY, 10, 200))

    def test_of_two_that_find_the_bucket_full_one_is_told_that_it_is_not(self, store, name):
        store.take(name, FIRST)
        assert store.take(name, FIRST) == (False, Ledger(NOW + 50_000, TODAY, 5, 100))

    def test_what_is_left_is_given_back(self, store, name):
        store.take(name, FIRST)
        step = replace(NEXT, gives=Amount(30_000, 3, 40))
        assert store.take(name, step) == (True, Ledger(NOW + 70_000, TODAY, 7, 160))

    def test_a_bucket_that_was_full_meanwhile_is_no_fuller(self, store, name):
        store.take(name, FIRST)
        later = replace(FIRST, now=NOW + SECOND, is_new_day=False, gives=Amount(30_000, 3, 40))
        assert store.take(name, later) == (True, Ledger(NOW + SECOND + 50_000, TODAY, 7, 160))

    def test_a_new_day_begins_at_nothing(self, store, name):
        store.take(name, FIRST)
        step = replace(NEXT, day=TOMORROW, is_new_day=True)
        assert store.take(name, step) == (True, Ledger(NOW + 100_000, TOMORROW, 5, 100))
        assert store.take(name, NEXT) == (False, Ledger(NOW + 100_000, TOMORROW, 5, 100))

    @pytest.mark.parametrize(
        ("takes", "fits"),
        [
            (Amount(1_950_000, 0, 0), True), (Amount(1_950_001, 0, 0), False), (Amount(0, 995, 0), True), (Amount(0, 996, 0), False),
            (Amount(0, 0, 9900), True), (Amount(0, 0, 9901), False),
        ],
    )  # fmt: skip
    def test_each_limit_can_be_reached_and_not_be_crossed(self, store, name, takes, fits):
        store.take(name, FIRST)
        assert store.take(name, replace(NEXT, takes=takes))[0] is fits

    def test_what_has_no_limit_is_counted(self, store, name):
        free = replace(FIRST, limits=Amount())
        store.take(name, free)
        assert store.take(name, replace(free, now=NOW + 7, is_new_day=False)) == (True, Ledger(NOW + 50_007, TODAY, 10, 200))

    def test_times_of_a_clock_that_was_ahead_are_mended_once(self, store, name):
        _, old = store.take(name, replace(FIRST, day=TOMORROW))
        new = replace(old, full_at=NOW, day=TODAY)
        assert store.mend(name, old, new)
        assert not store.mend(name, old, new)
        assert store.take(name, FIRST) == (False, new)

    def test_what_is_not_there_is_not_mended(self, store, name):
        assert not store.mend(name, Ledger(1, TODAY), Ledger(2, TODAY))
        assert store.take(name, NEXT) == (False, None)


AMOUNTS = st.builds(Amount, st.integers(0, 3) | st.integers(0, 3 * SECOND), st.integers(0, 12), st.integers(0, 120))
LIMITS = st.builds(Amount, st.sampled_from([0, 4, SECOND]), st.sampled_from([0, 10]), st.sampled_from([0, 100]))
STEPS = st.builds(
    Step, st.integers(NOW, NOW + 5) | st.integers(NOW, NOW + 3 * SECOND), st.sampled_from([TODAY, TOMORROW]), AMOUNTS, AMOUNTS, LIMITS,
    is_full=st.booleans(), is_new_day=st.booleans(),
)  # fmt: skip


class TestTwins:
    @pytest.fixture(scope="class")
    @classmethod
    def leases(cls, emulator):
        return DynamoLeases(new_table())

    @given(st.lists(STEPS, max_size=8))
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_dynamodb_does_what_the_rules_say(self, leases, steps):
        name, twin = next(NAMES), MemoryLeases()
        for step in steps:
            assert leases.take(name, step) == twin.take(name, step)

    def test_many_at_once_take_no_more_than_there_is(self, leases):
        name = next(NAMES)
        leases.take(name, FIRST)
        step = replace(NEXT, takes=Amount(100_000, 1, 1))
        with ThreadPoolExecutor(8) as pool:
            taken = list(pool.map(lambda _: leases.take(name, step)[0], range(40)))
        assert sum(taken) == 19

    def test_row(self, emulator):
        table = new_table()
        DynamoLeases(table).take("default", FIRST)
        [row] = boto3.resource("dynamodb").Table(table).scan()["Items"]
        assert row == {
            "pk": "usage#default", "sk": "lease", "full_at": NOW + 50_000, "day": TODAY, "events": 5, "bytes": 100,
            "ttl": NOW // SECOND + 2 * 86_400,
        }  # fmt: skip

    def test_table_is_gone(self, emulator):
        with pytest.raises(Unavailable, match="The store of leases is not available"):
            DynamoLeases("gone").take("default", FIRST)


AWAY = {
    "throttled": [aws_error(400, "ProvisionedThroughputExceededException", "secret text")],
    "broken": [aws_error(500, "InternalServerError", "secret text")],
    "hang up": [Then.CLOSE],
    "silence": [2.0],
    "not JSON": [answer(b"{")],
}


class TestAway:
    @pytest.fixture
    def away(self, monkeypatch):
        with Loopback() as server:
            set_aws_environment(monkeypatch)
            monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url())
            yield DynamoLeases("records"), server

    @pytest.mark.parametrize("how", AWAY)
    def test_a_failure_is_told_after_one_call(self, away, how):
        """An event waits for it, and a step that is made twice counts twice."""
        store, server = away
        server.script = lambda _: AWAY[how]
        with pytest.raises(Unavailable) as caught:
            store.take("default", FIRST)
        assert caught.value.message == "The store of leases is not available. Please try again."
        assert len(server.requests) == 1
