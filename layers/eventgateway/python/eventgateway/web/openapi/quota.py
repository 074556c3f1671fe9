"""The quota of a space in the description of the Config API."""

from eventgateway.core.quota import MOST, MOST_PER_SECOND, Quota
from eventgateway.web.openapi.parts import JSON, TEXT, answer, errors
from eventgateway.web.openapi.rules import Schema

MEANINGS = {
    "requestsPerSecond": "Requests to the Events API.",
    "burst": "Requests at once, after some time with fewer. A limit on them needs one per second.",
    "eventsPerDay": "Requests to the Events API between midnight and midnight, UTC.",
    "bytesPerDay": "Bytes of the bodies of these requests.",
    "resources": "Resources of each kind.",
}
LIMITS: Schema = {
    name: {"description": meaning, "minimum": 0, "maximum": MOST_PER_SECOND if name == "requestsPerSecond" else MOST}
    for name, meaning in MEANINGS.items()
}
SENT_LIMITS = {name: limit | {"type": ["integer", "null"]} for name, limit in LIMITS.items()}
SHOWN_LIMITS = {name: limit | {"type": "integer"} for name, limit in LIMITS.items()}
SENT: Schema = {
    "description": "`0` or no limit at all: the gateway's default.",
    "type": ["object", "null"],
    "properties": {"space": {"description": "Has no effect."}, **SENT_LIMITS},
    "additionalProperties": False,
}
SHOWN: Schema = {
    "description": "The limits in force; `0` is none.",
    "type": "object",
    "properties": {"space": TEXT, **SHOWN_LIMITS},
    "required": ["space", *LIMITS],
}
EXAMPLE = {"requestsPerSecond": 500, "burst": 1000}
TAG = "quota"


def paths(space: Schema) -> dict[str, Schema]:
    """Its routes; `space` is the parameter."""
    shown = Quota("default", 500, 1000, 5_000_000, 10 * 1024**3, 1000).shown()
    limits = answer("The limits in force.", SHOWN, {"limits": {"value": shown}})
    body = {"required": True, "content": {JSON: {"schema": SENT, "examples": {"faster": {"value": EXAMPLE}}}}}
    read = _operation("get", "Read the limits of a space", {"200": limits} | errors(400, 404))
    put = _operation("put", "Give a space limits of its own; in hosted mode with the operator key", {"200": limits} | errors(400, 404, 413))
    delete = _operation("delete", "Let the gateway's defaults count again", {"204": {"description": "They do."}} | errors(400, 404))
    item = {"parameters": [space], "get": read, "put": put | {"requestBody": body}, "delete": delete}
    return {f"/v1/spaces/{{space}}/{Quota.kind.path}": item}


def _operation(verb: str, summary: str, answers: Schema) -> Schema:
    return {"operationId": f"{verb}Quota", "summary": summary, "tags": [TAG], "responses": answers}
