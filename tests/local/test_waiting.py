"""Messages are in one place each, whatever is done to them."""

from unittest.mock import patch

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from moto.sqs.models import Message

from local.waiting import WaitingMessages

SECONDS = st.integers(min_value=0, max_value=5)


class Waiting(RuleBasedStateMachine):
    """Against a model that asks every message for its times. The clock counts milliseconds and stands still otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000.0
        self.clock = patch("local.waiting.unix_time_millis", lambda: self.now)
        self.theirs = patch("moto.sqs.models.unix_time_millis", lambda: self.now)
        self.clock.start()
        self.theirs.start()
        self.waiting = WaitingMessages()
        self.model: dict[str, Message] = {}
        self.number = 0

    def teardown(self) -> None:
        self.clock.stop()
        self.theirs.stop()

    @rule(delay=SECONDS)
    def send(self, delay: int) -> None:
        self.number += 1
        message = Message(f"m{self.number}", "body")
        message.mark_sent(delay)
        self.model[message.id] = message
        self.waiting.place(message)

    @rule(limit=st.integers(min_value=1, max_value=3), seconds=SECONDS)
    def receive(self, limit: int, seconds: int) -> None:
        received = self.waiting.ready(limit)
        assert len(received) == min(limit, len(self.ready()))
        for message in received:
            assert message.id in self.ready()
            message.mark_received(seconds)
            self.waiting.place(message)

    @rule(choice=st.randoms(use_true_random=False), seconds=SECONDS)
    def change_visibility(self, choice, seconds: int) -> None:
        if handles := self.handles():
            message = self.waiting.of_handle(choice.choice(handles))
            message.change_visibility(seconds)
            self.waiting.place(message)

    @rule(choice=st.randoms(use_true_random=False))
    def delete(self, choice) -> None:
        if handles := self.handles():
            message = self.waiting.of_handle(choice.choice(handles))
            self.waiting.remove(message)
            del self.model[message.id]

    @rule(seconds=SECONDS)
    def wait(self, seconds: int) -> None:
        self.now += seconds * 1000 + 1

    @invariant()
    def everything_is_where_it_belongs(self) -> None:
        delayed = sum(each.delayed_until > self.now for each in self.model.values() if each.visible_at < self.now)
        invisible = sum(each.visible_at >= self.now for each in self.model.values())
        assert self.waiting.counts == (len(self.ready()), delayed, invisible)
        assert {each.id for each in self.waiting.ready()} == self.ready()
        assert [each.id for each in self.waiting] == list(self.model)

    def ready(self) -> set[str]:
        return {each.id for each in self.model.values() if each.visible_at < self.now and each.delayed_until <= self.now}

    def handles(self) -> list[str]:
        return [handle for each in self.model.values() for handle in each.all_receipt_handles if handle]


TestWaiting = Waiting.TestCase


@pytest.fixture
def waiting() -> WaitingMessages:
    return WaitingMessages()


def test_the_longest_ready_comes_first(waiting):
    for name in ("b", "a", "c"):
        waiting.place(Message(name, ""))
    assert [each.id for each in waiting.ready(2)] == ["b", "a"]


def test_handles_of_a_removed_message_are_forgotten(waiting):
    message = Message("a", "")
    waiting.place(message)
    message.mark_received(10)
    waiting.place(message)
    waiting.remove(message)
    assert waiting.of_handle(message.receipt_handle) is None
    assert list(waiting) == []
