from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.retry import DEFAULT_RETRY, Retry, RetryPolicy, asked_wait
from tests.memory import NOON

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
    while not policy.end(len(made), after := made[-1] + policy.wait(len(made), jitter)):
        made.append(after)
    return made


@pytest.mark.parametrize(
    ("attempt", "shortest", "longest"),
    [(1, 1, 1), (2, 2.5, 5), (3, 15, 30), (4, 60, 120), (5, 300, 600), (6, 900, 1800), (7, 3600, 7200), (8, 3600, 7200), (50, 3600, 7200)],
)
def test_waits_grow_and_half_of_each_is_chance(attempt, shortest, longest):
    assert DEFAULT_RETRY.wait(attempt, 0.0) == shortest
    assert DEFAULT_RETRY.wait(attempt, 0.999999) == pytest.approx(longest, rel=1e-5)


def test_the_eighth_attempt_is_the_last():
    assert DEFAULT_RETRY.end(7, 0) == ""
    assert DEFAULT_RETRY.end(8, 0) == "8 of 8 attempts failed"
    assert len(ages(DEFAULT_RETRY, 0.5)) == 8


def test_a_delivery_that_would_grow_too_old_is_given_up():
    day = 24 * 3600
    assert DEFAULT_RETRY.end(7, day) == ""
    assert DEFAULT_RETRY.end(7, day + 1) == "the next attempt would be later than 86400 seconds after the event"


def test_throttled_functions_are_left_alone_for_longer():
    assert [DEFAULT_RETRY.wait(attempt, 0.0, throttled=True) for attempt in (1, 2, 5, 6, 7)] == [15, 60, 3600, 3600, 3600]


def test_what_a_function_asks_for_counts_if_it_is_longer_and_within_two_hours():
    assert [DEFAULT_RETRY.wait(3, 0.0, asked=asked) for asked in (0, 10, 15, 16, 7200, 7201, 1e9)] == [15, 15, 15, 16, 7200, 7200, 7200]


def test_all_waits_are_scaled():
    assert RetryPolicy(scale=0.01).wait(7, 0.0) == 36
    assert RetryPolicy(scale=0.01).wait(1, 0.0, asked=100) == 1


@given(POLICIES, st.integers(1, 25), JITTER, st.booleans())
def test_every_wait_is_within_its_bounds(policy, attempt, jitter, throttled):
    wait = policy.wait(attempt, jitter, throttled=throttled)
    full = policy.waits[min(attempt + 2 * throttled, len(policy.waits)) - 1]
    assert max(1.0, full / 2) <= wait <= max(1.0, full)


@given(POLICIES, JITTER)
def test_attempts_are_bounded_in_number_in_age_and_in_pace(policy, jitter):
    made = ages(policy, jitter)
    assert len(made) <= policy.max_attempts
    assert made[-1] <= policy.max_age
    assert all(after - before >= 0.999 for before, after in pairwise(made))


@given(POLICIES, st.integers(1, 25), JITTER, JITTER)
def test_more_chance_never_means_less_wait(policy, attempt, one, other):
    less, more = (policy.wait(attempt, jitter) for jitter in sorted((one, other)))
    assert less <= more


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("0", 0),
        ("99999999999999999999", 999_999_999),
        ("Fri, 15 Jan 2027 08:01:40 GMT", 100),
        ("Fri, 15 Jan 2027 08:01:40 +0000", 100),
        ("Friday, 15-Jan-27 08:01:40 GMT", 100),
        ("Fri Jan 15 08:01:40 2027", 100),
        ("Fri, 15 Jan 2027 07:59:59 GMT", 0),
        ("Fri, 15 Jan 99999 08:01:40 GMT", 0),
        ("-5", 0),
        ("1.5", 0),
        ("\u0665", 0),
        ("soon", 0),
        ("", 0),
    ],
)
def test_both_forms_of_retry_after(header, seconds):
    assert asked_wait(header, NOON) == seconds


@given(st.text(), st.floats(0, 1e10))
def test_no_header_is_an_error(header, now):
    assert asked_wait(header, now) >= 0


def test_a_subscription_says_what_it_wants_otherwise():
    wants = Retry.restore({"maxAttempts": 3})
    assert DEFAULT_RETRY.given_by(wants) == RetryPolicy(max_attempts=3)
    assert DEFAULT_RETRY.given_by(Retry.restore({"maxAgeSeconds": 60})) == RetryPolicy(max_age=60)
    assert DEFAULT_RETRY.given_by(Retry.restore({})) is DEFAULT_RETRY


@given(st.integers(1, 50), st.integers(1, 604_800))
def test_a_wish_survives_its_document(attempts, age):
    assert Retry.restore(Retry(attempts, age).document()) == Retry(attempts, age)


@pytest.mark.parametrize("name", ["maxAttempts", "maxAgeSeconds"])
@pytest.mark.parametrize("value", [0, -1, 604_801, True, "3", 1.5, [], {}])
def test_a_wish_out_of_bounds_is_refused(name, value):
    with pytest.raises(InvalidRequest, match=name):
        Retry.restore({name: value})
