"""What every store of dead letters and redrives promises: the real ones on an emulated DynamoDB, and the tests' own."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventgateway.core.dead_letter import KEPT_SECONDS, LetterFilter
from eventgateway.core.delivery import Attempt
from eventgateway.core.instant import microseconds
from eventgateway.core.redrive import Redrive
from eventgateway.storage.dead_letters import DynamoDeadLetters
from eventgateway.storage.redrives import DynamoRedrives
from tests.contract.letters import ALL, DAY, END, dead, every, pages
from tests.contract.samples import NOON
from tests.contract.stored import SPACES
from tests.records import MemoryDeadLetters, MemoryRedrives


class TestContract:
    @pytest.fixture(params=["dynamodb", "memory"])
    def letters(self, request, table, payloads, clock):
        return MemoryDeadLetters(clock) if request.param == "memory" else DynamoDeadLetters(table.name, payloads, clock.time)

    def test_what_was_put_can_be_read_back(self, letters, space):
        failed = (Attempt(NOON + 0.25, "HTTP status code: 500", 500), Attempt(NOON + 9, "refused"))
        letter = dead(space, NOON + 0.123456, NOON + 9.5, "2 of 2 attempts failed", failures=failed)
        letters.put(letter)
        assert letters.get(space, letter.key) == letter
        assert every(letters, space) == [letter]

    def test_the_same_letter_twice_is_one_the_later(self, letters, space):
        first = dead(space)
        letters.put(first)
        letters.put(second := replace(first, reason="second", at=NOON + 5000))
        assert every(letters, space) == [second]

    def test_a_delivery_that_was_queued_anew_is_another_letter(self, letters, space):
        first = dead(space)
        second = replace(first, delivery=first.delivery.anew(NOON + 0.001, 9))
        letters.put(first)
        letters.put(second)
        assert letters.delete(space, first.key)
        assert every(letters, space) == [second]

    def test_spaces_are_apart(self, letters, space):
        letters.put(letter := dead(space))
        assert every(letters, f"{space}x") == []
        assert letters.get(f"{space}x", letter.key) is None
        assert not letters.delete(f"{space}x", letter.key)
        assert every(letters, space) == [letter]

    def test_what_is_not_there_is_none(self, letters, space):
        assert letters.get(space, dead(space).key) is None
        assert not letters.delete(space, dead(space).key)
        assert pages(letters, space) == [[]]

    def test_what_was_deleted_is_gone(self, letters, space):
        for letter in (one := dead(space), other := dead(space)):
            letters.put(letter)
        assert letters.delete(space, one.key)
        assert not letters.delete(space, one.key)
        assert letters.get(space, one.key) is None
        assert every(letters, space) == [other]

    def test_what_has_expired_is_gone_though_it_may_lie_there_still(self, letters, space, clock):
        letters.put(letter := dead(space, died_at=NOON + 0.9))
        clock.now = NOON + KEPT_SECONDS - 1
        assert every(letters, space) == [letter]
        clock.now = NOON + KEPT_SECONDS
        assert letters.get(space, letter.key) is None
        assert every(letters, space) == []
        assert not letters.delete(space, letter.key)

    def test_the_newest_come_first_over_hours(self, letters, space):
        times = [NOON + offset for offset in (0, 0.5, 3599.999999, 3600, 3600.000001, 7 * DAY, -1, -3600, -3600.5)]
        for accepted_at in times:
            letters.put(dead(space, accepted_at))
        assert [each.delivery.accepted_at for each in every(letters, space)] == sorted(times, reverse=True)

    @pytest.mark.parametrize("limit", [1, 2, 3, 7])
    def test_pages_are_all_in_order(self, letters, space, limit):
        for number in range(7):
            letters.put(dead(space, NOON + number * 1700))
        assert every(letters, space, limit=limit) == every(letters, space)
        assert max(map(len, pages(letters, space, limit=limit))) == limit

    def test_pages_are_stable_while_letters_come_and_go(self, letters, space):
        old = [dead(space, NOON + number * 2000) for number in range(6)]
        for letter in old:
            letters.put(letter)
        first = letters.page(space, ALL, END, 2)
        letters.delete(space, old[5].key)
        letters.delete(space, old[4].key)
        letters.delete(space, old[2].key)
        letters.put(dead(space, NOON + 90_000))
        letters.put(late := dead(space, NOON + 1))
        second = letters.page(space, ALL, first.before, 100)
        assert list(first.letters) == [old[5], old[4]]
        assert list(second.letters) == [old[3], old[1], late, old[0]]

    def test_filters(self, letters, space):
        one = dead(space, subscription_id="s1", event_type="t1")
        other = dead(space, NOON + 4000.5, subscription_id="s2", event_type="t1")
        third = dead(space, NOON + 8000, subscription_id="s1", event_type="t2")
        for letter in (one, other, third):
            letters.put(letter)
        at = microseconds(NOON + 4000.5)
        for wanted, found in {
            LetterFilter("s1"): [third, one],
            LetterFilter("", "t1"): [other, one],
            LetterFilter("s1", "t1"): [one],
            LetterFilter("s3"): [],
            LetterFilter(accepted_after=at): [third, other],
            LetterFilter(accepted_after=at + 1): [third],
            LetterFilter(accepted_before=at): [one],
            LetterFilter(accepted_before=at + 1): [other, one],
            LetterFilter("", "t1", at, at + 1): [other],
            LetterFilter("", "", at, at): [],
            LetterFilter("", "", at + 1, at): [],
        }.items():
            assert every(letters, space, wanted) == found, wanted
            assert every(letters, space, wanted, limit=1) == found, wanted

    @settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        offsets=st.lists(st.integers(0, 6 * 3600 * 4), max_size=12, unique=True),
        after=st.integers(-3600, 8 * 3600),
        before=st.integers(-3600, 8 * 3600),
        limit=st.integers(1, 5),
    )
    def test_any_filter_finds_what_matches(self, letters, offsets, after, before, limit):
        space = next(SPACES)
        mine = [dead(space, NOON + offset / 4) for offset in offsets]
        for letter in mine:
            letters.put(letter)
        wanted = LetterFilter("", "", microseconds(NOON + after), microseconds(NOON + before))
        expected = sorted(filter(wanted.matches, mine), key=lambda each: each.key, reverse=True)
        assert every(letters, space, wanted, limit) == expected


class TestRedrives:
    @pytest.fixture(params=["dynamodb", "memory"])
    def redrives(self, request, table, clock):
        return MemoryRedrives(clock) if request.param == "memory" else DynamoRedrives(table.name, clock.time)

    def redrive(self, space, unique="a", now=NOON):
        return Redrive.start(space, unique, LetterFilter("s", "t", 5, 7), now)

    def test_what_was_saved_can_be_read_back(self, redrives, space):
        started = self.redrive(space)
        assert redrives.save(started)
        assert redrives.get(space, started.id) == started
        later = started.after(3, {"why": 2}, "below", NOON + 1.5)
        assert redrives.save(later)
        assert redrives.get(space, started.id) == later
        assert redrives.get(f"{space}x", started.id) is None

    def test_of_two_that_do_the_same_slice_one_counts(self, redrives, space):
        started = self.redrive(space)
        assert redrives.save(started)
        assert redrives.save(first := started.after(3, {}, "below", NOON))
        assert not redrives.save(started.after(1, {}, "below", NOON))
        assert not redrives.save(started)
        assert redrives.get(space, started.id) == first

    def test_what_was_forgotten_does_not_come_back(self, redrives, space):
        started = self.redrive(space)
        redrives.save(started)
        redrives.delete(started)
        assert not redrives.save(started.after(1, {}, "", NOON))
        assert redrives.get(space, started.id) is None

    def test_the_latest_are_known(self, redrives, space):
        started = [self.redrive(space, str(number), NOON + number) for number in range(5)]
        for each in started:
            redrives.save(each)
        assert redrives.latest(space, 3) == started[:1:-1]
        assert redrives.latest(f"{space}x", 3) == []

    def test_what_has_expired_is_gone(self, redrives, space, clock):
        redrives.save(started := self.redrive(space))
        clock.now = NOON + KEPT_SECONDS
        assert redrives.get(space, started.id) is None

    def test_an_answer_that_was_lost_makes_nobody_a_loser(self, table, space, emulator, monkeypatch):
        """The SDK puts a row twice if an answer was lost; the second time its own row is in the way."""
        redrives, started = DynamoRedrives(table.name), self.redrive(space)
        save = redrives._rows.save

        def save_twice(row, condition):
            save(row, condition)
            return save(row, condition)

        monkeypatch.setattr(redrives._rows, "save", save_twice)
        assert redrives.save(started)
        assert redrives.save(started.after(1, {}, "", NOON))
        assert not redrives.save(started.after(2, {}, "", NOON))
