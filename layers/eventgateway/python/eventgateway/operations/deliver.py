"""Async deliveries: call the function, and if that fails try again later or keep a dead letter. Nothing is forgotten."""

import logging
from dataclasses import dataclass
from enum import Enum

from eventgateway.core.delivery import Delivery
from eventgateway.core.errors import ProviderError
from eventgateway.core.function import Function
from eventgateway.core.json import loads
from eventgateway.core.ports import Clock, DeadLetter, DeadLetters, DeliveryQueue
from eventgateway.core.provider import Call, Outbound, Purpose
from eventgateway.core.retry import DEFAULT_RETRY, RetryPolicy
from eventgateway.core.routing import RoutingTable
from eventgateway.operations.spaces import Spaces
from eventgateway.operations.system_events import FunctionCall, SystemEvents, send_afterwards

log = logging.getLogger(__name__)


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

    def early_by(self, delivery: Delivery) -> float:
        """Seconds until the delivery is due, 0 if it is."""
        return max(0.0, delivery.not_before - self.clock.time())

    def deliver(self, delivery: Delivery) -> Outcome:
        """Attempt a delivery that is due. Raises Unavailable where its outcome could not be made safe: it must come again."""
        table = self.spaces.routing()
        function = self._function(table, delivery)
        if function is None:
            return self._bury(delivery, "the subscription or its function no longer exists")
        about = FunctionCall(delivery.space, function.id, delivery.is_system, lambda: loads(delivery.event))
        try:
            result = self._call(table, function, delivery, about)
        except ProviderError as error:
            return self._failed(table, delivery, about, error)
        send_afterwards(self.queue, SystemEvents(self.clock).invoked(table, about, result))
        return Outcome.DELIVERED

    def _function(self, table: RoutingTable, delivery: Delivery) -> Function | None:
        space = table.spaces.get(delivery.space)
        if space is None or delivery.subscription_id not in space.subscriptions:
            return None
        return space.functions.get(delivery.function_id)

    def _call(self, table: RoutingTable, function: Function, delivery: Delivery, about: FunctionCall) -> bytes:
        if outbox := SystemEvents(self.clock).invoking(table, about):
            self.queue.send(outbox)
        call = Call(delivery.event, Purpose.ASYNC, self.delivery_seconds, delivery.event_id, delivery.id)
        return function.provider.call(call, self.outbound)

    def _failed(self, table: RoutingTable, delivery: Delivery, about: FunctionCall, error: ProviderError) -> Outcome:
        send_afterwards(self.queue, SystemEvents(self.clock).invocation_failed(table, about, error.message))
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


def _trace(delivery: Delivery) -> dict[str, object]:
    names = ("id", "space", "function_id", "attempt")
    return {f"delivery_{name}": getattr(delivery, name) for name in names}
