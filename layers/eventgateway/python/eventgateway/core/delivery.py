"""Deliveries: one event on its way to one async subscriber, as a queue message."""

from dataclasses import dataclass, replace
from hashlib import blake2b

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.event import Event
from eventgateway.core.json import JsonError, JsonObject, dumps, raw, restore
from eventgateway.core.routing import Subscriber
from eventgateway.core.xml_text import escape_json

MESSAGE_VERSION = 1
MESSAGE_LIMIT = 1024 * 1024  # bytes; what SQS takes, alone or as a batch


@dataclass(frozen=True, slots=True)
class Delivery:
    """`id` stays the same over all attempts; `attempt` counts from 1; times are seconds since the epoch; `since` is the subscription's."""

    id: str
    space: str
    subscription_id: str
    function_id: str
    since: int
    event: bytes
    event_id: str
    is_system: bool
    accepted_at: float
    attempt: int = 1
    not_before: float = 0.0

    def message(self) -> str:
        """The body of the queue message."""
        head: JsonObject = {
            "version": MESSAGE_VERSION,
            "id": self.id,
            "space": self.space,
            "subscriptionId": self.subscription_id,
            "functionId": self.function_id,
            "since": self.since,
            "eventId": self.event_id,
            "isSystem": self.is_system,
            "acceptedAt": self.accepted_at,
            "attempt": self.attempt,
            "notBefore": self.not_before,
        }
        return escape_json(dumps(head | {"event": raw(self.event)}).decode())

    @classmethod
    def parse(cls, message: str) -> "Delivery":
        """Read a queue message. Raises InvalidRequest for one we did not write."""
        try:
            document = restore(message)
            return cls._restore(document if isinstance(document, dict) else {})
        except (JsonError, KeyError, TypeError, ValueError) as error:
            raise InvalidRequest(f"not a delivery message: {error}") from error

    @classmethod
    def _restore(cls, document: JsonObject) -> "Delivery":
        if document["version"] != MESSAGE_VERSION:
            raise ValueError(f"version {document['version']!r}")
        return cls(
            id=str(document["id"]),
            space=str(document["space"]),
            subscription_id=str(document["subscriptionId"]),
            function_id=str(document["functionId"]),
            since=int(str(document["since"])),
            event=dumps(document["event"]),
            event_id=str(document["eventId"]),
            is_system=bool(document["isSystem"]),
            accepted_at=float(str(document["acceptedAt"])),
            attempt=int(str(document["attempt"])),
            not_before=float(str(document["notBefore"])),
        )

    def next_attempt(self, not_before: float) -> "Delivery":
        """The same delivery, once more."""
        return replace(self, attempt=self.attempt + 1, not_before=not_before)


def deliveries(subscribers: list[Subscriber], event: Event, receipt: str, now: float) -> list[Delivery]:
    """One delivery for each subscriber; ids follow from `receipt`, which is unique for each time an event is accepted."""
    payload, is_system = event.json() if subscribers else b"", event.is_system
    return [
        Delivery(
            f"{receipt}-{_digest(each)}",
            each.space.name,
            each.subscription.id,
            each.subscription.function_id,
            each.subscription.since,
            payload,
            event.id,
            is_system,
            now,
        )
        for each in subscribers
    ]


def _digest(subscriber: Subscriber) -> str:
    return blake2b(f"{subscriber.space.name}/{subscriber.subscription.id}".encode(), digest_size=6).hexdigest()
