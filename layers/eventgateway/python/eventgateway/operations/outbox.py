"""What leaves for the delivery queue: large events by reference, many subscribers of one event as one message."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from eventgateway.core.delivery import GROWTH_LIMIT, MESSAGE_LIMIT, Delivery
from eventgateway.core.fan_out import EVENT_LIMIT, fan_outs
from eventgateway.core.message import Message
from eventgateway.core.ports import DeliveryQueue, PayloadStore

MOST_SINGLE = 50  # deliveries of one event and space that go out each by itself
SURELY_FITS = 256 * 1024  # bytes of an event; a message has at most twice as many and the ids


@dataclass(frozen=True, slots=True)
class Outbox:
    """Queues deliveries, in as few messages and calls as can be."""

    queue: DeliveryQueue
    payloads: PayloadStore

    def send(self, deliveries: Sequence[Delivery]) -> None:
        """Queue deliveries; returns when all are safe. Raises Unavailable if any is not."""
        plain = len(deliveries) <= MOST_SINGLE and all(len(each.event) <= SURELY_FITS for each in deliveries)
        self.queue.send(deliveries if plain else list(self._messages(deliveries)))

    def _messages(self, deliveries: Iterable[Delivery]) -> Iterator[Message]:
        for _, group in groupby(deliveries, lambda each: (each.space, each.event_id, each.event_type, each.event)):
            members = list(group)
            is_many = len(members) > MOST_SINGLE
            if is_large(max(members, key=_ids), EVENT_LIMIT if is_many else MESSAGE_LIMIT - GROWTH_LIMIT):
                members = self.stored(members)
            yield from fan_outs(members) if is_many else members

    def stored(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Deliveries of one event, which is put into the payload store. Raises Unavailable."""
        key = self.payloads.put(deliveries[0].space, deliveries[0].event)
        return [each.stored_at(key) for each in deliveries]


def _ids(delivery: Delivery) -> int:
    """The length of what differs between the messages of one event."""
    return len(delivery.subscription_id) + len(delivery.function_id)


def is_large(delivery: Delivery, limit: int) -> bool:
    """Whether the message of a delivery has more bytes than a limit; one whose event is stored already has not."""
    return not delivery.payload and len(delivery.event) > limit // 4 and len(delivery.message().encode()) > limit
