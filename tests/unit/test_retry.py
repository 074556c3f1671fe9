from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.retry import DEFAULT_RETRY, RetryPolicy

JITTER = st.floats(0, 1, exclude_max=True)
POLICIES = st.builds(
    RetryPolicy,
    max_attempts=st.integers(1, 20),
    waits=st.lists(st.floats(0, 10_000), min_size=1, max_size=8).map(tuple),
    max_age=st.floats(0, 100_000),
)


def ages(policy, jitter):
    """How old a delivery is at each attempt, if every one fails at once."""
    made = [0.0]
    while (wait := policy.wait(len(made), made[-1], jitter)) is not None:
        made.append(made[-1] + wait)
    return made


@pytest.mark.parametrize(
    ("attempt", "shortest", "longest"),
    [(1, 1, 1), (2, 2.5, 5), (3, 15, 30), (4, 60, 120), (5, 300, 600), (6, 900, 1800), (7, 3600, 7200)],
)
def test_waits_grow_and_half_of_each_is_chance(attempt, shortest, longest):
    assert DEFAULT_RETRY.wait(attempt, 0, 0.0) == shortest
    assert DEFAULT_RETRY.wait(attempt, 0, 0.999999) == pytest.approx(longest, rel=1e-5)


def test_the_eighth_attempt_is_the_last():
    assert DEFAULT_RETRY.wait(8, 0, 0.5) is None
    assert len(ages(DEFAULT_RETRY, 0.5)) == 8


def test_a_delivery_that_would_grow_too_old_is_given_up():
    day = 24 * 3600
    assert DEFAULT_RETRY.wait(7, day - 5400, 0.5) == 5400
    assert DEFAULT_RETRY.wait(7, day - 5399, 0.5) is None


def test_the_last_wait_serves_for_all_further_attempts():
    policy = RetryPolicy(max_attempts=5, waits=(1.0, 10.0))
    assert [policy.wait(attempt, 0, 0.0) for attempt in (1, 2, 3, 4, 5)] == [1, 5, 5, 5, None]


@given(POLICIES, st.integers(1, 25), st.floats(0, 100_000), JITTER)
def test_every_wait_is_within_its_bounds(policy, attempt, age, jitter):
    wait = policy.wait(attempt, age, jitter)
    full = policy.waits[min(attempt, len(policy.waits)) - 1]
    assert wait is None or (max(1.0, full / 2) <= wait <= max(1.0, full) and age + wait <= policy.max_age)


@given(POLICIES, JITTER)
def test_attempts_are_bounded_in_number_in_age_and_in_pace(policy, jitter):
    made = ages(policy, jitter)
    assert len(made) <= policy.max_attempts
    assert made[-1] <= policy.max_age
    assert all(after - before >= 0.999 for before, after in pairwise(made))


@given(POLICIES, st.integers(1, 25), st.floats(0, 100_000), JITTER, JITTER)
def test_more_chance_never_means_less_wait(policy, attempt, age, one, other):
    less, more = (policy.wait(attempt, age, jitter) for jitter in sorted((one, other)))
    assert more is None or (less is not None and less <= more)
