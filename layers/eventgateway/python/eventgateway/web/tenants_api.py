"""The operator API: tenants, and what belongs to each, at `/v1/tenants`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from eventgateway.core.caller import Caller
from eventgateway.core.document import Fields, decode
from eventgateway.core.erasure import Erasure
from eventgateway.core.errors import InvalidRequest, PayloadTooLarge
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.instant import parse
from eventgateway.core.json import JsonObject
from eventgateway.core.result import Result
from eventgateway.core.tenant import State
from eventgateway.operations.erase import Eraser
from eventgateway.operations.tenancy import KeyOrder, Tenancy
from eventgateway.web.errors import no_route, not_allowed
from eventgateway.web.payload import json_result

BODY_LIMIT = 16 * 1024
MOST_TENANTS = 1000  # in an answer
MICROSECONDS = 1_000_000

Routes = Mapping[str, Callable[[], Result]]


@dataclass(frozen=True, slots=True)
class TenantsApi:
    """Only the operator gets in."""

    tenancy: Tenancy
    eraser: Eraser

    def answer(self, path: str, request: HttpRequest, caller: Caller) -> Result:
        """Answer a request to a path below `/v1/tenants`. Raises a GatewayError."""
        routes = self._routes(path, request)
        if routes and request.method == "OPTIONS":
            return not_allowed(*routes)
        caller.check_operator()
        if not routes:
            return no_route()
        return routes[request.method]() if request.method in routes else not_allowed(*routes)

    def _routes(self, path: str, request: HttpRequest) -> Routes:
        match path.split("/"):
            case [""]:
                return {"GET": self._list, "POST": partial(self._create, request)}
            case [tenant]:
                return {"GET": partial(self._show, tenant), "DELETE": partial(self._delete, tenant)}
            case [tenant, "suspension"]:
                return {"PUT": partial(self._suspend, tenant, request), "DELETE": partial(self._resume, tenant)}
            case [tenant, "apps", app] if app:
                return {"DELETE": partial(self._delete_app, tenant, app)}
            case [tenant, *rest]:
                return self._parts(tenant, rest, request)
        return {}

    def _parts(self, tenant: str, path: list[str], request: HttpRequest) -> Routes:
        """What belongs to a tenant."""
        match path:
            case ["apps"]:
                return {"GET": partial(self._apps, tenant), "POST": partial(self._add_app, tenant, request)}
            case ["keys"]:
                return {"GET": partial(self._keys, tenant), "POST": partial(self._create_key, tenant, request)}
            case ["keys", identifier] if identifier:
                return {"DELETE": partial(self._revoke, tenant, identifier)}
            case ["members"]:
                return {"GET": partial(self._members, tenant)}
            case ["members", email] if email:
                return {"PUT": partial(self._put_member, tenant, email, request), "DELETE": partial(self._remove_member, tenant, email)}
        return {}

    def _list(self) -> Result:
        names = self.tenancy.names("", MOST_TENANTS)
        return json_result(200, {"tenants": [self.tenancy.get(each).shown() for each in names]})

    def _create(self, request: HttpRequest) -> Result:
        fields = _fields(request)
        app, key = self.tenancy.create(fields.text("tenant"), fields.text("app"), fields.text("email"))
        return json_result(201, {"tenant": app.tenant, "app": app.name, "space": app.space, "accessKey": key})

    def _show(self, tenant: str) -> Result:
        found = self.tenancy.get(tenant).shown()
        under_way = self.eraser.under_way(tenant)
        apps = [with_deletion(each.shown(), under_way.get(each.name)) for each in self.tenancy.apps(tenant)]
        return json_result(200, with_deletion(found, under_way.get("")) | {"apps": apps})

    def _delete(self, tenant: str) -> Result:
        return json_result(202, with_deletion({"tenant": tenant}, self.eraser.delete_tenant(tenant)))

    def _delete_app(self, tenant: str, app: str) -> Result:
        return json_result(202, with_deletion({"app": app, "tenant": tenant}, self.eraser.delete_app(tenant, app)))

    def _suspend(self, tenant: str, request: HttpRequest) -> Result:
        return json_result(200, self.tenancy.suspend(tenant, _fields(request).text("reason")).shown())

    def _resume(self, tenant: str) -> Result:
        return json_result(200, self.tenancy.resume(tenant).shown())

    def _apps(self, tenant: str) -> Result:
        return json_result(200, {"apps": [each.shown() for each in self.tenancy.apps(tenant)]})

    def _add_app(self, tenant: str, request: HttpRequest) -> Result:
        return json_result(201, self.tenancy.add_app(tenant, _fields(request).text("app")).shown())

    def _keys(self, tenant: str) -> Result:
        return json_result(200, {"keys": [each.shown() for each in self.tenancy.keys(tenant)]})

    def _create_key(self, tenant: str, request: HttpRequest) -> Result:
        key, text = self.tenancy.create_key(tenant, _order(_fields(request)))
        return json_result(201, key.shown() | {"accessKey": text})

    def _revoke(self, tenant: str, identifier: str) -> Result:
        self.tenancy.revoke(tenant, identifier)
        return Result(204)

    def _members(self, tenant: str) -> Result:
        return json_result(200, {"members": [each.shown() for each in self.tenancy.members(tenant)]})

    def _put_member(self, tenant: str, email: str, request: HttpRequest) -> Result:
        return json_result(200, self.tenancy.put_member(tenant, email, _fields(request).text("role")).shown())

    def _remove_member(self, tenant: str, email: str) -> Result:
        self.tenancy.remove_member(tenant, email)
        return Result(204)


def with_deletion(shown: JsonObject, erasure: Erasure | None) -> JsonObject:
    """What is shown of a tenant or an application, with what becomes of it."""
    return shown | {"state": State.DELETING.value, "deletion": erasure.shown()} if erasure else shown


def _fields(request: HttpRequest) -> Fields:
    if len(request.body) > BODY_LIMIT:
        raise PayloadTooLarge(f"The document has {len(request.body)} bytes, the limit is {BODY_LIMIT}.")
    document: JsonObject = decode(request.body) if request.body else {}
    return Fields(document)


def _order(fields: Fields) -> KeyOrder:
    spaces = None if fields.document.get("spaces") is None else frozenset(fields.texts("spaces"))
    return KeyOrder(fields.text("name"), _instant(fields.text("expiresAt")), spaces, fields.flag("readOnly"))


def _instant(text: str) -> float:
    """Seconds since the epoch, 0 for an empty text."""
    try:
        return parse(text) / MICROSECONDS if text else 0.0
    except ValueError as error:
        raise InvalidRequest("expiresAt must be a time (RFC 3339), such as 2026-11-23T12:00:00Z") from error
