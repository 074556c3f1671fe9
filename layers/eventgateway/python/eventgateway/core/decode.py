"""HTTP requests as events: the four ways in which the Events API reads a request."""

from base64 import b64encode
from collections.abc import Callable

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.event import Event, Stamp, normal_time
from eventgateway.core.event_type import HTTP_REQUEST
from eventgateway.core.http_request import HttpRequest, canonical_name
from eventgateway.core.json import JsonError, JsonObject, JsonValue, loads
from eventgateway.core.media_type import CLOUDEVENT, FORMS, OCTET_STREAM, is_json, media_type

REQUIRED = ("ce-eventtype", "ce-cloudeventsversion", "ce-source", "ce-eventid")
EXTENSION_PREFIX = "ce-x-"


def decode(request: HttpRequest, stamp: Callable[[], Stamp]) -> Event:
    """The event a request stands for; `stamp` is called for those that the gateway makes. Raises InvalidRequest."""
    type_ = media_type(request.header("content-type"))
    if type_ == CLOUDEVENT:
        return structured(request.body)
    if all(request.header(name) for name in REQUIRED):
        return binary(request, type_)
    if request.header("event"):
        return legacy(request, type_, stamp)
    return Event.new(HTTP_REQUEST, request.data(body_value(type_, request.body)), stamp())


def structured(body: bytes) -> Event:
    """A CloudEvent as one JSON object."""
    try:
        document = loads(body)
    except JsonError as error:
        message = "unexpected end of JSON input" if error.empty or error.truncated else str(error)
        raise InvalidRequest(message) from error
    if document is not None and not isinstance(document, dict):
        raise InvalidRequest("json: a CloudEvent must be an object")
    return Event.parse(document or {})


def binary(request: HttpRequest, type_: str) -> Event:
    """A CloudEvent with its attributes in headers and the body as data."""
    event = Event(
        request.header("ce-eventtype"),
        request.header("ce-source"),
        request.header("ce-eventid"),
        request.header("ce-cloudeventsversion"),
        request.header("ce-eventtypeversion"),
        normal_time(time) if (time := request.header("ce-eventtime")) else "",
        request.header("ce-schemaurl"),
        _extensions(request),
        request.header("content-type"),
        body_value(type_, request.body),
    )
    event.validate()
    return event


def legacy(request: HttpRequest, type_: str, stamp: Callable[[], Stamp]) -> Event:
    """An event named by the `Event` header; a body that is a valid CloudEvent counts more than the header."""
    if is_json(type_):
        try:
            return structured(request.body)
        except InvalidRequest:
            pass
    return Event.new(request.header("event"), body_value(type_, request.body), stamp(), type_ or OCTET_STREAM)


def body_value(type_: str, body: bytes) -> JsonValue:
    """A body as JSON value: parsed if it is JSON, a string if it is a form or empty, else base64."""
    if not body:
        return ""
    if is_json(type_):
        try:
            return loads(body)
        except JsonError:
            pass
    if type_ in FORMS:
        return body.decode("utf-8", "replace")
    return b64encode(body).decode()


def _extensions(request: HttpRequest) -> JsonObject:
    names = (name for name in request.headers if name.startswith(EXTENSION_PREFIX))
    return {_extension_name(name): request.headers[name] for name in names}


def _extension_name(header: str) -> str:
    name = canonical_name(header)[len(EXTENSION_PREFIX) :]
    return name[:1].lower() + name[1:]
