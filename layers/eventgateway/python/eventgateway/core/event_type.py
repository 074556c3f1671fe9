"""Event types: which events a space knows, and who authorizes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from eventgateway.core import limits
from eventgateway.core.document import Failures, Fields
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.resource import Kind, without_empty

HTTP_REQUEST = "http.request"
SYSTEM_PREFIX = "eventgateway."
LONGEST_WINDOW = 7 * 86400  # seconds


@dataclass(frozen=True, slots=True)
class Deduplication:
    """So long an event of a type is recognised: one with the same source and id is accepted and not delivered again."""

    window_seconds: int

    @classmethod
    def restore(cls, document: Mapping[str, JsonValue] | None) -> "Deduplication | None":
        """Read a part of a document of an event type."""
        return None if document is None else cls(Fields(document).whole("windowSeconds"))

    def check(self, failures: Failures) -> None:
        """Note a window that is missing, below a second or over a week."""
        window = self.window_seconds
        failures.check("Deduplicate.WindowSeconds", required=window != 0, min=window >= 1, max=window <= LONGEST_WINDOW)

    def document(self) -> JsonObject:
        """As it is kept and shown."""
        return {"windowSeconds": self.window_seconds}


@dataclass(frozen=True, slots=True)
class EventType:
    """A registered event type. `authorizer_id` names a function of the same space that is asked before delivery."""

    kind: ClassVar[Kind] = Kind("eventtypes", "eventTypes", "eventtype", "name", "Event Type")

    space: str
    name: str
    authorizer_id: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    deduplicate: Deduplication | None = None

    @property
    def id(self) -> str:
        """The name is the id."""
        return self.name

    @classmethod
    def parse(cls, space: str, document: Mapping[str, JsonValue], name: str | None = None) -> "EventType":
        """Read a document of the Config API; an update gives the `name` of the URL. Raises InvalidRequest."""
        try:
            event_type = cls.restore(space, document, name)
            event_type.validate()
        except InvalidRequest as error:
            raise cls.kind.invalid(error) from error
        return event_type

    @classmethod
    def restore(cls, space: str, document: Mapping[str, JsonValue], name: str | None = None) -> "EventType":
        """Read a stored document, which was valid when it was stored."""
        fields = Fields(document)
        own_name = fields.text("name")
        authorizer = fields.text("authorizerId") if document.get("authorizerId") is not None else None
        deduplicate = Deduplication.restore(fields.object("deduplicate"))
        return cls(space, own_name if name is None else name, authorizer, fields.metadata(), deduplicate)

    def validate(self) -> None:
        """Raise InvalidRequest with one line for every field that is missing or wrong."""
        failures = Failures("Type")
        failures.check_space(self.space)
        failures.check("Name", required=self.name != "")
        failures.check_max("Name", len(self.name), limits.NAME)
        failures.check_max("AuthorizerID", len(self.authorizer_id or ""), limits.NAME)
        failures.check_metadata(self.metadata)
        if self.deduplicate is not None:
            self.deduplicate.check(failures)
        failures.raise_if_any()

    def stored(self) -> JsonObject:
        """The document as it is kept."""
        document: JsonObject = {"space": self.space, "name": self.name, "metadata": dict(self.metadata)}
        if self.authorizer_id is not None:
            document["authorizerId"] = self.authorizer_id
        if self.deduplicate is not None:
            document["deduplicate"] = self.deduplicate.document()
        return without_empty(document, "metadata")

    def shown(self) -> JsonObject:
        """There are no secrets."""
        return self.stored()


def is_system(event_type: str) -> bool:
    """Whether only the gateway may emit events of this type."""
    return event_type.startswith(SYSTEM_PREFIX)
