"""Async deliveries: call the function, and if that fails try again later or keep a dead letter. Nothing is forgotten."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

from eventgateway.core.dead_letter import DeadLetter
from eventgateway.core.delivery import Delivery
from eventgateway.core.errors import FunctionThrottled, PluginError, ProviderError, Unavailable, UnknownSpace
from eventgateway.core.fan_out import FanOut
from eventgateway.core.function import Function
from eventgateway.core.json import restore
from eventgateway.core.message import Message
from eventgateway.core.ports import Attempts, Clock, DeadLetters
from eventgateway.core.provider import Call, Outbound, Purpose
from eventgateway.core.retry import DEFAULT_RETRY, RetryPolicy, asked_wait
from eventgateway.core.routing import RoutingTable
from eventgateway.core.subscription import Subscription
from eventgateway.core.usage import ALL_SPACES, CUSTOM
from eventgateway.operations.deadline import Deadline
from eventgateway.operations.outbox import Outbox
from eventgateway.operations.plugins import NO_DEADLINE, NO_PLUGINS, Plugins, Reactions
from eventgateway.operations.secrets import NO_SECRETS, Secrets
from eventgateway.operations.spaces import Configuration
from eventgateway.operations.system_events import FunctionCall, SystemEvents, send_afterwards
from eventgateway.operations.usage import NO_USAGE, Usage

log = logging.getLogger(__name__)

T = TypeVar("T")
SUSPENDED_SECONDS = 900.0  # after so long we look again
NO_TARGET = "the subscription or its function no longer exists"
NO_PAYLOAD = "the event is no longer kept"
OUTCOME_UNKNOWN = "outcome unknown: the worker ended during the only attempt"
LEAST_SECONDS = 2.0  # a call that would have less time is left to another invocation
SPLIT_AT_ONCE = 100  # deliveries


class Outcome(Enum):
    """What became of an attempt; after each the message may be acknowledged."""

    DELIVERED = "delivered"
    RETRIED = "retried"
    DEAD = "dead"
    DROPPED = "dropped"  # its space is gone


@dataclass(frozen=True, slots=True)
class Deliverer:
    """Makes one attempt at a delivery. `delivery_seconds` bounds the call of the function."""

    spaces: Configuration
    outbox: Outbox
    dead_letters: DeadLetters
    attempts: Attempts
    outbound: Outbound
    clock: Clock
    retry: RetryPolicy = DEFAULT_RETRY
    delivery_seconds: float = 28.0
    plugins: Plugins = NO_PLUGINS
    usage: Usage = NO_USAGE
    secrets: Secrets = NO_SECRETS

    @property
    def system_events(self) -> SystemEvents:
        """Makes the events about this gateway's own work."""
        return SystemEvents(self.clock, self.usage)

    def wait(self, message: Delivery | FanOut) -> float:
        """Seconds until it may be attempted, or split, 0 for now: it is not due yet, or its space is suspended. Raises Unavailable."""
        try:
            table = self.spaces.routing(message.space)
        except UnknownSpace:
            return 0.0
        first = message.deliveries[0] if isinstance(message, FanOut) else message
        if _is_of_earlier_life(table, first):
            return 0.0
        space = table.spaces.get(message.space)
        suspended = SUSPENDED_SECONDS if space and space.is_suspended else 0.0
        return max(suspended, message.not_before - self.clock.time())

    def split(self, fan_out: FanOut, deadline: Deadline = NO_DEADLINE) -> None:
        """Queue the deliveries of a fan-out one by one. Raises Unavailable if any is not safe: then all must be queued again.

        Raises UnknownSpace, too.
        """
        table = self._table(fan_out.space)
        left = [each for each in fan_out.deliveries if not _is_of_earlier_life(table, each)]
        if len(left) < len(fan_out.deliveries):
            self.drop(fan_out, len(fan_out.deliveries) - len(left))
        for start in range(0, len(left), SPLIT_AT_ONCE):
            check_time(deadline)
            self.outbox.queue.send(left[start : start + SPLIT_AT_ONCE])

    def deliver(self, delivery: Delivery, deadline: Deadline = NO_DEADLINE) -> Outcome:
        """Attempt a delivery that is due; the call ends before the deadline.

        Raises Unavailable where its outcome could not be made safe, or nothing was done: it must come again.
        """
        try:
            table = self._table(delivery.space)
            return self.drop(delivery) if _is_of_earlier_life(table, delivery) else self._counted(delivery, table, deadline)
        except UnknownSpace:
            return self.drop(delivery)

    def drop(self, message: Message, count: int = 1) -> Outcome:
        """Forget a message about a space that was deleted, be there another one with its name by now or not."""
        for _ in range(count):
            self.usage.delivery(ALL_SPACES, Outcome.DROPPED.value)
        about = _trace(message) if isinstance(message, Delivery) else {"kind": type(message).__name__, "space": message.space}
        log.info("message of a deleted space dropped", extra=about | {"count": count})
        return Outcome.DROPPED

    def _counted(self, delivery: Delivery, table: RoutingTable, deadline: Deadline) -> Outcome:
        if delivery.attempt == 1:
            self.usage.waited(delivery.space, self.clock.time() - delivery.accepted_at)
        outcome = self._deliver(delivery, table, deadline)
        self.usage.delivery(delivery.space, outcome.value)
        if outcome is not Outcome.RETRIED and not delivery.is_system:
            self.usage.processed(delivery.space, CUSTOM)
        return outcome

    def _table(self, space: str) -> RoutingTable:
        """That of a space. A name that nobody had a moment ago may be a space by now, so nothing is dropped without a look."""
        try:
            return self.spaces.routing(space)
        except UnknownSpace:
            return self.spaces.latest(space)

    def _deliver(self, delivery: Delivery, table: RoutingTable, deadline: Deadline) -> Outcome:
        target = _target(table, delivery) or _target(table := self.spaces.latest(delivery.space), delivery)
        if target is None:
            return self.bury(delivery, NO_TARGET)
        event = self.outbox.payloads.get(delivery.payload) if delivery.payload else delivery.event
        if event is None:
            return self.bury(delivery, NO_PAYLOAD)
        subscription, function = target
        about = FunctionCall(delivery.space, function.id, delivery.is_system, lambda: restore(event))
        call = Call(event, Purpose.ASYNC, self.delivery_seconds, delivery.event_id, delivery.id, self.clock.time())
        policy = self.retry.given_by(subscription.retry)
        with self.plugins.reactions(self.clock) as reactions:
            return _Attempt(self, table, function, policy, delivery, deadline, reactions).make(call, about)

    def bury(self, delivery: Delivery, reason: str) -> Outcome:
        """Keep a delivery as a dead letter. Raises Unavailable if it is not safe, UnknownSpace if its space was deleted meanwhile."""
        table = self._table(delivery.space)
        if _is_of_earlier_life(table, delivery):
            raise UnknownSpace
        space = table.spaces.get(delivery.space)
        self.dead_letters.put(DeadLetter(delivery, reason, self.clock.time()), space.born if space else 0)
        log.error("delivery given up", extra=_trace(delivery) | {"reason": reason})
        return Outcome.DEAD


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One attempt at a delivery whose subscription is still there."""

    deliverer: Deliverer
    table: RoutingTable
    function: Function
    policy: RetryPolicy
    delivery: Delivery
    deadline: Deadline
    reactions: Reactions

    def make(self, call: Call, about: FunctionCall) -> Outcome:
        """Call the function, tell of it, and see to it that there is another attempt or a dead letter if it failed."""
        try:
            if event := self.reactions.invoking(about):
                call, about = replace(call, payload=event.json(), event_id=event.id), replace(about, event=event.document)
        except PluginError as error:
            return self._failed(error)
        provider = self.deliverer.secrets.opened(self.function)
        if not self._may_begin(about):
            return self.deliverer.bury(self.delivery, OUTCOME_UNKNOWN)
        events, outbox = self.deliverer.system_events, self.deliverer.outbox
        try:
            result = provider.call(self._in_time(call), self.deliverer.outbound)
        except ProviderError as error:
            send_afterwards(outbox, events.invocation_failed(self.table, about, error.message))
            _tell(self.reactions.invocation_failed, about, error.message)
            return self._refused(error)
        send_afterwards(outbox, events.invoked(self.table, about, result))
        _tell(self.reactions.invoked, about, result)
        return Outcome.DELIVERED

    def _may_begin(self, about: FunctionCall) -> bool:
        """Tell what is about to happen. Where there is no second attempt, this one is only made if none began before."""
        if outbox := self.deliverer.system_events.invoking(self.table, about):
            self.deliverer.outbox.send(outbox)
        check_time(self.deadline)
        return self.policy.max_attempts > 1 or self.deliverer.attempts.begin(self.delivery)

    def _in_time(self, call: Call) -> Call:
        """A call that gets what is left now, whatever the steps before it took."""
        return replace(call, timeout=min(call.timeout, self.deadline.remaining()))

    def _refused(self, error: ProviderError) -> Outcome:
        if error.is_final:
            failed = self.delivery.failed(self.deliverer.clock.time(), error.message, error.status)
            return self.deliverer.bury(failed, error.message)
        asked = asked_wait(error.retry_after, self.deliverer.clock.time()) if error.retry_after else 0.0
        return self._failed(error, error.status, asked=asked, throttled=isinstance(error, FunctionThrottled))

    def _failed(self, error: ProviderError | PluginError, status: int = 0, *, asked: float = 0.0, throttled: bool = False) -> Outcome:
        clock = self.deliverer.clock
        now, attempt = clock.time(), self.delivery.attempt
        wait = self.policy.wait(attempt, clock.jitter(), asked=asked, throttled=throttled)
        failed = self.delivery.failed(now, error.message, status)
        end = self.policy.end(attempt, now + wait - self.delivery.accepted_at)
        log.warning("delivery failed", extra=_trace(self.delivery) | {"error": error.log_text, "retryIn": None if end else wait})
        if end:
            return self.deliverer.bury(failed, end)
        self.deliverer.outbox.queue.send_later(failed.at(now + wait), wait)
        return Outcome.RETRIED


def check_time(deadline: Deadline) -> None:
    """Raise Unavailable if too little time is left to begin something."""
    if deadline.remaining() < LEAST_SECONDS:
        raise Unavailable("Too little time is left for a delivery. It comes again.")


def _is_of_earlier_life(table: RoutingTable, delivery: Delivery) -> bool:
    """Whether it was accepted for a space that was deleted, and whose name another one has."""
    space = table.spaces.get(delivery.space)
    return space is not None and delivery.since < space.born


def _target(table: RoutingTable, delivery: Delivery) -> tuple[Subscription, Function] | None:
    """Whom to call, None if the subscription that the event was accepted for is not in the table."""
    space = table.spaces.get(delivery.space)
    subscription = space.subscriptions.get(delivery.subscription_id) if space else None
    if space is None or subscription is None or subscription.since != delivery.since:
        return None
    function = space.functions.get(delivery.function_id)
    return (subscription, function) if function else None


def _tell(tell: Callable[[FunctionCall, T], None], about: FunctionCall, outcome: T) -> None:
    """Let plugins know what has happened already; if one fails, what happened must count all the same."""
    try:
        tell(about, outcome)
    except PluginError as error:
        log.warning("plugin failed behind the call", extra={"error": error.log_text})


def _trace(delivery: Delivery) -> dict[str, object]:
    names = ("id", "space", "function_id", "attempt")
    return {f"delivery_{name}": getattr(delivery, name) for name in names}
