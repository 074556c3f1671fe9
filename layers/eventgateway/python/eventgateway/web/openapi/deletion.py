"""Deleting tenants and applications in the document: the routes, and how far it is."""

from collections.abc import Mapping

from eventgateway.core.erasure import ERASING, Erasure, Life, Rests, Stage
from eventgateway.core.tenant import State
from eventgateway.web.openapi.parts import TEXT, answer, errors
from eventgateway.web.openapi.rules import Schema

NOON = 1795435200.0
TIME: Schema = {"type": "string", "format": "date-time"}
COUNT: Schema = {"type": "integer", "minimum": 0}
STATE: Schema = TEXT | {"enum": [State.DELETING.value]}
DELETION: Schema = {"$ref": "#/components/schemas/Deletion"}
MARKED: Mapping[str, Schema] = {"state": STATE | {"description": "Only there while it is being deleted."}, "deletion": DELETION}
PROPERTIES: Mapping[str, Schema] = {
    "stage": TEXT | {"enum": [*Stage], "description": "What is done next; with `names` all is gone, but the names are not free."},
    "erased": {
        "type": "object",
        "description": "How many rows and objects were deleted so far, by stage.",
        "properties": {stage.value: COUNT for stage in ERASING},
        "additionalProperties": False,
    },
    "beganAt": TIME,
    "changedAt": TIME,
    "goesOnAt": TIME | {"description": "Before that nothing is deleted: what was under way must be over."},
}


def _deleted(**named: Schema) -> Schema:
    properties = {**named, "state": STATE, "deletion": DELETION}
    return {"type": "object", "properties": properties, "required": [*properties]}


SCHEMAS: dict[str, Schema] = {
    "Deletion": {"type": "object", "properties": PROPERTIES, "required": [*PROPERTIES]},
    "DeletedTenant": _deleted(tenant=TEXT),
    "DeletedApp": _deleted(app=TEXT, space=TEXT),
}


def delete(name: str, summary: str, tag: str, shown: Mapping[str, str]) -> Schema:
    """The operation, for what is `shown` of what it deletes."""
    erasure = Erasure.start("acme", "", "", NOON, Rests(120, 900)).closed([Life("acme-shop", 0)], NOON, Rests(120, 900), was_open=True)
    example = {**shown, "state": State.DELETING.value, "deletion": erasure.shown()}
    schema = {"$ref": f"#/components/schemas/{'DeletedApp' if 'app' in shown else 'DeletedTenant'}"}
    accepted = answer("It is gone for everybody, and what it has is being deleted.", schema, {"example": {"value": example}})
    return {
        "operationId": name,
        "summary": summary,
        "tags": [tag],
        "security": [{"operatorKey": []}],
        "responses": {"202": accepted} | errors(400, 404),
    }
