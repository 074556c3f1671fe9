"""The operator API of hosted mode in the document: tenants, their applications, members and access keys."""

from collections.abc import Mapping
from dataclasses import replace

from eventgateway.core.access_key import NAME_LENGTH as KEY_NAME_LENGTH
from eventgateway.core.access_key import AccessKey
from eventgateway.core.hosting import LABEL, LABEL_LENGTH
from eventgateway.core.tenant import EMAIL_LENGTH, KIND, NAME_LENGTH, REASON_LENGTH, App, Member, Role, State, Tenant
from eventgateway.web.openapi import usage
from eventgateway.web.openapi.parts import JSON, TEXT, answer, errors
from eventgateway.web.openapi.rules import Schema
from eventgateway.web.paging import PAGE_LIMIT
from eventgateway.web.tenants_api import USUAL_LIMIT

TAG = "tenants"
BASE = "/v1/tenants"
NOON = 1795435200.0
KEY_TEXT = "egk_" + "Zm9ydHktdGhyZWUgY2hhcmFjdGVycyBvZiBiYXNlNjQ"
TIME: Schema = {"type": "string", "format": "date-time"}
SOMETIME: Schema = {"type": ["string", "null"], "format": "date-time"}
COUNT: Schema = {"type": "integer", "minimum": 0}
LABEL_TEXT: Schema = TEXT | {"pattern": f"^{LABEL.pattern}$", "description": "Lower-case letters and digits, with single hyphens between."}
TENANT_NAME: Schema = LABEL_TEXT | {"maxLength": NAME_LENGTH}
APP_NAME: Schema = LABEL_TEXT | {"maxLength": LABEL_LENGTH}
EMAIL: Schema = TEXT | {"format": "email", "maxLength": EMAIL_LENGTH}
REASON: Schema = TEXT | {"maxLength": REASON_LENGTH, "description": "Its tenant reads it where a change is refused."}
SPACES: Schema = {"type": ["array", "null"], "items": TEXT, "description": "Those it is for; `null`: all of the tenant."}
TENANT: Mapping[str, Schema] = {
    "tenant": TEXT,
    "state": TEXT | {"enum": [*State]},
    "createdAt": TIME,
    "email": TEXT,
    "reason": REASON,
}
APP: Mapping[str, Schema] = {"app": TEXT, "space": TEXT | {"description": "Its space, and its subdomain."}, "createdAt": TIME}
MEMBER: Mapping[str, Schema] = {"email": TEXT, "role": TEXT | {"enum": [*Role]}, "since": TIME}
KEY: Mapping[str, Schema] = {
    "id": TEXT,
    "name": TEXT,
    "key": TEXT | {"description": "What it is for, and its last characters."},
    "readOnly": {"type": "boolean"},
    "spaces": SPACES,
    "createdAt": TIME,
    "expiresAt": SOMETIME,
    "lastUsedAt": SOMETIME | {"description": "To the hour."},
}
SECRET: Schema = TEXT | {"description": "The text of the access key. It is told this once."}


def _object(properties: Mapping[str, Schema], *optional: str) -> Schema:
    return {"type": "object", "properties": {**properties}, "required": [name for name in properties if name not in optional]}


def _sent(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    """A document that is sent; there are no other fields."""
    nullable = {name: schema | {"type": [schema["type"], "null"]} for name, schema in optional.items()}
    document = {"properties": {**required, **nullable}, "additionalProperties": False}
    return {"type": "object", "required": [*required], **document} if required else {"type": ["object", "null"], **document}


def _list(name: str, key: str, **more: Schema) -> Schema:
    return _object({key: {"type": "array", "items": _ref(name)}, **more}, *more)


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


COUNTS = _object({"apps": COUNT, "members": COUNT, "keys": COUNT})
PARTS: Mapping[str, Schema] = {
    "apps": {"type": "array", "items": _ref("App")},
    "members": {"type": "array", "items": _ref("Member")},
    "counts": COUNTS,
}
SCHEMAS: dict[str, Schema] = {
    "Tenant": _object(TENANT, "email", "reason"),
    "TenantWithParts": _object({**TENANT, **PARTS}, "email", "reason"),
    "CreatedTenant": _object({"tenant": TEXT, "app": TEXT, "space": TEXT, "accessKey": SECRET}),
    "App": _object(APP),
    "Member": _object(MEMBER),
    "AccessKey": _object(KEY),
    "CreatedAccessKey": _object({**KEY, "accessKey": SECRET}),
    "NewTenant": _sent(
        {"tenant": TENANT_NAME, "app": APP_NAME}, email=TEXT | {"maxLength": EMAIL_LENGTH, "description": "Address of its first Admin."}
    ),
    "NewApp": _sent({"app": APP_NAME}),
    "NewMember": _sent({"role": TEXT | {"enum": [*Role]}}),
    "NewAccessKey": _sent(
        {},
        name=TEXT | {"maxLength": KEY_NAME_LENGTH},
        expiresAt=TIME | {"description": "In the future; without it the key does not expire."},
        spaces={"type": "array", "items": TEXT, "minItems": 1, "description": "Those it is for; without it all of the tenant."},
        readOnly={"type": "boolean", "description": "Whether it may only read."},
    ),
    "TenantSuspension": _sent({}, reason=REASON),
}
TENANT_PARAMETER: Schema = {"name": "tenant", "in": "path", "required": True, "schema": TENANT_NAME}
PAGING: tuple[Schema, ...] = (
    {
        "name": "limit",
        "in": "query",
        "description": f"So many tenants at most; without it {USUAL_LIMIT}.",
        "schema": {"type": "integer", "minimum": 1, "maximum": PAGE_LIMIT},
    },
    {"name": "cursor", "in": "query", "description": "The `cursor` of the page before.", "schema": TEXT | {"pattern": "^[A-Za-z0-9_-]+$"}},
)
ACME = Tenant("acme", NOON, "ada@example.com")
SHOP = App("acme", "shop", NOON)
ADA = Member("acme", "ada@example.com", Role.ADMIN, NOON)
FIRST_KEY = AccessKey("5f0c9a1be2d34876", "acme", "", f"egk_…{KEY_TEXT[-4:]}", NOON, "first key")
CREATED = {"tenant": "acme", "app": "shop", "space": SHOP.space, "accessKey": KEY_TEXT}
WITH_PARTS = {**ACME.shown(), "apps": [SHOP.shown()], "members": [ADA.shown()], "counts": {"apps": 1, "members": 1, "keys": 1}}


def paths() -> dict[str, Schema]:
    """All routes."""
    suspended = replace(ACME, state=State.SUSPENDED, reason="unpaid").shown()
    one = {"parameters": [TENANT_PARAMETER]}
    return {
        BASE: {"get": _tenants(), "post": _made("createTenant", "Create a tenant", "NewTenant", "CreatedTenant", CREATED)},
        f"{BASE}/{{tenant}}": one | {"get": _read("getTenant", "Read a tenant", _ref("TenantWithParts"), WITH_PARTS)},
        f"{BASE}/{{tenant}}/suspension": one
        | {
            "put": _put("suspendTenant", "Suspend a tenant: its events are refused, its deliveries wait", "TenantSuspension", suspended),
            "delete": _read("resumeTenant", "Resume a tenant", _ref("Tenant"), ACME.shown()),
        },
        **_part_paths(one),
    }


def _part_paths(one: Schema) -> dict[str, Schema]:
    base, apps, keys, members = f"{BASE}/{{tenant}}", _list("App", "apps"), _list("AccessKey", "keys"), _list("Member", "members")
    created = {**FIRST_KEY.shown(), "accessKey": KEY_TEXT}
    return {
        f"{base}/apps": one
        | {
            "get": _read("listApps", "List the applications of a tenant", apps, {"apps": [SHOP.shown()]}),
            "post": _made("createApp", "Create an application", "NewApp", "App", SHOP.shown()),
        },
        f"{base}/usage": one | {"get": usage.operation(TAG)},
        f"{base}/keys": one
        | {
            "get": _read("listAccessKeys", "List the access keys of a tenant", keys, {"keys": [FIRST_KEY.shown()]}),
            "post": _made("createAccessKey", "Create an access key", "NewAccessKey", "CreatedAccessKey", created),
        },
        f"{base}/keys/{{keyId}}": {"parameters": [TENANT_PARAMETER, _parameter("keyId", TEXT | {"pattern": "^[0-9a-f]{16}$"})]}
        | {"delete": _gone("revokeAccessKey", "Revoke an access key: it counts nowhere after 60 seconds")},
        f"{base}/members": one | {"get": _read("listMembers", "List the members of a tenant", members, {"members": [ADA.shown()]})},
        f"{base}/members/{{email}}": {"parameters": [TENANT_PARAMETER, _parameter("email", EMAIL)]}
        | {
            "put": _put("putMember", "Add a member, or give it another role", "NewMember", ADA.shown(), "Member"),
            "delete": _gone("removeMember", "Remove a member"),
        },
    }


def _tenants() -> Schema:
    cursor = TEXT | {"description": "Only there if there are more tenants: the parameter `cursor` of the next page."}
    listed = answer("The tenants, by name.", _list("Tenant", KIND.list_key, cursor=cursor), _example({KIND.list_key: [ACME.shown()]}))
    return _operation("listTenants", "List the tenants", {"200": listed} | errors(400)) | {"parameters": [*PAGING]}


def _read(name: str, summary: str, schema: Schema, example: object) -> Schema:
    return _operation(name, summary, {"200": answer("As it is now.", schema, _example(example))} | errors(404))


def _made(name: str, summary: str, sent: str, shown: str, example: object) -> Schema:
    created = answer("It is there now.", _ref(shown), _example(example))
    return _operation(name, summary, {"201": created} | errors(400, 404, 409, 413)) | _body(sent)


def _put(name: str, summary: str, sent: str, example: object, shown: str = "Tenant") -> Schema:
    put = answer("As it is now.", _ref(shown), _example(example))
    return _operation(name, summary, {"200": put} | errors(400, 404, 413)) | _body(sent)


def _gone(name: str, summary: str) -> Schema:
    return _operation(name, summary, {"204": {"description": "It is gone."}} | errors(400, 404))


def _operation(name: str, summary: str, answers: Schema) -> Schema:
    return {"operationId": name, "summary": summary, "tags": [TAG], "security": [{"operatorKey": []}], "responses": answers}


def _body(schema: str) -> Schema:
    return {"requestBody": {"required": "required" in SCHEMAS[schema], "content": {JSON: {"schema": _ref(schema)}}}}


def _parameter(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _example(value: object) -> Schema:
    return {"example": {"value": value}}
