"""What the operations of the Config API share: parameters, and errors with their answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from eventgateway.core import limits
from eventgateway.core.document import SPACE_MIN_LENGTH
from eventgateway.core.errors import AccessRefused
from eventgateway.core.function import Function
from eventgateway.web.config_api import BODY_LIMIT
from eventgateway.web.openapi.rules import NAME_PATTERN, Schema
from eventgateway.web.paging import ANSWER_LIMIT, PAGE_LIMIT, WRONG_LIMIT

JSON = "application/json"
TEXT: Schema = {"type": "string"}
SPACE: Schema = {"name": "space", "in": "path", "required": True}
PARAMETERS: Mapping[str, Schema] = {
    "space": SPACE
    | {
        "description": "Name of the space.",
        "schema": TEXT | {"minLength": SPACE_MIN_LENGTH, "maxLength": limits.NAME, "pattern": NAME_PATTERN},
    },
    "anySpace": SPACE
    | {
        "description": "Name of the space. One that cannot be is empty.",
        "schema": TEXT | {"minLength": 1, "maxLength": limits.NAME},
    },
    "metadata": {
        "name": "metadata",
        "in": "query",
        "description": "Labels that the resources must have, each as a parameter of its own: `metadata.<key>=<value>`.",
        "style": "form",
        "explode": True,
        "schema": {"type": "object", "additionalProperties": TEXT, "maxProperties": limits.LIST_PARAMETERS},
        "examples": {"one": {"value": {"metadata.team": "accounts"}}},
    },
    "limit": {
        "name": "limit",
        "in": "query",
        "description": "Answer a page of so many resources at most, ordered by id. Without `limit` and `cursor` all are answered, "
        f"but with 400 if they have more than {ANSWER_LIMIT} bytes.",
        "schema": {"type": "integer", "minimum": 1, "maximum": PAGE_LIMIT},
    },
    "cursor": {
        "name": "cursor",
        "in": "query",
        "description": f"The `cursor` of the page before. Without `limit` the next page has up to {PAGE_LIMIT} resources.",
        "schema": TEXT | {"pattern": "^[A-Za-z0-9_-]+$", "maxLength": limits.CURSOR},
    },
}


REFUSED = AccessRefused().message
AWAY = "The configuration is not available. Please try again."


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is an error; API Gateway may give it by itself, in its own words, if it `is_shared`."""

    name: str
    status: int
    description: str
    example: str
    is_shared: bool = False


FAILURES = (
    Failure("BadRequest", 400, "What was sent cannot be accepted; the message says why.", WRONG_LIMIT),
    Failure("KeyMissing", 401, "The gateway wants a key, and there is none in the request.", REFUSED),
    Failure("AccessRefused", 403, "The key is not for this; or the space is suspended, and the message says so.", REFUSED),
    Failure("NotFound", 404, "There is no such resource, or no such route.", Function.kind.not_found("users").message),
    Failure("MethodNotAllowed", 405, "The path has no such method; `Allow` names those it has.", "Method not allowed. Use GET or POST."),
    Failure(
        "Conflict",
        409,
        "There is a resource with this id already, or what is there rules it out; the message says why.",
        Function.kind.already_exists("users").message,
    ),
    Failure("TooLarge", 413, "The body is too large.", f"The document has 200000 bytes, the limit is {BODY_LIMIT}.", is_shared=True),
    Failure(
        "LimitExceeded",
        429,
        "A limit is reached; the message says which.",
        f"{Function.kind.label} cannot be created because this space may have 1000 of them.",
        is_shared=True,
    ),
    Failure("InternalError", 500, "A bug of the gateway.", "Internal error. Please try again.", is_shared=True),
    Failure("Unavailable", 503, "Something is away. Try again later.", AWAY, is_shared=True),
)
HEADERS: Mapping[int, Schema] = {
    401: {"WWW-Authenticate": {"required": True, "schema": TEXT}},
    405: {"Allow": {"required": True, "schema": TEXT}},
    429: {"Retry-After": {"description": "Seconds. Answers of API Gateway itself have none.", "schema": {"type": "integer"}}},
    503: {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
}
SECURITY: Mapping[str, Schema] = {
    "operatorKey": {"type": "http", "scheme": "bearer", "description": "Of a gateway that has an operator key: for everything."},
    "accessKey": {"type": "http", "scheme": "bearer", "description": "Of a tenant, in hosted mode: for its own spaces."},
}
ERROR_SCHEMAS: dict[str, Schema] = {
    "Errors": {
        "type": "object",
        "properties": {"errors": {"type": "array", "minItems": 1, "items": {"type": "object", "properties": {"message": TEXT}}}},
        "required": ["errors"],
    },
    "GatewayError": {
        "description": "An answer of API Gateway itself.",
        "type": "object",
        "properties": {"message": TEXT},
        "required": ["message"],
    },
}


def responses() -> Schema:
    """All errors by name."""
    return {each.name: _response(each) for each in FAILURES}


def errors(*statuses: int) -> Schema:
    """The errors of an operation that wants the key, and those that each operation has."""
    return open_errors(401, 403, *statuses)


def open_errors(*statuses: int) -> Schema:
    """The errors of an operation that wants no key, and those that each operation has."""
    everywhere = (405, 500, 503)
    return {str(each.status): {"$ref": f"#/components/responses/{each.name}"} for each in FAILURES if each.status in statuses + everywhere}


def answer(description: str, schema: Schema, examples: Schema) -> Schema:
    """A JSON answer."""
    return {"description": description, "content": {JSON: {"schema": schema, "examples": examples}}}


def _response(failure: Failure) -> Schema:
    ours = {"$ref": "#/components/schemas/Errors"}
    schema = {"oneOf": [ours, {"$ref": "#/components/schemas/GatewayError"}]} if failure.is_shared else ours
    example = {"message": {"value": {"errors": [{"message": failure.example}]}}}
    headers = {"headers": HEADERS[failure.status]} if failure.status in HEADERS else {}
    return answer(failure.description, schema, example) | headers
