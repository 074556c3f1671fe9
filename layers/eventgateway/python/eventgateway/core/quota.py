"""Quotas: how much of everything a space may use."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from eventgateway.core.document import Failures, Fields
from eventgateway.core.errors import InvalidRequest, LimitExceeded
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.resource import Kind
from eventgateway.core.single import Single

MOST_PER_SECOND = 1_000_000  # a token of the rate is a microsecond or more
MOST = 2**53 - 1  # what JSON numbers hold everywhere, RFC 8259, section 6
NAMES = {
    "requests_per_second": "requestsPerSecond",
    "burst": "burst",
    "events_per_day": "eventsPerDay",
    "bytes_per_day": "bytesPerDay",
    "resources": "resources",
}  # of the fields in documents
WAIT_FOR_ROOM = 3600  # seconds; nobody knows when somebody deletes something


@dataclass(frozen=True, slots=True)
class Quota(Single):
    """There is one for a space with limits of its own. 0 is the gateway's default, and among the defaults no limit.

    Requests are those to the Events API, bytes those of their bodies, resources those of one kind, days those of UTC.
    """

    kind: ClassVar[Kind] = Kind("quota", "quotas", "quota", "space", "Quota")

    requests_per_second: int = 0
    burst: int = 0
    events_per_day: int = 0
    bytes_per_day: int = 0
    resources: int = 0

    @property
    def limits_events(self) -> bool:
        """Whether there is any limit that events can reach."""
        return bool(self.requests_per_second or self.events_per_day or self.bytes_per_day)

    @classmethod
    def read(cls, space: str, document: Mapping[str, JsonValue]) -> "Quota":
        """See `Single`: a limit that is misspelt would be none."""
        if unknown := sorted(document.keys() - {"space", *NAMES.values()}):
            raise InvalidRequest(f"there is no limit {unknown[0]!r}; those there are: {', '.join(NAMES.values())}")
        return cls.restore(space, document)

    @classmethod
    def restore(cls, space: str, document: Mapping[str, JsonValue]) -> "Quota":
        """Read a stored document, which was valid when it was stored."""
        given = Fields(document)
        return cls(space, **{name: given.whole(key) for name, key in NAMES.items()})

    def validate(self) -> None:
        """Raise InvalidRequest if the space can have no name like this, or a limit is out of range."""
        failures = Failures("Quota")
        failures.check_space(self.space)
        failures.raise_if_any()
        for name, key in NAMES.items():
            most = MOST_PER_SECOND if name == "requests_per_second" else MOST
            if not 0 <= getattr(self, name) <= most:
                raise InvalidRequest(f"{key} must be at least 0 and at most {most}")

    def over(self, defaults: "Quota") -> "Quota":
        """The limits in force. A rate that has no burst may be used up at once, a second's worth of it."""
        limits = {name: getattr(self, name) or getattr(defaults, name) for name in NAMES}
        limits["burst"] = limits["burst"] or limits["requests_per_second"]
        return Quota(self.space, **limits)

    def check_room(self, kind: Kind, present: int) -> None:
        """Raise LimitExceeded if a space has all resources of a kind that it may have; `self` is in force."""
        if self.resources and present >= self.resources:
            raise LimitExceeded(
                f"{kind.label} cannot be created because this space may have {self.resources} of them. "
                "Delete one that is not in use, or ask the operator of the gateway for a higher limit.",
                WAIT_FOR_ROOM,
            )

    def stored(self) -> JsonObject:
        """The document as it is kept: its own limits."""
        return {"space": self.space} | {key: value for name, key in NAMES.items() if (value := getattr(self, name))}

    def shown(self) -> JsonObject:
        """All limits; in a quota that is in force 0 is no limit."""
        return {"space": self.space} | {key: getattr(self, name) for name, key in NAMES.items()}


NO_LIMITS = Quota("")
