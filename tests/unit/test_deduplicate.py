"""Events of types with `deduplicate`: what is queued, answered and kept when they come again."""

import json
from dataclasses import replace

import pytest

from eventgateway.core.claim import LEASE_SECONDS, State
from eventgateway.core.errors import EventPending, PayloadTooLarge, Unavailable
from eventgateway.core.event_type import EventType
from eventgateway.core.json import dumps
from eventgateway.operations.deduplicate import ROUNDS
from eventgateway.web.events_api import EventsApi
from tests.unit.recognising import ACCEPTED, QUEUE_AWAY, RECEIVED, WINDOW, Once, at_write, die, go_away


@pytest.fixture
def once():
    return Once()


class TestAgain:
    def test_an_event_is_claimed_queued_and_accepted(self, once):
        once.journal.clear()
        assert once.send() == ACCEPTED
        assert once.journal == ["pending default", "queue f", "accepted default"]
        assert once.kept().state is State.ACCEPTED

    def test_a_duplicate_is_accepted_and_not_queued(self, once):
        once.send(data="first")
        assert once.send(data="second") == ACCEPTED
        assert [event["data"] for event in once.queue.events("f")] == ["first"]

    @pytest.mark.parametrize("other", [{"id_": "2"}, {"source": "/you"}, {"type_": "v"}])
    def test_another_id_source_or_type_is_another_event(self, once, other):
        once.create(EventType.kind, {"name": "v", "deduplicate": {"windowSeconds": WINDOW}})
        once.subscribe("async", "f", "v")
        once.send()
        once.send(**other)
        assert len(once.queue.waiting) == 2

    def test_after_the_window_it_is_a_new_event(self, once):
        once.send()
        once.clock.advance(WINDOW - 1)
        once.send()
        assert len(once.queue.waiting) == 1
        once.clock.advance(1)
        assert once.send() == ACCEPTED
        first, second = once.ids
        assert first != second

    def test_a_duplicate_causes_no_system_event(self, once):
        once.subscribe("async", "s", RECEIVED)
        once.send()
        once.send()
        assert len(once.queue.events("s")) == 1

    def test_events_that_the_gateway_makes_are_all_different(self, once):
        once.emit("u")
        once.emit("u")
        assert len(once.queue.waiting) == 2

    def test_the_rule_of_an_event_type_can_be_removed_and_come_back(self, once):
        once.send()
        for document in ({}, {"deduplicate": {"windowSeconds": 1}}):
            once.manager.update(EventType.kind, "default", "u", dumps(document))
            once.spaces.expire()
            once.send()
        assert len(once.queue.waiting) == 2


class TestPending:
    @pytest.fixture
    def dead(self, once):
        """An event that was queued by a router which then ended."""
        at_write(once, 2, die)
        with pytest.raises(KeyboardInterrupt):
            once.send()
        assert once.kept().state is State.PENDING
        return once

    @pytest.mark.parametrize(("seconds", "wait"), [(0, 30), (29, 1), (29.5, 1), (10.5, 20)])
    def test_within_the_lease_a_duplicate_has_to_wait(self, dead, seconds, wait):
        dead.clock.advance(seconds)
        with pytest.raises(EventPending) as refused:
            dead.send()
        assert refused.value.retry_after == wait
        assert len(dead.queue.waiting) == 1

    def test_the_answer_is_409_and_says_when_to_try_again(self, dead):
        document = {"eventType": "u", "cloudEventsVersion": "0.1", "source": "/me", "eventID": "1"}
        headers = {"content-type": "application/cloudevents+json"}
        http = {"requestContext": {"http": {"method": "POST"}}, "rawPath": "/", "headers": headers, "body": json.dumps(document)}
        answer = EventsApi(dead.receiver).handle(http)
        assert (answer["statusCode"], answer["headers"]["retry-after"]) == (409, "30")
        assert json.loads(answer["body"]) == {"errors": [{"message": "The event is being accepted already. Please try again."}]}

    def test_after_the_lease_it_is_sent_again_with_the_same_delivery_ids(self, dead):
        dead.clock.advance(LEASE_SECONDS)
        assert dead.send() == ACCEPTED
        first, second = dead.ids
        assert first == second
        assert dead.send() == ACCEPTED
        assert len(dead.queue.waiting) == 2

    def test_of_two_that_take_over_the_other_has_to_wait(self, dead):
        dead.clock.advance(LEASE_SECONDS)
        rival = replace(dead.kept(), owner="rival", leased_until=dead.clock.now + LEASE_SECONDS)
        at_write(dead, 2, lambda: dead.claims.replace(dead.kept(), rival))
        with pytest.raises(EventPending) as refused:
            dead.send()
        assert refused.value.retry_after == LEASE_SECONDS
        assert len(dead.queue.waiting) == 1
        assert dead.kept() == rival

    def test_one_that_loses_every_round_has_to_wait(self, dead):
        dead.clock.advance(LEASE_SECONDS)
        rivals = [replace(dead.kept(), owner=f"rival {number}") for number in range(2 * ROUNDS)]
        dead.claims.rivals = [lambda rival=rival: dead.claims.kept.update({(rival.space, rival.fingerprint): rival}) for rival in rivals]
        with pytest.raises(EventPending) as refused:
            dead.send()
        assert refused.value.retry_after == 1
        assert dead.kept() == rivals[-1]

    def test_a_claim_that_vanishes_between_write_and_read_is_no_obstacle(self, dead):
        """DynamoDB deletes what has expired at any time."""
        find = dead.claims.find

        def delete_and_find(space, fingerprint):
            dead.claims.kept.clear()
            return find(space, fingerprint)

        dead.claims.find = delete_and_find
        assert dead.send() == ACCEPTED
        assert dead.kept().state is State.ACCEPTED

    def test_one_that_was_overtaken_answers_and_leaves_its_successor_alone(self, once, logged):
        """It was slower than its lease; the successor sends the same ids again."""

        def overtake():
            once.claims.kept = {key: replace(claim, owner="rival") for key, claim in once.claims.kept.items()}

        at_write(once, 2, overtake)
        assert once.send() == ACCEPTED
        assert (once.kept().owner, once.kept().state) == ("rival", State.PENDING)
        assert "event was accepted, but its claim stays pending" in logged.text


class TestRefused:
    @pytest.mark.parametrize("error", [QUEUE_AWAY, PayloadTooLarge("too large"), RuntimeError("a bug")])
    def test_what_the_queue_refused_can_be_tried_again_at_once(self, once, error):
        once.queue.refuse = error
        with pytest.raises(type(error)):
            once.send()
        once.queue.refuse = None
        assert once.send() == ACCEPTED
        assert len(once.queue.waiting) == 1

    def test_what_the_queue_took_all_the_same_has_the_same_delivery_id(self, once):
        """The answer of SQS was lost, or only some batches were confirmed."""
        send = once.queue.send

        def send_and_refuse(deliveries):
            send(deliveries)
            raise QUEUE_AWAY

        once.queue.send = send_and_refuse
        with pytest.raises(Unavailable):
            once.send()
        once.queue.send = send
        once.send()
        first, second = once.ids
        assert first == second

    def test_a_claim_that_cannot_be_given_back_is_leased_and_the_error_is_that_of_the_queue(self, once, logged):
        once.queue.refuse = QUEUE_AWAY
        at_write(once, 2, lambda: go_away(once))
        with pytest.raises(Unavailable, match="The delivery queue"):
            once.send()
        assert "claim of a refused event stays until its lease ends" in logged.text
        once.queue.refuse, once.claims.away = None, False
        with pytest.raises(EventPending):
            once.send()

    def test_without_the_store_of_claims_nothing_is_queued(self, once):
        once.claims.away = True
        with pytest.raises(Unavailable, match="The store of claims"):
            once.send()
        assert once.queue.waiting == []

    def test_an_acceptance_that_is_lost_does_not_change_the_answer(self, once, logged):
        at_write(once, 2, lambda: go_away(once))
        assert once.send() == ACCEPTED
        assert "event was accepted, but its claim stays pending" in logged.text
        once.claims.away = False
        once.clock.advance(LEASE_SECONDS)
        once.send()
        first, second = once.ids
        assert first == second
