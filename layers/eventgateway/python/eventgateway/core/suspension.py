"""Suspensions: a space whose events are refused, and whose queued deliveries wait."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from eventgateway.core.document import Failures, Fields
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.resource import Kind, without_empty
from eventgateway.core.single import Single

REASON_LENGTH = 1000  # characters


@dataclass(frozen=True, slots=True)
class Suspension(Single):
    """There is one for a space that is suspended, none for others. `reason` is for people."""

    kind: ClassVar[Kind] = Kind("suspension", "suspensions", "suspension", "space", "Suspension")

    reason: str = ""

    @classmethod
    def restore(cls, space: str, document: Mapping[str, JsonValue]) -> "Suspension":
        """Read a stored document, which was valid when it was stored."""
        return cls(space, Fields(document).text("reason"))

    def validate(self) -> None:
        """Raise InvalidRequest if the space can have no name like this, or the reason is too long."""
        failures = Failures("Suspension")
        failures.check_space(self.space)
        failures.raise_if_any()
        if len(self.reason) > REASON_LENGTH:
            raise InvalidRequest(f"reason has at most {REASON_LENGTH} characters")

    def stored(self) -> JsonObject:
        """The document as it is kept."""
        document: JsonObject = {"space": self.space, "reason": self.reason}
        return without_empty(document, "reason")
