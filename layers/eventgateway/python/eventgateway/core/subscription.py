"""Subscriptions: which function gets which event, and how."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import quote

from eventgateway.core import limits
from eventgateway.core.document import Failures, Fields, is_name
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.resource import Kind, without_empty
from eventgateway.core.retry import Retry

SYNC, ASYNC = "sync", "async"
UNESCAPED = "$&+:=@"  # besides letters, digits and "-._~": what Go's url.PathEscape leaves alone


def upper(method: str) -> str:
    """A method in upper case; other alphabets have letters that would become ASCII."""
    return method.upper() if method.isascii() else method


def escape_path(path: str) -> str:
    """A path as one segment of an id: percent-encoded, slashes included (RFC 3986, section 2)."""
    return quote(path, safe=UNESCAPED)


@dataclass(frozen=True, slots=True)
class Subscription:
    """Calls `function_id` for events of a type at (method, path). `path` is a pattern if `type` is sync.

    `since` is the version of the space that created it: what was accepted for an earlier one with the same id is not its business.
    """

    kind: ClassVar[Kind] = Kind("subscriptions", "subscriptions", "subscription", "subscriptionId", "Subscription")
    fixed: ClassVar[Mapping[str, str]] = {
        "type": "Type", "event_type": "EventType", "function_id": "FunctionID", "path": "Path", "method": "Method",
    }  # fmt: skip

    space: str
    type: str
    event_type: str
    function_id: str
    path: str = "/"
    method: str = "POST"
    metadata: dict[str, str] = field(default_factory=dict)
    since: int = 0
    retry: Retry | None = None

    @property
    def id(self) -> str:
        """Unpadded URL-safe base64 of what makes a subscription unique; for sync ones the function does not count."""
        function = "" if self.is_sync else f"{self.function_id},"
        raw = f"{self.type},{self.event_type},{function}{escape_path(self.path)},{self.method}"
        return urlsafe_b64encode(raw.encode()).rstrip(b"=").decode()

    @property
    def is_sync(self) -> bool:
        """Whether the function answers the caller."""
        return self.type == SYNC

    @classmethod
    def parse(cls, space: str, document: Mapping[str, JsonValue]) -> "Subscription":
        """Read a document of the Config API. Raises InvalidRequest."""
        try:
            subscription = cls.restore(space, {**document, "since": None})
            subscription.validate()
        except InvalidRequest as error:
            raise cls.kind.invalid(error) from error
        return subscription

    @classmethod
    def restore(cls, space: str, document: Mapping[str, JsonValue]) -> "Subscription":
        """Read a stored document, which was valid when it was stored."""
        fields = Fields(document)
        path, method = fields.text("path"), fields.text("method") or "POST"
        path = path if path.startswith("/") else f"/{path}"
        type_, event_type, function_id = fields.text("type"), fields.text("eventType"), fields.text("functionId")
        since, retry = fields.whole("since"), Retry.restore(fields.object("retry"))
        return cls(space, type_, event_type, function_id, path, upper(method), fields.metadata(), since, retry)

    def validate(self) -> None:
        """Raise InvalidRequest with one line for every field that is missing or wrong."""
        failures = Failures("Subscription")
        failures.check_space(self.space)
        if not self.type:
            failures.check("Type", required=False)
        else:
            failures.check_tag("Type", "eq=async|eq=sync", holds=self.type in (ASYNC, SYNC))
        failures.check_max("EventType", len(self.event_type), limits.NAME)
        failures.check("EventType", required=self.event_type != "", eventType=is_name(self.event_type))
        failures.check_max("FunctionID", len(self.function_id), limits.NAME)
        failures.check("FunctionID", required=self.function_id != "")
        failures.check_path(self.path)
        failures.check_method(self.method)
        failures.check_metadata(self.metadata)
        failures.raise_if_any()
        if self.is_sync and self.retry:
            raise InvalidRequest("retry is for async subscriptions: the caller of a sync one tries again by itself")

    def check_update_of(self, old: "Subscription") -> None:
        """Only metadata and retry may change. Raises InvalidUpdate."""
        for name, label in self.fixed.items():
            if getattr(self, name) != getattr(old, name):
                raise self.kind.fixed(label)

    def stored(self) -> JsonObject:
        """The document as it is kept."""
        return self.shown() | {"since": self.since}

    def shown(self) -> JsonObject:
        """The document as clients see it."""
        document: JsonObject = {
            "space": self.space,
            "subscriptionId": self.id,
            "type": self.type,
            "eventType": self.event_type,
            "functionId": self.function_id,
            "path": self.path,
            "method": self.method,
            "metadata": dict(self.metadata),
            "retry": self.retry.document() if self.retry else None,
        }
        return without_empty(document, "metadata", "retry")
