"""Redrives of all dead letters that match, over fakes."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.dead_letter import DeadLetter, LetterFilter, position
from eventgateway.core.errors import RedriveRefused, Unavailable
from eventgateway.core.instant import LAST
from eventgateway.core.redrive import RedriveSlice
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.operations.dead_letters import MOST_RUNNING, STALLED_SECONDS
from eventgateway.operations.deadline import Deadline
from eventgateway.operations.redrive import NO_EVENT, NO_SUBSCRIPTION, SLICE_LETTERS
from tests.unit.redriving import ALL, AWAY, PLENTY, data, die, run, run_all, with_letters


@pytest.fixture
def dead():
    return with_letters(1)


class TestAll:
    @pytest.mark.parametrize("number", [0, 1, SLICE_LETTERS - 1, SLICE_LETTERS, SLICE_LETTERS + 1, 2 * SLICE_LETTERS + 11])
    def test_all_are_queued_once_newest_first(self, number):
        gateway = with_letters(number)
        done = run_all(gateway, gateway.office.start("default", ALL))
        assert data(gateway) == list(range(number))[::-1]
        assert gateway.dead_letters.letters == []
        assert (done.redriven, done.skipped, done.is_running) == (number, {}, False)
        assert done.slices == number // SLICE_LETTERS + 1

    def test_only_what_matches(self):
        gateway = with_letters(5)
        at = [int(each.delivery.accepted_at) * 1_000_000 for each in gateway.dead_letters.letters]
        done = run_all(gateway, gateway.office.start("default", LetterFilter(gateway.subscription.id, "u", at[1], at[4])))
        assert data(gateway) == [3, 2, 1]
        assert len(gateway.dead_letters.letters) == 2
        assert run_all(gateway, gateway.office.start("default", LetterFilter("nobody"))).redriven == 0
        assert done.shown()["matched"] == 3

    def test_what_cannot_be_queued_is_skipped_with_its_reason_and_stays(self):
        gateway = with_letters(3)
        first, second, _ = gateway.dead_letters.letters
        lost = replace(second, delivery=second.delivery.stored_at("default/lost"))
        orphan = replace(first, delivery=replace(first.delivery, subscription_id="gone"))
        gateway.dead_letters.letters[:2] = [orphan, lost]
        done = run_all(gateway, gateway.office.start("default", ALL))
        assert (done.redriven, done.skipped) == (1, {NO_SUBSCRIPTION: 1, NO_EVENT: 1})
        assert gateway.dead_letters.letters == [orphan, lost]
        assert done.shown()["skipped"] == 2

    def test_what_dies_again_meanwhile_is_not_redriven_again(self, monkeypatch):
        gateway = with_letters(2 * SLICE_LETTERS)
        started, send, deaths = gateway.office.start("default", ALL), gateway.queue.send, []

        def send_and_die(messages):
            send(messages)
            for each in messages:
                if not isinstance(each, RedriveSlice):
                    gateway.clock.advance(0.001)
                    die(gateway, each)
                    deaths.append(each)

        monkeypatch.setattr(gateway.queue, "send", send_and_die)
        done = run_all(gateway, started)
        assert done.redriven == len(deaths) == len(gateway.dead_letters.letters) == 2 * SLICE_LETTERS

    def test_a_letter_of_an_older_event_that_dies_meanwhile_is_left_alone(self):
        gateway = with_letters(1)
        gateway.emit(data="late")
        late = gateway.queue.waiting.pop()
        started = gateway.office.start("default", ALL)
        gateway.clock.advance(1)
        die(gateway, late)
        assert run_all(gateway, started).redriven == 1
        assert [each.delivery for each in gateway.dead_letters.letters] == [late.failed(gateway.clock.now, "refused")]

    def test_a_slice_ends_where_its_time_ends(self):
        gateway = with_letters(25)
        started = gateway.office.start("default", ALL)
        run(gateway, Deadline.after(5))
        assert gateway.office.progress("default", started.id).redriven == 10
        assert run_all(gateway, started).redriven == 25

    def test_a_message_that_comes_twice_counts_once_and_its_chain_ends(self):
        gateway = with_letters(2 * SLICE_LETTERS)
        started = gateway.office.start("default", ALL)
        first = gateway.queue.waiting[0]
        run(gateway)
        gateway.runner.run(first, PLENTY)
        assert [each for each in gateway.queue.waiting if isinstance(each, RedriveSlice)] == [RedriveSlice("default", started.id, 1)] * 2
        done = run_all(gateway, started)
        gateway.runner.run(first, PLENTY)
        assert (done.redriven, done.slices) == (2 * SLICE_LETTERS, 3)
        assert sorted(data(gateway)) == list(range(2 * SLICE_LETTERS))

    def test_of_two_that_do_one_slice_at_once_one_counts(self, monkeypatch):
        gateway = with_letters(20)
        started = gateway.office.start("default", ALL)
        [message] = gateway.queue.waiting
        page = gateway.dead_letters.page

        def page_while_the_other_works(*args):
            found = page(*args)
            monkeypatch.setattr(gateway.dead_letters, "page", page)
            gateway.runner.run(message, PLENTY)
            return found

        monkeypatch.setattr(gateway.dead_letters, "page", page_while_the_other_works)
        run(gateway)
        assert gateway.office.progress("default", started.id).redriven == 20
        assert len(data(gateway)) == 40  # delivered twice, counted once
        assert gateway.dead_letters.letters == []

    @pytest.mark.parametrize("sends", range(SLICE_LETTERS // 10 + 1))
    def test_wherever_the_queue_fails_nothing_is_lost(self, sends):
        gateway = with_letters(SLICE_LETTERS + 5)
        started = gateway.office.start("default", ALL)
        message = gateway.queue.waiting.pop()
        gateway.queue.refuse, gateway.queue.patience = AWAY, sends
        with pytest.raises(Unavailable):
            gateway.runner.run(message, PLENTY)
        gateway.queue.refuse = None
        gateway.runner.run(message, PLENTY)
        done = run_all(gateway, started)
        assert sorted(data(gateway)) == list(range(SLICE_LETTERS + 5))
        assert (done.redriven, gateway.dead_letters.letters) == (SLICE_LETTERS + 5, [])

    @given(
        crashes=st.lists(st.sampled_from(["send", "delete", "save"]), max_size=6), after=st.lists(st.integers(0, 9), min_size=6, max_size=6)
    )
    def test_whatever_crashes_every_letter_is_queued_and_none_counts_twice(self, crashes, after):
        gateway = with_letters(45)
        ports = {"send": gateway.queue, "delete": gateway.dead_letters, "save": gateway.redrives}
        started = gateway.office.start("default", ALL)
        for name, calls in zip(crashes, after, strict=False):
            with Crashing(ports[name], name, calls), pytest.MonkeyPatch.context() as monkeypatch:
                monkeypatch.setattr("eventgateway.operations.redrive.SLICE_LETTERS", 20)
                slices = [each for each in gateway.queue.waiting if isinstance(each, RedriveSlice)]
                try:
                    for each in slices:
                        gateway.runner.run(each, PLENTY)
                except RuntimeError:
                    continue
                gateway.queue.waiting = [each for each in gateway.queue.waiting if each not in slices]
        done = run_all(gateway, started)
        assert set(data(gateway)) == set(range(45))
        assert gateway.dead_letters.letters == []
        assert done.redriven <= 45

    def test_the_worker_acknowledges_a_slice_when_the_next_is_safe(self):
        gateway = with_letters(SLICE_LETTERS)
        gateway.office.start("default", ALL)
        record = {"messageId": "m", "receiptHandle": "r", "body": gateway.queue.waiting.pop().message()}
        with ThreadPoolExecutor(1) as pool:
            worker = DeliveryWorker(gateway.deliverer, gateway.queue, pool, gateway.runner)
            gateway.queue.refuse, gateway.queue.patience = AWAY, SLICE_LETTERS // 10
            assert worker.handle({"Records": [record]}, 180) == {"batchItemFailures": [{"itemIdentifier": "m"}]}
            gateway.queue.refuse = None
            assert worker.handle({"Records": [record]}, 180) == {"batchItemFailures": []}
        assert [each.number for each in gateway.queue.waiting if isinstance(each, RedriveSlice)] == [1]
        assert sorted(data(gateway)) == list(range(SLICE_LETTERS))

    def test_a_redrive_that_nobody_knows_is_over(self, dead):
        dead.runner.run(RedriveSlice("default", "unknown", 0), PLENTY)
        assert (dead.queue.waiting, len(dead.dead_letters.letters)) == ([], 1)


class Crashing:
    """A bug, or the end of the process, in a method after some calls."""

    def __init__(self, port, name, calls):
        self.port, self.name, self.calls = port, name, calls

    def __enter__(self):
        method = getattr(self.port, self.name)

        def call(*args):
            self.calls -= 1
            if self.calls < 0:
                raise RuntimeError("crash")
            return method(*args)

        setattr(self.port, self.name, call)

    def __exit__(self, *_):
        delattr(self.port, self.name)


class TestStart:
    def test_if_the_queue_is_away_it_has_not_begun(self, dead):
        dead.queue.refuse = AWAY
        with pytest.raises(Unavailable):
            dead.office.start("default", ALL)
        assert dead.redrives.redrives == {}

    def test_their_number_is_bounded(self, dead):
        for _ in range(MOST_RUNNING):
            dead.office.start("default", ALL)
        with pytest.raises(RedriveRefused, match="10 redrives of the space are running"):
            dead.office.start("default", ALL)
        dead.office.start("other", ALL)
        run(dead)
        dead.office.start("default", ALL)

    def test_one_that_stands_still_for_a_day_keeps_nobody_out(self, dead):
        for _ in range(MOST_RUNNING):
            dead.office.start("default", ALL)
        dead.clock.advance(STALLED_SECONDS)
        assert dead.office.start("default", ALL).is_running

    def test_expired_letters_are_not_redriven(self, dead):
        dead.clock.advance(14 * 86400)
        assert run_all(dead, dead.office.start("default", ALL)).redriven == 0


class TestLooking:
    def test_pages_end_without_a_position(self):
        gateway = with_letters(4)
        first = gateway.office.page("default", ALL, position(LAST), 2)
        second = gateway.office.page("default", ALL, first.before, 2)
        assert [each.delivery.accepted_at for each in [*first.letters, *second.letters]] == sorted(
            (each.delivery.accepted_at for each in gateway.dead_letters.letters), reverse=True
        )
        assert (first.before, second.before) == (first.letters[1].key, "")

    def test_a_name_that_no_space_can_have_is_empty(self, dead):
        """`default#500000` and an hour would be the keys of another partition."""
        dead.dead_letters.letters = [
            DeadLetter(replace(each.delivery, space="default#500000"), each.reason, each.at) for each in dead.dead_letters.letters
        ]
        assert dead.office.page("default#500000", ALL, position(LAST), 2).letters == ()

    def test_the_subscription_is_shown_as_it_is_now(self, dead):
        [letter] = dead.dead_letters.letters
        assert dead.office.subscription(letter) == dead.subscription
        dead.delete(dead.subscription)
        assert dead.office.subscription(letter) is None
