"""The suspension of a space in the description of the Config API."""

from eventgateway.core.suspension import REASON_LENGTH, Suspension
from eventgateway.web.openapi.parts import JSON, TEXT, answer, errors
from eventgateway.web.openapi.rules import Schema

REASON = {"description": "For people.", "maxLength": REASON_LENGTH}
SENT = {"type": ["object", "null"], "properties": {"reason": REASON | {"type": ["string", "null"]}}}
SHOWN = {"type": "object", "properties": {"space": TEXT, "reason": TEXT | REASON}, "required": ["space"]}
EXAMPLE = {"reason": "unpaid"}
TAG = "suspension"


def paths(space: Schema) -> dict[str, Schema]:
    """Its routes; `space` is the parameter."""
    suspended = answer("The space is suspended.", SHOWN, {"suspended": {"value": Suspension("default", **EXAMPLE).shown()}})
    body = {"required": True, "content": {JSON: {"schema": SENT, "examples": {"why": {"value": EXAMPLE}}}}}
    read = _operation("get", "See whether a space is suspended", {"200": suspended} | errors(400, 404))
    suspend = _operation("put", "Suspend a space: its events are refused, its deliveries wait", {"200": suspended} | errors(400, 404, 413))
    resume = _operation("delete", "Resume a space", {"204": {"description": "It takes events again."}} | errors(400, 404))
    item = {"parameters": [space], "get": read, "put": suspend | {"requestBody": body}, "delete": resume}
    return {f"/v1/spaces/{{space}}/{Suspension.kind.path}": item}


def _operation(verb: str, summary: str, answers: Schema) -> Schema:
    return {"operationId": f"{verb}Suspension", "summary": summary, "tags": [TAG], "responses": answers}
