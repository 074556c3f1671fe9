"""What a tenant has used, in the document: an operation of the operator API of hosted mode."""

from eventgateway.core.usage import DELIVERIES, DROPPED, DUPLICATES, PROCESSED, RECEIVED, REQUEST_BYTES, REQUESTS, series
from eventgateway.operations.usage_report import MOST_DAYS, OUTCOMES, DayUsage
from eventgateway.web.openapi.parts import TEXT, answer, errors
from eventgateway.web.openapi.rules import Schema
from eventgateway.web.usage_export import FORMATS

COUNT: Schema = {"type": "integer", "minimum": 0}
DAY: Schema = TEXT | {"format": "date"}
EVENTS = (RECEIVED, PROCESSED, DROPPED, DUPLICATES)
COUNTS = {REQUESTS: 1200, REQUEST_BYTES: 345678, RECEIVED: 1190, PROCESSED: 1181, DUPLICATES: 7, series(DELIVERIES, "delivered"): 1160}
EXAMPLE = {
    "tenant": "acme",
    "from": "2026-11-01",
    "to": "2026-11-23",
    "usage": [DayUsage.of("acme-shop", "2026-11-23", COUNTS).shown()],
}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": [*properties]}


DAY_USAGE = _object(
    space=TEXT,
    day=DAY,
    requests=COUNT,
    bytes=COUNT | {"description": "Of the bodies of these requests."},
    events=_object(**dict.fromkeys(EVENTS, COUNT)),
    deliveries=_object(**dict.fromkeys(OUTCOMES, COUNT)) | {"description": "Attempts at async deliveries by their outcome."},
)
SHOWN = _object(**{"tenant": TEXT, "from": DAY, "to": DAY, "usage": {"type": "array", "items": DAY_USAGE}})
PARAMETERS: tuple[Schema, ...] = (
    {"name": "from", "in": "query", "description": "The first day (UTC); without it that of the last one's month.", "schema": DAY},
    {"name": "to", "in": "query", "description": f"The last day, of {MOST_DAYS} at most; without it today.", "schema": DAY},
    {"name": "format", "in": "query", "description": "Counts more than the header `Accept`.", "schema": TEXT | {"enum": [*FORMATS]}},
)


def operation(tag: str) -> Schema:
    """The operation; its path has the parameter `tenant`."""
    used = answer("What was used on each day.", SHOWN, {"example": {"value": EXAMPLE}})
    used["content"]["text/csv"] = {"schema": TEXT}
    return {
        "operationId": "exportUsage",
        "summary": "Export what a tenant has used, by space and day",
        "tags": [tag],
        "security": [{"operatorKey": []}],
        "parameters": [*PARAMETERS],
        "responses": {"200": used} | errors(400, 404),
    }
