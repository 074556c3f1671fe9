"""Fan-out: one event on its way to many async subscribers of a space, as one queue message that a worker splits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from eventgateway.core.delivery import Delivery, write
from eventgateway.core.json import JsonObject, JsonValue

KIND = "fan-out"
MOST_TARGETS = 1000
TARGETS_LIMIT = 512 * 1024  # bytes; beside it a message has room for an event of EVENT_LIMIT
EVENT_LIMIT = 16 * 1024  # bytes; a larger event is not copied into so many messages


@dataclass(frozen=True, slots=True)
class FanOut:
    """At least one delivery; all are of one space and event, and none was attempted yet."""

    deliveries: tuple[Delivery, ...]

    @property
    def space(self) -> str:
        """The space of all deliveries."""
        return self.deliveries[0].space

    @property
    def not_before(self) -> float:
        """When all of them are due, in seconds since the epoch."""
        return self.deliveries[0].not_before

    def message(self) -> str:
        """The body of the queue message: the first delivery, and how the others differ from it."""
        first = self.deliveries[0]
        return write(first, first.document() | {"kind": KIND, "targets": [_target(each) for each in self.deliveries]})

    @classmethod
    def restore(cls, document: JsonObject) -> "FanOut":
        """Read what `message` wrote. Raises TypeError, KeyError, ValueError."""
        first, targets = Delivery.restore(document), document["targets"]
        if not isinstance(targets, list) or not targets:
            raise TypeError("targets are no list")
        return cls(tuple(_aimed(first, each) for each in targets))


def fan_outs(deliveries: Sequence[Delivery]) -> Iterator[FanOut]:
    """Deliveries of one space and event in as few fan-outs as have room for them."""
    chunk: list[Delivery] = []
    size = 0
    for each in deliveries:
        length = _size(each)
        if chunk and (len(chunk) == MOST_TARGETS or size + length > TARGETS_LIMIT):
            yield FanOut(tuple(chunk))
            chunk, size = [], 0
        chunk.append(each)
        size += length
    if chunk:
        yield FanOut(tuple(chunk))


def _target(delivery: Delivery) -> JsonValue:
    return [delivery.id, delivery.subscription_id, delivery.function_id, delivery.since]


def _size(delivery: Delivery) -> int:
    """An upper bound of the bytes of a target: ids have no characters that JSON escapes but in receipts, which are short."""
    return 2 * len(delivery.id) + len(delivery.subscription_id) + len(delivery.function_id) + 32


def _aimed(first: Delivery, target: JsonValue) -> Delivery:
    if not isinstance(target, list):
        raise TypeError("a target is no list")
    identifier, subscription, function, since = target
    return replace(first, id=str(identifier), subscription_id=str(subscription), function_id=str(function), since=int(str(since)))
