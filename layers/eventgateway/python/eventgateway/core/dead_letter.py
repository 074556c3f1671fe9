"""Dead letters: deliveries that were given up, and which of them somebody wants to see.

The key of a letter begins with the instant of acceptance, in as many digits as any: keys are in the order of time.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eventgateway.core.delivery import Attempt, Delivery
from eventgateway.core.document import Fields
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.instant import LAST, microseconds, parse, show
from eventgateway.core.json import JsonObject, JsonValue, dumps, raw, restore
from eventgateway.core.resource import Kind

KIND = Kind("deadletters", "deadLetters", "deadletter", "id", "Dead letter")
KEPT_SECONDS = 14 * 86400
HOUR = 3_600_000_000  # microseconds
KEY_LIMIT = 1024  # bytes; what DynamoDB takes as a sort key
POSITION = re.compile(r"\d{16}(#.+)?", re.ASCII | re.DOTALL)  # a key, or an instant: all keys from then on are greater


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A delivery that was given up, why, and when (seconds since the epoch)."""

    delivery: Delivery
    reason: str
    at: float

    @property
    def key(self) -> str:
        """Its own for each time that the delivery was accepted: one that was queued anew and dies again is another letter."""
        return f"{position(microseconds(self.delivery.accepted_at))}#{self.delivery.id}"

    @property
    def id(self) -> str:
        """How clients name it."""
        return letter_id(self.key)

    @property
    def expires_at(self) -> int:
        """From then on (seconds since the epoch) there is no such letter."""
        return int(self.at) + KEPT_SECONDS

    def stored(self) -> str:
        """The document as it is kept."""
        return dumps({"reason": self.reason, "at": self.at, "delivery": raw(self.delivery.message().encode())}).decode()

    @classmethod
    def restore(cls, text: str) -> "DeadLetter":
        """Read what `stored` wrote. Raises TypeError, KeyError, ValueError."""
        document = restore(text)
        if not isinstance(document, dict) or not isinstance(delivery := document["delivery"], dict):
            raise TypeError("a dead letter is an object with a delivery")
        return cls(Delivery.restore(delivery), str(document["reason"]), float(str(document["at"])))

    def summary(self) -> JsonObject:
        """What lists show: everything but event and attempts."""
        delivery = self.delivery
        document: JsonObject = {
            "id": self.id,
            "space": delivery.space,
            "deliveryId": delivery.id,
            "subscriptionId": delivery.subscription_id,
            "functionId": delivery.function_id,
            "eventType": delivery.event_type,
            "eventId": delivery.event_id,
            "acceptedAt": show(microseconds(delivery.accepted_at)),
            "diedAt": show(microseconds(self.at)),
            "reason": self.reason,
            "attemptCount": len(delivery.failures),
        }
        for last in delivery.failures[-1:]:
            document |= {"lastError": last.error} | ({"lastStatus": last.status} if last.status else {})
        return document

    def document(self) -> JsonObject:
        """Everything but the event."""
        return self.summary() | {"attempts": [_shown(each) for each in self.delivery.failures]}


def _shown(attempt: Attempt) -> JsonObject:
    return attempt.document() | {"at": show(microseconds(attempt.at))}


def position(instant: int) -> str:
    """What all keys of letters that were accepted at an instant or later are greater than."""
    return f"{instant:016}"


def hour(key: str) -> int:
    """The hour since the epoch in which the letter of a key was accepted; or that of a position."""
    return int(key[:16]) // HOUR


def letter_id(key: str) -> str:
    """How clients name the letter of a key: unpadded URL-safe base64."""
    return urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def read_id(identifier: str) -> str | None:
    """The key of an id, None for what cannot be one."""
    try:
        key = urlsafe_b64decode(identifier + "=" * (-len(identifier) % 4)).decode()
    except ValueError:
        return None
    return key if is_position(key) and "#" in key and letter_id(key) == identifier else None


def is_position(text: str) -> bool:
    """Whether a text could be a key, or the position of an instant."""
    return POSITION.fullmatch(text) is not None and len(text.encode()) <= KEY_LIMIT


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """Letters of a subscription, of an event type (empty: of any), accepted from an instant on and before another."""

    subscription_id: str = ""
    event_type: str = ""
    accepted_after: int = 0
    accepted_before: int = LAST

    @classmethod
    def restore(cls, document: Mapping[str, JsonValue]) -> "LetterFilter":
        """Read what `document` wrote, or what a client asks for. Raises InvalidRequest."""
        fields = Fields(document)
        after, before = _instant(fields, "acceptedAfter", 0), _instant(fields, "acceptedBefore", LAST)
        return cls(fields.text("subscription"), fields.text("type"), after, before)

    def document(self) -> JsonObject:
        """What is not left open."""
        document: JsonObject = {}
        if self.subscription_id:
            document["subscription"] = self.subscription_id
        if self.event_type:
            document["type"] = self.event_type
        if self.accepted_after:
            document["acceptedAfter"] = show(self.accepted_after)
        if self.accepted_before < LAST:
            document["acceptedBefore"] = show(self.accepted_before)
        return document

    def matches(self, letter: DeadLetter) -> bool:
        """Whether a letter is wanted."""
        delivery = letter.delivery
        return (
            self.subscription_id in ("", delivery.subscription_id)
            and self.event_type in ("", delivery.event_type)
            and self.accepted_after <= microseconds(delivery.accepted_at) < self.accepted_before
        )


@dataclass(frozen=True, slots=True)
class LetterPage:
    """Letters with falling keys, and the position below which there may be more; it is empty where there are none."""

    letters: Sequence[DeadLetter]
    before: str


def _instant(fields: Fields, name: str, default: int) -> int:
    text = fields.text(name)
    try:
        return parse(text) if text else default
    except (ValueError, InvalidRequest) as error:
        raise InvalidRequest(f"The parameter {name!r} must be a time (RFC 3339), such as 2026-11-23T12:00:00Z.") from error
