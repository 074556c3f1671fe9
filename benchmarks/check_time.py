"""What the check of limits takes beside the whole way of an event through the router, both without AWS."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import process_time

from benchmarks.memory_leases import MemoryLeases
from eventgateway.clock import SystemClock
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.message import Message
from eventgateway.core.quota import NO_LIMITS, Quota
from eventgateway.core.routing import RoutingTable
from eventgateway.core.space import Space
from eventgateway.core.subscription import Subscription
from eventgateway.operations.limiter import Limiter
from eventgateway.operations.outbox import Outbox
from eventgateway.operations.receive import Receiver
from eventgateway.operations.spaces import Spaces
from eventgateway.operations.usage import Usage
from eventgateway.outbound import Network
from eventgateway.providers import load
from eventgateway.storage.claims import DynamoClaims
from eventgateway.storage.dynamodb import DynamoConfigStore
from eventgateway.storage.payloads import S3Payloads
from eventgateway.web.events_api import EventsApi

REPEATS, ROUNDS = 5_000, 5
HIGH = Quota("default", 1_000_000, 1_000_000, 10**12, 10**15)  # so high that leases last


@dataclass(frozen=True, slots=True)
class Nowhere:
    """Implements `DeliveryQueue` and `UsageStore` by forgetting."""

    def send(self, messages: Sequence[Message]) -> None:
        """See `DeliveryQueue`. What the real queue sends is made."""
        for each in messages:
            each.message()

    def send_later(self, message: Message, seconds: float) -> None:
        """See `DeliveryQueue`."""

    def backlog(self) -> int:
        """See `DeliveryQueue`."""
        return 0

    def add(self, space: str, counts: Mapping[str, float]) -> bool:
        """See `UsageStore`."""
        return bool(space or counts)

    def add_to_day(self, space: str, day: str, counts: Mapping[str, float]) -> None:
        """See `UsageStore`."""

    def days(self, space: str, first: str, last: str) -> list[tuple[str, dict[str, float]]]:
        """See `UsageStore`."""
        raise NotImplementedError

    def totals(self, space: str) -> dict[str, float]:
        """See `UsageStore`."""
        raise NotImplementedError


def measured() -> tuple[float, float]:
    """Microseconds of CPU: one check, and the way of one event with one async subscriber through the router, without a check."""
    space = Space("default")
    space.put(EventType("default", "user.created"))
    space.put(Function.parse("default", {"functionId": "f", "type": "http", "provider": {"url": "http://host/f"}}, load(), None))
    space.put(Subscription("default", "async", "user.created", "f"))
    space.put(HIGH)
    table = RoutingTable()
    table.replace(space)
    clock, usage = SystemClock(), Usage(Nowhere(), SystemClock(), by_day=True)
    known = Spaces(DynamoConfigStore("none"), load(), clock, ttl=float("inf"), table=table, checked_at=clock.time())
    outbox = Outbox(Nowhere(), S3Payloads("none"))
    api = EventsApi(Receiver(known, outbox, Network(), clock, DynamoClaims("none"), usage=usage))
    limiter = Limiter(MemoryLeases(), clock, NO_LIMITS, usage)
    event = {
        "requestContext": {"http": {"method": "POST"}},
        "rawPath": "/",
        "headers": {"event": "user.created", "content-type": "application/json"},
        "body": json.dumps({"name": "Ada"}),
    }
    assert api.handle(event)["statusCode"] == 202  # noqa: PLR2004, S101 - else something else is measured
    quota = space.single(Quota)
    return _microseconds(lambda: limiter.admit("default", quota, 14)), _microseconds(lambda: api.handle(event))


def _microseconds(call: Callable[[], object]) -> float:
    """Of one call: the best of some rounds."""
    return min(_round(call) for _ in range(ROUNDS))


def _round(call: Callable[[], object]) -> float:
    started = process_time()
    for _ in range(REPEATS):
        call()
    return (process_time() - started) / REPEATS * 1_000_000
