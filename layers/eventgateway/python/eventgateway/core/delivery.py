"""Deliveries: one event on its way to one async subscriber, as a queue message."""

from dataclasses import dataclass, replace
from hashlib import blake2b

from eventgateway.core.event import Event
from eventgateway.core.event_type import is_system
from eventgateway.core.json import JsonObject, JsonValue, dumps, raw
from eventgateway.core.routing import Subscriber
from eventgateway.core.xml_text import escape_json

MESSAGE_VERSION = 1
MESSAGE_LIMIT = 1024 * 1024  # bytes; what SQS takes, alone or as a batch
GROWTH_LIMIT = 64 * 1024  # bytes; what failed attempts may add to a message: 50 at most
ERROR_LENGTH = 200  # characters


@dataclass(frozen=True, slots=True)
class Attempt:
    """A failed attempt: when (seconds since the epoch), why, and the HTTP status that the function answered (0 for none)."""

    at: float
    error: str
    status: int = 0

    def document(self) -> JsonObject:
        """As messages and clients have it."""
        document: JsonObject = {"at": self.at, "error": self.error}
        return document | {"status": self.status} if self.status else document

    @classmethod
    def restore(cls, document: JsonValue) -> "Attempt":
        """Read what `document` wrote. Raises TypeError, KeyError, ValueError."""
        if not isinstance(document, dict):
            raise TypeError("an attempt is an object")
        return cls(float(str(document["at"])), str(document["error"]), int(str(document.get("status", 0))))


@dataclass(frozen=True, slots=True)
class Delivery:
    """`id` stays the same over all attempts; times are seconds since the epoch; `since` is the subscription's.

    `event` is the event's JSON, empty if it lies in the payload store under the key `payload`.
    """

    id: str
    space: str
    subscription_id: str
    function_id: str
    since: int
    event: bytes
    event_id: str
    event_type: str
    accepted_at: float
    payload: str = ""
    failures: tuple[Attempt, ...] = ()
    not_before: float = 0.0

    @property
    def attempt(self) -> int:
        """The number of the next attempt, from 1."""
        return len(self.failures) + 1

    @property
    def is_system(self) -> bool:
        """Whether its event is about this gateway's own work."""
        return is_system(self.event_type)

    def document(self) -> JsonObject:
        """Everything but the event, as JSON."""
        document: JsonObject = {
            "version": MESSAGE_VERSION,
            "id": self.id,
            "space": self.space,
            "subscriptionId": self.subscription_id,
            "functionId": self.function_id,
            "since": self.since,
            "eventId": self.event_id,
            "eventType": self.event_type,
            "acceptedAt": self.accepted_at,
            "attempt": self.attempt,
        }
        if self.failures:
            document["failures"] = [each.document() for each in self.failures]
        if self.not_before:
            document["notBefore"] = self.not_before
        if self.payload:
            document["payload"] = self.payload
        return document

    def message(self) -> str:
        """The body of the queue message."""
        return write(self, self.document())

    @classmethod
    def restore(cls, document: JsonObject) -> "Delivery":
        """Read what `document` wrote, with its event. Raises TypeError, KeyError, ValueError."""
        if document["version"] != MESSAGE_VERSION:
            raise ValueError(f"version {document['version']!r}")
        failures, payload = document.get("failures", []), str(document.get("payload", ""))
        if not isinstance(failures, list):
            raise TypeError("failures are no list")
        return cls(
            id=str(document["id"]),
            space=str(document["space"]),
            subscription_id=str(document["subscriptionId"]),
            function_id=str(document["functionId"]),
            since=int(str(document["since"])),
            event=b"" if payload else dumps(document["event"]),
            event_id=str(document["eventId"]),
            event_type=str(document["eventType"]),
            accepted_at=float(str(document["acceptedAt"])),
            payload=payload,
            failures=tuple(map(Attempt.restore, failures)),
            not_before=float(str(document.get("notBefore", 0))),
        )

    def failed(self, at: float, error: str, status: int = 0) -> "Delivery":
        """The same delivery after one more failed attempt."""
        return replace(self, failures=(*self.failures, Attempt(at, error[:ERROR_LENGTH], status)))

    def at(self, not_before: float) -> "Delivery":
        """The same delivery, due at another time."""
        return replace(self, not_before=not_before)

    def anew(self, accepted_at: float, since: int) -> "Delivery":
        """The same delivery to the same subscription as it is now, as if it was accepted just then."""
        return replace(self, accepted_at=accepted_at, since=since, failures=(), not_before=0.0)

    def stored_at(self, payload: str) -> "Delivery":
        """The same delivery, whose event lies in the payload store."""
        return replace(self, event=b"", payload=payload)


def write(delivery: Delivery, document: JsonObject) -> str:
    """The message of a document about a delivery, with the event where it is not stored elsewhere."""
    content: dict[str, object] = {**document} if delivery.payload else {**document, "event": raw(delivery.event)}
    return escape_json(dumps(content).decode())


def deliveries(subscribers: list[Subscriber], event: Event, receipt: str, now: float) -> list[Delivery]:
    """One delivery for each subscriber; ids follow from `receipt`, which is unique for each time an event is accepted."""
    payload = event.json() if subscribers else b""
    return [
        Delivery(
            f"{receipt}-{_digest(each)}",
            each.space.name,
            each.subscription.id,
            each.subscription.function_id,
            each.subscription.since,
            payload,
            event.id,
            event.type,
            now,
        )
        for each in subscribers
    ]


def _digest(subscriber: Subscriber) -> str:
    return blake2b(f"{subscriber.space.name}/{subscriber.subscription.id}".encode(), digest_size=6).hexdigest()
