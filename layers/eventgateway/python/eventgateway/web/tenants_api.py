"""The operator API: tenants, and what belongs to each, at `/v1/tenants`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from eventgateway.core.caller import Caller
from eventgateway.core.document import Fields, decode
from eventgateway.core.erasure import Erasure
from eventgateway.core.errors import InvalidRequest, PayloadTooLarge
from eventgateway.core.hosting import is_label
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.instant import parse
from eventgateway.core.json import JsonObject, dumps, raw
from eventgateway.core.result import Result
from eventgateway.core.tenant import KIND, App, State
from eventgateway.operations.erase import Eraser
from eventgateway.operations.tenancy import KeyOrder, Tenancy
from eventgateway.operations.usage_report import UsageReport
from eventgateway.web.errors import no_route, not_allowed
from eventgateway.web.paging import WRONG_CURSOR, Page, fitting, read_page, write_cursor
from eventgateway.web.payload import json_result
from eventgateway.web.usage_export import export

BODY_LIMIT = 16 * 1024
USUAL_LIMIT = 100  # tenants of a page
MICROSECONDS = 1_000_000
ORDER = ("name", "expiresAt", "spaces", "readOnly")  # the fields of a new access key

Routes = Mapping[str, Callable[[], Result]]


@dataclass(frozen=True, slots=True)
class TenantsApi:
    """Only the operator gets in."""

    tenancy: Tenancy
    eraser: Eraser
    report: UsageReport

    def answer(self, path: str, request: HttpRequest, caller: Caller) -> Result:
        """Answer a request to a path below `/v1/tenants`. Raises a GatewayError."""
        routes = self._routes(path, request)
        if request.method != "OPTIONS":  # which needs no key
            caller.check_operator()
        if not routes:
            return no_route()
        return routes[request.method]() if request.method in routes else not_allowed(*routes)

    def _routes(self, path: str, request: HttpRequest) -> Routes:
        match path.split("/"):
            case [""]:
                return {"GET": partial(self._list, request), "POST": partial(self._create, request)}
            case [tenant]:
                return {"GET": partial(self._show, tenant), "DELETE": partial(self._delete, tenant)}
            case [tenant, "suspension"]:
                return {"PUT": partial(self._suspend, tenant, request), "DELETE": partial(self._resume, tenant)}
            case [tenant, "apps", *rest]:
                return self._app_routes(tenant, rest, request)
            case [tenant, *rest]:
                return self._parts(tenant, rest, request)
        return {}

    def _app_routes(self, tenant: str, path: list[str], request: HttpRequest) -> Routes:
        match path:
            case []:
                return {"GET": partial(self._apps, tenant), "POST": partial(self._add_app, tenant, request)}
            case [app] if app:
                return {"DELETE": partial(self._delete_app, tenant, app)}
        return {}

    def _parts(self, tenant: str, path: list[str], request: HttpRequest) -> Routes:
        """Keys, members, and what was used."""
        match path:
            case ["keys"]:
                return {"GET": partial(self._keys, tenant), "POST": partial(self._create_key, tenant, request)}
            case ["keys", identifier] if identifier:
                return {"DELETE": partial(self._revoke, tenant, identifier)}
            case ["members"]:
                return {"GET": partial(self._members, tenant)}
            case ["members", email] if email:
                return {"PUT": partial(self._put_member, tenant, email, request), "DELETE": partial(self._remove_member, tenant, email)}
            case ["usage"]:
                return {"GET": partial(self._usage, tenant, request)}
        return {}

    def _list(self, request: HttpRequest) -> Result:
        page = read_page(KIND, request.query, USUAL_LIMIT) or Page(USUAL_LIMIT, "")
        if page.after and not is_label(page.after):
            raise InvalidRequest(WRONG_CURSOR)
        names = self.tenancy.names(page.after, page.limit + 1)
        found = self.tenancy.some(names[: page.limit])
        pieces = [dumps(each.shown()) for each in found]
        shown = max(1, fitting(pieces))
        last = found[shown - 1].name if shown < len(found) else names[page.limit - 1] if len(names) > page.limit else ""
        more = {"cursor": write_cursor(KIND, last)} if last else {}
        return json_result(200, {KIND.list_key: [raw(each) for each in pieces[:shown]], **more})

    def _create(self, request: HttpRequest) -> Result:
        fields = _fields(request, "email", required=("tenant", "app"))
        app, key = self.tenancy.create(fields.text("tenant"), fields.text("app"), fields.text("email"))
        return json_result(201, {"tenant": app.tenant, "app": app.name, "space": app.space, "accessKey": key})

    def _show(self, tenant: str) -> Result:
        found, apps, members = self.tenancy.get(tenant), self.tenancy.apps(tenant), self.tenancy.members(tenant)
        counts = {"apps": len(apps), "members": len(members), "keys": len(self.tenancy.keys(tenant))}
        under_way = self.eraser.under_way(tenant)
        parts = {
            "apps": [with_deletion(each.shown(), under_way.get(each.name)) for each in apps],
            "members": [each.shown() for each in members],
        }
        return json_result(200, {**with_deletion(found.shown(), under_way.get("")), **parts, "counts": counts})

    def _delete(self, tenant: str) -> Result:
        return json_result(202, with_deletion({"tenant": tenant}, self.eraser.delete_tenant(tenant)))

    def _delete_app(self, tenant: str, app: str) -> Result:
        return json_result(202, with_deletion({"app": app, "space": App(tenant, app, 0).space}, self.eraser.delete_app(tenant, app)))

    def _suspend(self, tenant: str, request: HttpRequest) -> Result:
        return json_result(200, self.tenancy.suspend(tenant, _fields(request, "reason").text("reason")).shown())

    def _resume(self, tenant: str) -> Result:
        return json_result(200, self.tenancy.resume(tenant).shown())

    def _apps(self, tenant: str) -> Result:
        return json_result(200, {"apps": [each.shown() for each in self.tenancy.apps(tenant)]})

    def _add_app(self, tenant: str, request: HttpRequest) -> Result:
        return json_result(201, self.tenancy.add_app(tenant, _fields(request, required=("app",)).text("app")).shown())

    def _usage(self, tenant: str, request: HttpRequest) -> Result:
        return export(self.report, tenant, [each.space for each in self.tenancy.apps(tenant)], request)

    def _keys(self, tenant: str) -> Result:
        return json_result(200, {"keys": [each.shown() for each in self.tenancy.keys(tenant)]})

    def _create_key(self, tenant: str, request: HttpRequest) -> Result:
        key, text = self.tenancy.create_key(tenant, _order(_fields(request, *ORDER)))
        return json_result(201, key.shown() | {"accessKey": text})

    def _revoke(self, tenant: str, identifier: str) -> Result:
        self.tenancy.revoke(tenant, identifier)
        return Result(204)

    def _members(self, tenant: str) -> Result:
        return json_result(200, {"members": [each.shown() for each in self.tenancy.members(tenant)]})

    def _put_member(self, tenant: str, email: str, request: HttpRequest) -> Result:
        return json_result(200, self.tenancy.put_member(tenant, email, _fields(request, required=("role",)).text("role")).shown())

    def _remove_member(self, tenant: str, email: str) -> Result:
        self.tenancy.remove_member(tenant, email)
        return Result(204)


def with_deletion(shown: JsonObject, erasure: Erasure | None) -> JsonObject:
    """What is shown of a tenant or an application, with what becomes of it."""
    return shown | {"state": State.DELETING.value, "deletion": erasure.shown()} if erasure else shown


def _fields(request: HttpRequest, *known: str, required: tuple[str, ...] = ()) -> Fields:
    """The document of a request. Raises InvalidRequest, also for unknown fields: who spells `readOnly` wrong must learn of it."""
    if len(request.body) > BODY_LIMIT:
        raise PayloadTooLarge(f"The document has {len(request.body)} bytes, the limit is {BODY_LIMIT}.")
    document = decode(request.body) if request.body else {}
    if unknown := sorted(document.keys() - {*required, *known}):
        raise InvalidRequest(f"There is no field {unknown[0]!r} here. Use {', '.join((*required, *known))}.")
    if missing := [name for name in required if document.get(name) in (None, "")]:
        raise InvalidRequest(f"{' and '.join(missing)}: required")
    return Fields(document)


def _order(fields: Fields) -> KeyOrder:
    spaces = None if fields.document.get("spaces") is None else frozenset(fields.texts("spaces"))
    expires_at = None if fields.document.get("expiresAt") is None else _instant(fields.text("expiresAt"))
    return KeyOrder(fields.text("name"), expires_at, spaces, fields.flag("readOnly"))


def _instant(text: str) -> float:
    """Seconds since the epoch."""
    try:
        return parse(text) / MICROSECONDS
    except (ValueError, InvalidRequest) as error:
        raise InvalidRequest("expiresAt must be a time (RFC 3339), such as 2026-11-23T12:00:00Z") from error
