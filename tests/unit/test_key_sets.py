"""How long key sets of issuers are kept, and how many: the cache, over a fetch that is told what to do."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from eventgateway.core import limits
from eventgateway.core.errors import Unavailable
from eventgateway.core.jwt_rule import JwtRule
from eventgateway.key_sets import KeySets, unreadable
from tests.memory import FakeClock

RULE = JwtRule("https://issuer.example", ("gateway",))


class Issuers:
    """Counts fetches; the keys are a text. `gate` holds a fetch up until it is set."""

    def __init__(self):
        self.keys, self.fetches, self.is_away = "ab", 0, False
        self.begun, self.gate = Event(), Event()
        self.gate.set()

    def fetch(self, rule):
        self.fetches += 1
        self.begun.set()
        assert self.gate.wait(5)
        if self.is_away:
            raise unreadable()
        return self.keys


@pytest.fixture
def issuers():
    return Issuers()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def find(issuers, clock):
    """Whether a letter is among the keys of an issuer."""
    sets = KeySets(issuers.fetch, clock)
    return lambda letter="a", rule=RULE: sets.find(rule, lambda keys: letter if letter in keys else None)


def test_only_the_issuers_asked_for_last_are_remembered(find, issuers):
    others = [JwtRule(f"https://issuer-{number}.example", ("gateway",)) for number in range(limits.KEY_SETS)]
    for rule in (RULE, *others[:-1], RULE, others[-1]):
        find(rule=rule)
    assert issuers.fetches == limits.KEY_SETS + 1
    find()
    assert issuers.fetches == limits.KEY_SETS + 1
    find(rule=others[0])
    assert issuers.fetches == limits.KEY_SETS + 2


def test_while_keys_are_known_an_issuer_that_is_away_is_asked_each_half_minute(find, issuers, clock):
    find()
    issuers.is_away = True
    clock.advance(600)
    for _ in range(29):
        assert find() == "a"
        clock.advance(1)
    assert issuers.fetches == 2
    clock.advance(1)
    assert find() == "a"
    assert issuers.fetches == 3


def test_while_none_are_known_it_is_asked_each_five_seconds(find, issuers, clock):
    issuers.is_away = True
    for _ in range(10):
        with pytest.raises(Unavailable):
            find()
        clock.advance(1)
    assert issuers.fetches == 2


def test_who_has_keys_does_not_wait_for_the_fetch_of_another_thread(find, issuers, clock):
    find()
    clock.advance(600)
    issuers.begun.clear()
    issuers.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(find)
        assert issuers.begun.wait(5)
        try:
            assert find() == "a"
            assert not renewing.done()
        finally:
            issuers.gate.set()
    assert renewing.result() == "a"
    assert issuers.fetches == 2


def test_who_has_none_waits_for_it(find, issuers):
    issuers.gate.clear()
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(find) for _ in range(4)]
        assert issuers.begun.wait(5)
        issuers.gate.set()
    assert [each.result() for each in waiting] == ["a"] * 4
    assert issuers.fetches == 1


def test_a_clock_that_is_set_back_makes_nothing_fresh(find, issuers, clock):
    find()
    clock.advance(-3600)
    find()
    assert issuers.fetches == 2
