"""Async deliveries: call the function, and if that fails try again later or keep a dead letter. Nothing is forgotten."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

from eventgateway.core.delivery import Delivery
from eventgateway.core.errors import PluginError, ProviderError
from eventgateway.core.function import Function
from eventgateway.core.json import restore
from eventgateway.core.ports import Clock, DeadLetter, DeadLetters, DeliveryQueue
from eventgateway.core.provider import Call, Outbound, Purpose
from eventgateway.core.retry import DEFAULT_RETRY, RetryPolicy
from eventgateway.core.routing import RoutingTable
from eventgateway.core.usage import CUSTOM
from eventgateway.operations.plugins import NO_PLUGINS, Plugins, Reactions
from eventgateway.operations.secrets import NO_SECRETS, Secrets
from eventgateway.operations.spaces import Spaces
from eventgateway.operations.system_events import FunctionCall, SystemEvents, send_afterwards
from eventgateway.operations.usage import NO_USAGE, Usage

log = logging.getLogger(__name__)

T = TypeVar("T")


class Outcome(Enum):
    """What became of an attempt; after each the message may be acknowledged."""

    DELIVERED = "delivered"
    RETRIED = "retried"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Deliverer:
    """Makes one attempt at a delivery. `delivery_seconds` bounds the call of the function."""

    spaces: Spaces
    queue: DeliveryQueue
    dead_letters: DeadLetters
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

    def early_by(self, delivery: Delivery) -> float:
        """Seconds until the delivery is due, 0 if it is."""
        return max(0.0, delivery.not_before - self.clock.time())

    def deliver(self, delivery: Delivery) -> Outcome:
        """Attempt a delivery that is due. Raises Unavailable where its outcome could not be made safe: it must come again."""
        if delivery.attempt == 1:
            self.usage.waited(delivery.space, self.clock.time() - delivery.accepted_at)
        outcome = self._deliver(delivery)
        self.usage.delivery(delivery.space, outcome.value)
        if outcome is not Outcome.RETRIED and not delivery.is_system:
            self.usage.processed(delivery.space, CUSTOM)
        return outcome

    def _deliver(self, delivery: Delivery) -> Outcome:
        table = self.spaces.routing()
        function = _function(table, delivery) or _function(table := self.spaces.latest(), delivery)
        if function is None:
            return self._bury(delivery, "the subscription or its function no longer exists")
        about = FunctionCall(delivery.space, function.id, delivery.is_system, lambda: restore(delivery.event))
        with self.plugins.reactions(self.clock) as reactions:
            return self._attempt(table, function, delivery, about, reactions)

    def _attempt(self, table: RoutingTable, function: Function, delivery: Delivery, about: FunctionCall, reactions: Reactions) -> Outcome:
        call = Call(delivery.event, Purpose.ASYNC, self.delivery_seconds, delivery.event_id, delivery.id, self.clock.time())
        try:
            if event := reactions.invoking(about):
                call, about = replace(call, payload=event.json(), event_id=event.id), replace(about, event=event.document)
        except PluginError as error:
            return self._failed(delivery, error)
        try:
            result = self._call(table, function, call, about)
        except ProviderError as error:
            send_afterwards(self.queue, self.system_events.invocation_failed(table, about, error.message))
            _tell(reactions.invocation_failed, about, error.message)
            return self._failed(delivery, error)
        send_afterwards(self.queue, self.system_events.invoked(table, about, result))
        _tell(reactions.invoked, about, result)
        return Outcome.DELIVERED

    def _call(self, table: RoutingTable, function: Function, call: Call, about: FunctionCall) -> bytes:
        provider = self.secrets.opened(function)
        if outbox := self.system_events.invoking(table, about):
            self.queue.send(outbox)
        return provider.call(call, self.outbound)

    def _failed(self, delivery: Delivery, error: ProviderError | PluginError) -> Outcome:
        now = self.clock.time()
        wait = self.retry.wait(delivery.attempt, now - delivery.accepted_at, self.clock.jitter())
        log.warning("delivery failed", extra=_trace(delivery) | {"error": error.message, "retryIn": wait})
        if wait is None:
            return self._bury(delivery, error.message)
        self.queue.send_later(delivery.next_attempt(now + wait), wait)
        return Outcome.RETRIED

    def _bury(self, delivery: Delivery, reason: str) -> Outcome:
        self.dead_letters.put(DeadLetter(delivery, reason, self.clock.time()))
        log.error("delivery given up", extra=_trace(delivery) | {"reason": reason})
        return Outcome.DEAD


def _function(table: RoutingTable, delivery: Delivery) -> Function | None:
    """The function to call, None if the subscription that the event was accepted for is not in the table."""
    space = table.spaces.get(delivery.space)
    subscription = space.subscriptions.get(delivery.subscription_id) if space else None
    if space is None or subscription is None or subscription.since != delivery.since:
        return None
    return space.functions.get(delivery.function_id)


def _tell(tell: Callable[[FunctionCall, T], None], about: FunctionCall, outcome: T) -> None:
    """Let plugins know what has happened already; if one fails, what happened must count all the same."""
    try:
        tell(about, outcome)
    except PluginError as error:
        log.warning("plugin failed behind the call", extra={"error": error.message})


def _trace(delivery: Delivery) -> dict[str, object]:
    names = ("id", "space", "function_id", "attempt")
    return {f"delivery_{name}": getattr(delivery, name) for name in names}
