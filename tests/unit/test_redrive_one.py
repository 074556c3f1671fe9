"""One dead letter queued anew, over fakes."""

from dataclasses import replace

import pytest

from eventgateway.core.dead_letter import letter_id, position
from eventgateway.core.errors import FunctionUnreachable, NotFound, Unavailable
from eventgateway.operations.deliver import Outcome
from eventgateway.operations.redrive import NO_EVENT, NO_FUNCTION, NO_SUBSCRIPTION
from tests.unit.redriving import AWAY, die, refuses, stored, with_letters


@pytest.fixture
def dead():
    return with_letters(1)


class TestOne:
    def test_it_is_queued_as_if_it_was_accepted_now(self, dead):
        [letter] = dead.dead_letters.letters
        dead.office.redrive("default", letter.id)
        [delivery] = dead.queue.waiting
        assert delivery == replace(letter.delivery, accepted_at=dead.clock.now, failures=())
        assert (delivery.attempt, dead.dead_letters.letters) == (1, [])
        assert dead.deliver_next() is Outcome.DELIVERED

    def test_its_age_starts_anew(self, dead):
        dead.clock.advance(10 * 86400)
        dead.office.redrive("default", dead.dead_letters.letters[0].id)
        dead.functions.answers["f"] = FunctionUnreachable("refused")
        assert dead.deliver_next() is Outcome.RETRIED

    def test_what_may_be_made_once_only_is_made_once_more(self, dead):
        [letter] = dead.dead_letters.letters
        document = b'{"type":"async","eventType":"u","functionId":"f","path":"/","retry":{"maxAttempts":1}}'
        dead.manager.update(dead.subscription.kind, "default", dead.subscription.id, document)
        dead.spaces.expire()
        assert dead.attempts.begin(letter.delivery)
        dead.office.redrive("default", letter.id)
        assert dead.deliver_next() is Outcome.DELIVERED

    def test_it_goes_to_the_subscription_that_was_made_anew(self, dead):
        dead.delete(dead.subscription)
        dead.subscribe("async", "f")
        dead.office.redrive("default", dead.dead_letters.letters[0].id)
        assert dead.deliver_next() is Outcome.DELIVERED

    def test_without_a_subscription_nothing_is_changed(self, dead):
        dead.delete(dead.subscription)
        refuses(dead, NO_SUBSCRIPTION)

    def test_without_a_function_nothing_is_changed(self, dead):
        dead.manager.spaces.current("default").functions.pop("f")
        refuses(dead, NO_FUNCTION)

    def test_without_its_event_nothing_is_changed(self, dead):
        stored(dead)
        dead.payloads.events.clear()
        refuses(dead, NO_EVENT)

    def test_an_event_in_the_payload_store_lives_anew_there(self, dead):
        event = stored(dead)
        put = []
        dead.payloads.put, store = lambda *args: put.append(args) or store(*args), dead.payloads.put
        dead.office.redrive("default", dead.dead_letters.letters[0].id)
        assert put == [("default", event)]
        assert dead.deliver_next() is Outcome.DELIVERED

    @pytest.mark.parametrize("away", ["queue", "payloads", "letters", "config"])
    def test_if_anything_is_away_the_letter_stays(self, dead, away):
        stored(dead)
        [letter] = dead.dead_letters.letters
        dead.queue.refuse = AWAY if away == "queue" else None
        dead.payloads.away, dead.dead_letters.away, dead.store.away = away == "payloads", away == "letters", away == "config"
        with pytest.raises(Unavailable):
            dead.office.redrive("default", letter.id)
        assert (dead.dead_letters.letters, dead.queue.waiting) == ([letter], [])

    def test_it_is_forgotten_only_when_the_queue_has_confirmed(self, dead, monkeypatch):
        [letter] = dead.dead_letters.letters
        monkeypatch.setattr(dead.dead_letters, "delete", lambda *_: (_ for _ in ()).throw(AWAY))
        with pytest.raises(Unavailable):
            dead.office.redrive("default", letter.id)
        assert (dead.dead_letters.letters, len(dead.queue.waiting)) == ([letter], 1)

    def test_one_that_dies_again_at_once_is_kept(self, dead, monkeypatch):
        """It may die between the confirmation of the queue and the end of its old letter."""
        [letter] = dead.dead_letters.letters
        send = dead.queue.send
        monkeypatch.setattr(dead.queue, "send", lambda messages: send(messages) or die(dead, messages[0]))
        dead.office.redrive("default", letter.id)
        assert [each.delivery.accepted_at for each in dead.dead_letters.letters] == [dead.clock.now]

    @pytest.mark.parametrize("space", ["default", "other", "default#500000", ""])
    def test_what_is_not_there_is_not_found(self, dead, space):
        for identifier in ("redrive", "%", letter_id(f"{position(5)}#x")):
            for ask in (dead.office.get, dead.office.delete, dead.office.redrive, dead.office.progress):
                with pytest.raises(NotFound, match="not found"):
                    ask(space, identifier)
