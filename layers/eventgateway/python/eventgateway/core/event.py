"""Events: CloudEvents 0.1 in the original's JSON form (https://github.com/cloudevents/spec/blob/v0.1/spec.md)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from eventgateway.core import limits
from eventgateway.core.document import Failures, Fields
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.event_type import HTTP_REQUEST, is_system
from eventgateway.core.json import JsonObject, JsonValue, dumps
from eventgateway.core.media_type import JSON
from eventgateway.core.uri import is_uri

VERSION = "0.1"
SOURCE = "https://serverless.com/event-gateway/#transformationVersion=0.1"
EXTENSION = "eventgateway"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)
LEAP_SECONDS = (":60", ":61")
NANOSECOND_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Stamp:
    """What makes a new event unique: its id and the time (RFC 3339)."""

    id: str
    time: str


@dataclass(frozen=True, slots=True)
class Event:
    """An event on its way. Empty attributes are left out of its JSON; `data` is always there."""

    type: str
    source: str
    id: str
    version: str = VERSION
    type_version: str = ""
    time: str = ""
    schema_url: str = ""
    extensions: JsonObject | None = None
    content_type: str = ""
    data: JsonValue = None

    @classmethod
    def new(cls, type_: str, data: JsonValue, stamp: Stamp, content_type: str = JSON) -> "Event":
        """An event that the gateway makes itself."""
        extensions: JsonObject = {EXTENSION: {"transformed": "true", "transformation-version": "0.1"}}
        return cls(type_, SOURCE, stamp.id, VERSION, "", stamp.time, "", extensions, content_type, data)

    @classmethod
    def parse(cls, document: Mapping[str, JsonValue]) -> "Event":
        """Read and validate a CloudEvent in structured mode. Raises InvalidRequest."""
        fields = Fields(document)
        event = cls(
            fields.text("eventType"),
            fields.text("source"),
            fields.text("eventID"),
            fields.text("cloudEventsVersion"),
            fields.text("eventTypeVersion"),
            normal_time(fields.text("eventTime")) if document.get("eventTime") is not None else "",
            fields.text("schemaURL"),
            fields.object("extensions"),
            fields.text("contentType"),
            document.get("data"),
        )
        event.validate()
        return event

    def validate(self) -> None:
        """Raise InvalidRequest with one line for every attribute that is missing, wrong or too long."""
        failures = Failures("Event")
        self._check_lengths(failures)
        failures.check("EventType", required=self.type != "")
        failures.check("CloudEventsVersion", required=self.version != "")
        failures.check("Source", uri=is_uri(self.source))
        failures.check("EventID", required=self.id != "")
        if failures.lines:
            raise InvalidRequest("CloudEvent doesn't validate: " + "\n".join(failures.lines.values()))

    def _check_lengths(self, failures: Failures) -> None:
        failures.check_max("EventType", len(self.type), limits.EVENT_TYPE)
        failures.check_max("EventTypeVersion", len(self.type_version), limits.EVENT_VERSION)
        failures.check_max("CloudEventsVersion", len(self.version), limits.EVENT_VERSION)
        failures.check_max("Source", len(self.source), limits.EVENT_URI)
        failures.check_max("EventID", len(self.id), limits.EVENT_ID)
        failures.check_max("SchemaURL", len(self.schema_url), limits.EVENT_URI)
        failures.check_max("ContentType", len(self.content_type), limits.CONTENT_TYPE)
        if self.extensions:
            failures.check_max("Extensions", len(self.extensions), limits.EXTENSIONS, "extensions")
            failures.check_max(
                "Extensions", max(map(len, self.extensions)), limits.EXTENSION_NAME, "characters in the name of an extension"
            )

    @property
    def is_system(self) -> bool:
        """Whether only the gateway may emit it."""
        return is_system(self.type)

    @property
    def is_http_request(self) -> bool:
        """Whether it stands for a raw HTTP request, so that its data has path parameters."""
        return self.type == HTTP_REQUEST and self.source == SOURCE

    def document(self) -> JsonObject:
        """The event as a JSON object."""
        document: JsonObject = {"eventType": self.type}
        if self.type_version:
            document["eventTypeVersion"] = self.type_version
        document["cloudEventsVersion"], document["source"], document["eventID"] = self.version, self.source, self.id
        if self.time:
            document["eventTime"] = self.time
        if self.schema_url:
            document["schemaURL"] = self.schema_url
        if self.extensions:
            document["extensions"] = self.extensions
        if self.content_type:
            document["contentType"] = self.content_type
        document["data"] = self.data
        return document

    def json(self) -> bytes:
        """The event as functions get it."""
        return dumps(self.document())

    def with_params(self, params: Mapping[str, str] | None) -> "Event":
        """The `http.request` event for a function behind a path pattern."""
        if params is None or not isinstance(self.data, dict):
            return self
        return replace(self, data=self.data | {"params": dict(params)})

    def with_authorization(self, authorization: JsonObject) -> "Event":
        """The event with what its authorizer said at `extensions.eventgateway.authorization`; other extensions stay."""
        extensions = self.extensions or {}
        own = extensions.get(EXTENSION)
        own = own if isinstance(own, dict) else {}
        return replace(self, extensions=extensions | {EXTENSION: own | {"authorization": authorization}})


def normal_time(text: str) -> str:
    """A time (RFC 3339) without trailing zeros in its fraction, UTC as `Z`. Raises InvalidRequest."""
    if len(text) > limits.EVENT_TIME:
        raise InvalidRequest(f"parsing time: must have at most {limits.EVENT_TIME} characters")
    match = TIME.fullmatch(text)
    if match is None or not _exists(text[:19]):
        raise InvalidRequest(f'parsing time "{text}": must be RFC 3339, such as 2018-04-05T17:31:00Z')
    fraction = (match[1] or "")[:NANOSECOND_DIGITS].rstrip("0")
    zone = "Z" if match[2] in ("+00:00", "-00:00") else match[2]
    return f"{text[:19]}{'.' if fraction else ''}{fraction}{zone}"


def _exists(text: str) -> bool:
    """Whether there is such a date and time; Python's calendar starts with the year 1, a leap year stands in for 0."""
    try:
        datetime.strptime(text.replace("0000-", "2000-", 1), "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - the zone is checked apart
    except ValueError:
        return False
    return not text.endswith(LEAP_SECONDS)
