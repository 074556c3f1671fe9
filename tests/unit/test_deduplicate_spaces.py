"""Deduplication in several spaces, beside sync subscribers and authorizers, and what is counted."""

from dataclasses import replace

import pytest

from eventgateway.core.claim import LEASE_SECONDS, State
from eventgateway.core.errors import EventPending, NotAuthorized, Unavailable
from eventgateway.core.event_type import EventType
from eventgateway.core.json import dumps
from eventgateway.core.subscription import Subscription
from eventgateway.operations.deliver import Outcome
from eventgateway.operations.usage import Usage
from tests.fakes import Gateway
from tests.unit.recognising import ACCEPTED, WINDOW, Once, at_write, die, go_away


@pytest.fixture
def once():
    return Once()


class TestSpaces:
    def test_each_space_has_claims_of_its_own(self):
        both = Once("one", "two")
        assert [both.send(), both.send()] == [ACCEPTED, ACCEPTED]
        assert both.spaces_queued == ["one", "two"]

    def test_a_space_without_the_rule_gets_duplicates(self):
        gateway = Once("one")
        gateway.subscribe("async", "f", space="two")
        gateway.send()
        gateway.send()
        assert gateway.spaces_queued == ["one", "two", "two"]

    def test_spaces_that_accepted_the_event_are_left_out_and_the_others_go_on(self):
        gateway = Once("one")
        gateway.send()
        gateway.recognise("two")
        gateway.subscribe("async", "f", space="two")
        assert gateway.send() == ACCEPTED
        assert gateway.spaces_queued == ["one", "two"]

    def test_if_it_is_pending_in_one_space_it_is_queued_in_none_and_claimed_in_none(self):
        gateway = Once("two")
        at_write(gateway, 2, die)
        with pytest.raises(KeyboardInterrupt):
            gateway.send()
        for space in ("one", "zoo"):
            gateway.recognise(space)
            gateway.subscribe("async", "f", space=space)
        gateway.queue.waiting.clear()
        with pytest.raises(EventPending):
            gateway.send()
        assert gateway.queue.waiting == []
        assert gateway.kept("one").leased_until == gateway.clock.now
        assert {space for space, _ in gateway.claims.kept} == {"one", "two"}

    def test_if_the_store_goes_away_between_two_spaces_nothing_is_queued(self):
        gateway = Once("one", "two")
        at_write(gateway, 2, lambda: go_away(gateway))
        with pytest.raises(Unavailable, match="The store of claims"):
            gateway.send()
        assert gateway.queue.waiting == []

    def test_all_spaces_go_to_the_queue_at_once(self):
        gateway = Once("one", "two", "three")
        gateway.subscribe("async", "g", space="four")
        gateway.send()
        assert (gateway.queue.batches, len(gateway.queue.waiting)) == (1, 4)


class TestOthers:
    def test_an_event_with_a_sync_subscriber_is_never_deduplicated(self, once):
        once.subscribe("sync", "g")
        once.journal.clear()
        once.send()
        once.send()
        assert once.journal == ["queue f", "call g"] * 2

    def test_nor_if_that_is_in_another_space(self, once):
        once.subscribe("sync", "g", space="two")
        once.send()
        once.send()
        assert len(once.queue.waiting) == 2
        assert once.claims.kept == {}

    def test_where_the_authorizer_denies_nothing_is_claimed(self):
        gateway = Gateway()
        gateway.function("auth")
        gateway.create(EventType.kind, {"name": "u", "authorizerId": "auth", "deduplicate": {"windowSeconds": WINDOW}})
        gateway.subscribe("async", "f")
        gateway.functions.answer("auth", {"error": {"message": "no"}})
        assert gateway.emit() == ACCEPTED
        assert gateway.claims.kept == {}

    def test_the_authorizer_is_asked_before_and_for_duplicates_too(self):
        gateway = Once("one")
        gateway.function("auth", "two")
        gateway.recognise("two", authorizerId="auth")
        gateway.subscribe("async", "f", space="two")
        gateway.functions.answer("auth", {"authorization": {"principalId": "ada"}})
        gateway.journal.clear()
        gateway.send()
        gateway.send()
        assert gateway.journal[:3] == ["call auth", "pending one", "pending two"]
        assert gateway.journal.count("call auth") == 2
        assert gateway.spaces_queued == ["one", "two"]

    def test_a_denied_sync_subscriber_leaves_no_claim(self, once):
        once.function("auth", "two")
        once.create(EventType.kind, {"name": "u", "authorizerId": "auth"}, "two")
        once.subscribe("sync", "g", space="two")
        once.functions.answer("auth", {"error": {"message": "no"}})
        with pytest.raises(NotAuthorized):
            once.send()
        assert once.claims.kept == {}

    def test_other_event_types_do_not_touch_the_store(self, gateway):
        gateway.subscribe("async", "f")
        gateway.claims.away = True
        assert gateway.emit() == ACCEPTED
        assert gateway.journal == ["queue f"]

    def test_nor_does_an_event_that_nobody_subscribed_to(self, once):
        once.claims.away = True
        assert once.request("POST", "/elsewhere", b"x", event="u") == ACCEPTED


@pytest.fixture
def counted(once):
    """What is counted for the space from here on."""
    store = {}

    class Totals:
        def add(self, space, counts):
            store.update(counts)

    usage = Usage(Totals(), once.clock)
    once.receiver = replace(once.receiver, usage=usage)

    def flush():
        usage.flush()
        return store

    return flush


def test_a_takeover_made_the_only_attempt_at_a_delivery_twice(once):
    """Regression: the row that says an attempt has begun names delivery and acceptance, and a takeover was accepted anew."""
    once.subscribe("async", "g")
    for subscription in once.manager.list(Subscription.kind, "default", {}):
        document = subscription.shown() | {"retry": {"maxAttempts": 1}}
        once.manager.update(Subscription.kind, "default", subscription.id, dumps(document))
    once.send()
    once.claims.kept = {key: replace(claim, state=State.PENDING) for key, claim in once.claims.kept.items()}
    once.clock.advance(LEASE_SECONDS)
    once.send()
    outcomes = [once.deliver_next() for _ in range(4)]
    assert sorted(once.functions.called()) == ["f", "g"]
    assert outcomes.count(Outcome.DEAD) == 2


def test_a_duplicate_is_counted_as_such(once, counted):
    for _ in range(3):
        once.send()
    assert counted() == {"received|custom": 1, "duplicates": 2}
