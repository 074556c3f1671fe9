"""The dead letters of a space in the document: their routes, parameters and schemas."""

from collections.abc import Mapping

from eventgateway.core.dead_letter import KIND, DeadLetter, LetterFilter
from eventgateway.core.delivery import Attempt, Delivery
from eventgateway.core.json import JsonObject
from eventgateway.core.redrive import ID, Redrive
from eventgateway.core.subscription import Subscription
from eventgateway.operations.redrive import NO_SUBSCRIPTION
from eventgateway.web.dead_letters_api import GONE, SHOWN, TOO_LARGE, USUAL_LIMIT
from eventgateway.web.openapi.parts import TEXT, answer, errors
from eventgateway.web.openapi.rules import EXAMPLES, Schema
from eventgateway.web.paging import PAGE_LIMIT

TAG = "dead letters"
BASE = f"/v1/spaces/{{space}}/{KIND.path}"
TIME: Schema = {"type": "string", "format": "date-time"}
COUNT: Schema = {"type": "integer", "minimum": 0}
STATUS: Schema = {"type": "integer", "description": "HTTP status that the function answered; missing if there was none."}
FILTERS: Mapping[str, Schema] = {
    "subscription": TEXT | {"minLength": 1, "description": "Id of the subscription."},
    "type": TEXT | {"minLength": 1, "description": "Type of the event."},
    "acceptedAfter": TIME | {"description": "The event was accepted then or later."},
    "acceptedBefore": TIME | {"description": "The event was accepted earlier."},
}
PAGING: tuple[Schema, ...] = (
    {
        "name": "limit",
        "in": "query",
        "description": f"So many letters at most; without it {USUAL_LIMIT}.",
        "schema": {"type": "integer", "minimum": 1, "maximum": PAGE_LIMIT},
    },
    {
        "name": "cursor",
        "in": "query",
        "description": "The `cursor` of the page before.",
        "schema": TEXT | {"pattern": "^[A-Za-z0-9_-]+$"},
    },
)
IDENTIFIER: Schema = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "Id of the dead letter.",
    "schema": TEXT | {"pattern": "^[A-Za-z0-9_-]{24,}$"},
}
REDRIVE_ID: Schema = {"name": "redriveId", "in": "path", "required": True, "schema": TEXT | {"pattern": f"^{ID.pattern}$"}}
SPACE, ANY_SPACE = ({"$ref": f"#/components/parameters/{name}"} for name in ("space", "anySpace"))

SUMMARY: Mapping[str, Schema] = {
    "id": TEXT | {"description": "Another one each time that the delivery is accepted and dies."},
    "space": TEXT,
    "deliveryId": TEXT | {"description": "As HTTP functions get it in `X-Delivery-Id`."},
    "subscriptionId": TEXT,
    "functionId": TEXT,
    "eventType": TEXT,
    "eventId": TEXT,
    "acceptedAt": TIME,
    "diedAt": TIME,
    "reason": TEXT | {"description": "Why there is no further attempt."},
    "attemptCount": COUNT,
    "lastError": TEXT | {"description": "Of the last attempt; missing if there was none."},
    "lastStatus": STATUS,
}
OPTIONAL = {"lastError", "lastStatus"}
ATTEMPT: Schema = {"type": "object", "properties": {"at": TIME, "error": TEXT, "status": STATUS}, "required": ["at", "error"]}
FULL: Mapping[str, Schema] = {
    **SUMMARY,
    "attempts": {"type": "array", "items": {"$ref": "#/components/schemas/Attempt"}},
    "subscription": {
        "description": "The subscription with this id as it is now, `null` if there is none.",
        "oneOf": [{"$ref": f"#/components/schemas/{Subscription.__name__}"}, {"type": "null"}],
    },
    "eventState": TEXT
    | {
        "description": f"`{SHOWN}`; `{GONE}`: it was large and is no longer kept; `{TOO_LARGE}`: for an answer, but it can be redriven.",
        "enum": [SHOWN, GONE, TOO_LARGE],
    },
    "event": {"type": ["object", "null"], "description": f"The event; `null` unless it is `{SHOWN}`."},
}
REDRIVE: Mapping[str, Schema] = {
    "redriveId": TEXT,
    "space": TEXT,
    "state": TEXT | {"enum": ["running", "done"]},
    "filter": {"type": "object", "properties": FILTERS},
    "matched": COUNT | {"description": "Letters that were looked at so far."},
    "redriven": COUNT | {"description": "Letters that are in the queue again."},
    "skipped": COUNT | {"description": "Letters that stay."},
    "skippedBecause": {"description": "How many stay, by the reason.", "type": "object", "additionalProperties": COUNT},
    "startedAt": TIME,
    "finishedAt": TIME | {"description": "Only there when it is done."},
}
SCHEMAS: dict[str, Schema] = {
    "DeadLetterSummary": {"type": "object", "properties": SUMMARY, "required": [name for name in SUMMARY if name not in OPTIONAL]},
    "DeadLetter": {"type": "object", "properties": FULL, "required": [name for name in FULL if name not in OPTIONAL]},
    "Attempt": ATTEMPT,
    "Redrive": {"type": "object", "properties": REDRIVE, "required": [name for name in REDRIVE if name != "finishedAt"]},
}


def paths() -> dict[str, Schema]:
    """All routes."""
    return {
        BASE: {"parameters": [ANY_SPACE], "get": _list()},
        f"{BASE}/redrive": {"parameters": [SPACE], "post": _redrive_all()},
        f"{BASE}/redrives/{{redriveId}}": {"parameters": [SPACE, REDRIVE_ID], "get": _progress()},
        f"{BASE}/{{id}}": {"parameters": [SPACE, IDENTIFIER], "get": _get(), "delete": _delete()},
        f"{BASE}/{{id}}/redrive": {"parameters": [SPACE, IDENTIFIER], "post": _redrive()},
    }


def _list() -> Schema:
    about = "The newest by acceptance first. A page may be short or even empty and have a `cursor`: one answer reads a bounded number."
    cursor = TEXT | {"description": "Only there if there may be more letters: the parameter `cursor` of the next page."}
    properties = {KIND.list_key: {"type": "array", "items": _ref("DeadLetterSummary")}, "cursor": cursor}
    schema = {"type": "object", "properties": properties, "required": [KIND.list_key]}
    listed = answer(about, schema, _example({KIND.list_key: [_letter().summary()]}))
    operation = _operation("listDeadLetters", "List the dead letters of a space", {"200": listed} | errors(400, 404))
    return operation | {"parameters": [*_filters(), *PAGING]}


def _get() -> Schema:
    subscription = Subscription.restore("default", EXAMPLES[Subscription]["async"]).shown()
    event = {"eventType": "user.created", "cloudEventsVersion": "0.1", "source": "/signup", "eventID": "7d1a", "data": {"name": "Ada"}}
    example = _letter().document() | {"subscription": subscription, "eventState": SHOWN, "event": event}
    found = answer("The dead letter.", _ref("DeadLetter"), _example(example))
    return _operation("getDeadLetter", "Read a dead letter with its event", {"200": found} | errors(400, 404))


def _delete() -> Schema:
    return _operation("deleteDeadLetter", "Delete a dead letter", {"204": {"description": "It is gone."}} | errors(400, 404))


def _redrive() -> Schema:
    queued = answer("It is in the queue again; this is what it was.", _ref("DeadLetterSummary"), _example(_letter().summary()))
    return _operation("redriveDeadLetter", "Queue a dead letter anew", {"202": queued} | errors(400, 404, 409))


def _redrive_all() -> Schema:
    begun = answer("It has begun.", _ref("Redrive"), _example(_run().shown()))
    begun["headers"] = {"Location": {"description": "Where its progress is shown.", "required": True, "schema": TEXT}}
    operation = _operation("redriveDeadLetters", "Queue all dead letters anew that match", {"202": begun} | errors(400, 404, 409))
    return operation | {"parameters": _filters()}


def _progress() -> Schema:
    done = _run().after(230, {NO_SUBSCRIPTION: 2}, "", 1795435212.25)
    shown = answer("The redrive as far as it is.", _ref("Redrive"), _example(done.shown()))
    return _operation("getRedrive", "Read the progress of a redrive", {"200": shown} | errors(400, 404))


def _letter() -> DeadLetter:
    """The example."""
    subscription = Subscription.restore("default", EXAMPLES[Subscription]["async"])
    delivery = Delivery(
        "4d30caf8-536c-493f-96e3-697bd60c2e98-550e7bf9f398",
        "default",
        subscription.id,
        subscription.function_id,
        3,
        b"{}",
        "7d1a",
        subscription.event_type,
        1795435200.0,
        "",
        (Attempt(1795435200.5, "HTTP status code: 500", 500),),
    )
    return DeadLetter(delivery, "1 of 1 attempts failed", 1795435200.5)


def _run() -> Redrive:
    return Redrive.start("default", "24f372c7-911b-41a4-9322-75ed0e7ec0f0", LetterFilter(event_type="user.created"), 1795435210.0)


def _filters() -> list[Schema]:
    return [{"name": name, "in": "query", "description": each["description"], "schema": each} for name, each in FILTERS.items()]


def _operation(name: str, summary: str, answers: Schema) -> Schema:
    return {"operationId": name, "summary": summary, "tags": [TAG], "responses": answers}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _example(value: JsonObject | Mapping[str, object]) -> Schema:
    return {"example": {"value": value}}
