"""Who may emit to a space, in the description of the Config API."""

from eventgateway.core import limits
from eventgateway.core.emit_access import EmitAccess
from eventgateway.core.emit_key import EmitKey
from eventgateway.core.jwt_rule import JwtRule
from eventgateway.core.key import EMIT, new_key
from eventgateway.web.openapi.parts import JSON, TEXT, answer, errors
from eventgateway.web.openapi.rules import Schema

TAG = "access"
TIME: Schema = TEXT | {"format": "date-time"}
ISSUER: Schema = {"description": "What `iss` of a token must be: an https URL without query and fragment.", "maxLength": limits.SETTING}
JWKS_URL: Schema = {
    "description": "Where the issuer's keys are: an https URL. Without it OpenID Connect Discovery tells.",
    "maxLength": limits.SETTING,
}
AUDIENCES: Schema = {
    "description": "`aud` of a token must have one of them.",
    "type": "array",
    "minItems": 1,
    "maxItems": limits.AUDIENCES,
    "items": TEXT | {"minLength": 1, "maxLength": limits.LIST_TEXT},
}
ADDRESSES: Schema = {
    "description": "Blocks of IP addresses, or single ones, that requests may come from.",
    "maxItems": limits.ADDRESSES,
    "items": TEXT,
}
JWT: Schema = {
    "description": "Tokens (RFC 7519) that are accepted, signed with RS256 or ES256.",
    "properties": {"issuer": TEXT | ISSUER | {"pattern": "^https://"}, "audiences": AUDIENCES, "jwksUrl": TEXT | JWKS_URL},
    "required": ["issuer", "audiences"],
}
SENT: Schema = {
    "type": ["object", "null"],
    "properties": {
        "addresses": ADDRESSES | {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
        "jwt": JWT | {"type": ["object", "null"], "properties": JWT["properties"] | {"jwksUrl": JWKS_URL | {"type": ["string", "null"]}}},
    },
}
NAME: Schema = {"description": "For people.", "maxLength": limits.KEY_NAME}
END: Schema = {"description": "From then on it does not count any more. Without it, it counts until it is deleted."}
KEY: Schema = {
    "type": "object",
    "properties": {
        "id": TEXT,
        "name": TEXT | NAME,
        "hint": TEXT | {"description": "How the key begins and ends."},
        "createdAt": TIME,
        "expiresAt": TIME | END,
    },
    "required": ["id", "hint", "createdAt"],
}
SHOWN: Schema = {
    "type": "object",
    "properties": {
        "space": TEXT,
        "addresses": ADDRESSES | {"type": "array"},
        "jwt": JWT | {"type": "object"},
        "keys": {"description": "There from the first key on, also if none is left.", "type": "array", "items": KEY},
    },
    "required": ["space"],
}
ORDERED: Schema = {
    "type": ["object", "null"],
    "properties": {"name": NAME | {"type": ["string", "null"]}, "expiresAt": END | TIME | {"type": ["string", "null"]}},
}
CREATED: Schema = KEY | {
    "properties": KEY["properties"]
    | {"key": TEXT | {"description": "The key, shown this once.", "pattern": f"^{EMIT}[A-Za-z0-9_-]{{43}}$"}},
    "required": [*KEY["required"], "key"],
}
RULE = JwtRule("https://login.example.com", ("orders",))
SAMPLE = new_key(EMIT, bytes(32))
SAMPLE_KEY = EmitKey.new("9f86d081884c7d65", SAMPLE, 1_795_435_200_000_000, {"name": "shop"})
SAMPLE_ACCESS = EmitAccess("default", ("203.0.113.0/24",), RULE, (SAMPLE_KEY,))


def paths(space: Schema) -> dict[str, Schema]:
    """Its routes; `space` is the parameter."""
    base = f"/v1/spaces/{{space}}/{EmitAccess.kind.path}"
    identifier = {"name": "id", "in": "path", "required": True, "schema": TEXT | {"minLength": 1}}
    gone = {"204": {"description": "It does not count any more."}} | errors(400, 404)
    delete = _operation("deleteEmitKey", "Delete an emit key: nobody gets in with it any more", gone)
    return {
        base: {"parameters": [space], **_access()},
        f"{base}/keys": {"parameters": [space], "post": _create()},
        f"{base}/keys/{{id}}": {"parameters": [space, identifier], "delete": delete},
    }


def _access() -> Schema:
    shown = {"200": answer("Who may emit.", SHOWN, {"closed": {"value": SAMPLE_ACCESS.shown()}})}
    example = {"addresses": [*SAMPLE_ACCESS.addresses], "jwt": RULE.stored()}
    body = {"required": True, "content": {JSON: {"schema": SENT, "examples": {"rules": {"value": example}}}}}
    opened = {"204": {"description": "Everybody may emit, and all its keys are gone."}} | errors(400, 404)
    return {
        "get": _operation("getAccess", "See who may emit to a space", shown | errors(400, 404)),
        "put": _operation("putAccess", "Say who may emit to a space; its keys stay", shown | errors(400, 404, 413)) | {"requestBody": body},
        "delete": _operation("deleteAccess", "Let everybody emit to a space", opened),
    }


def _create() -> Schema:
    created = answer("The key, with its text.", CREATED, {"key": {"value": SAMPLE_KEY.shown() | {"key": SAMPLE}}})
    ordered = {JSON: {"schema": ORDERED, "examples": {"named": {"value": {"name": "shop", "expiresAt": "2100-01-01T00:00:00Z"}}}}}
    operation = _operation(
        "createEmitKey", "Make an emit key: from the first one on, nobody emits without", {"201": created} | errors(400, 404, 413)
    )
    return operation | {"requestBody": {"content": ordered}}


def _operation(name: str, summary: str, answers: Schema) -> Schema:
    return {"operationId": name, "summary": summary, "tags": [TAG], "responses": answers}
