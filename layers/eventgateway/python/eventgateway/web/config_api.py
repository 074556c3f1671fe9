"""The Config API: one set of routes for all kinds of resources."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter

from eventgateway.core import dead_letter, limits
from eventgateway.core.bearer import bearer
from eventgateway.core.caller import OPERATOR, Caller
from eventgateway.core.emit_access import EmitAccess
from eventgateway.core.errors import GatewayError, InvalidRequest, PayloadTooLarge, Unavailable
from eventgateway.core.http_request import HttpRequest, parse_query
from eventgateway.core.ports import DeliveryQueue
from eventgateway.core.quota import Quota
from eventgateway.core.resource import Kind
from eventgateway.core.result import Result
from eventgateway.core.single import Single
from eventgateway.core.space import COLLECTIONS, SINGLES
from eventgateway.core.subscription import escape_path
from eventgateway.core.trace import causes, trace
from eventgateway.core.usage import ALL_SPACES
from eventgateway.operations.borders import Doors, check_space
from eventgateway.operations.emit_keys import EmitKeys
from eventgateway.operations.manage import Manager
from eventgateway.operations.usage import NO_USAGE, Usage
from eventgateway.web import emit_keys_api
from eventgateway.web.dead_letters_api import OPERATIONS, DeadLettersApi
from eventgateway.web.errors import error_result, internal_error, no_route, not_allowed
from eventgateway.web.paging import part, read_page, whole
from eventgateway.web.payload import JSON_TYPE, Json, http_request, json_result, response
from eventgateway.web.tenants_api import TenantsApi

log = logging.getLogger(__name__)

STATUS_PATH = "/v1/status"
BODY_LIMIT = 128 * 1024  # a change row holds the document twice, and items of DynamoDB end at 400 KB
LABEL = "metadata."
PAGE_PARAMETERS = ("limit", "cursor")
NOBODY = Caller("nobody", "-", frozenset(), is_read_only=True)  # of what needs no key; no tenant has this name
BY_PATH = {kind.path: kind for kind in COLLECTIONS}
COLLECTION_METHODS = {"GET": "list", "POST": "create"}  # and what metrics call them
SINGLE_BY_PATH = {each.kind.path: each for each in SINGLES}
SINGLE_METHODS = ("GET", "PUT", "DELETE")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
RESOURCE_METHODS = {"GET": "get", "PUT": "update", "DELETE": "delete"}


@dataclass(frozen=True, slots=True)
class ConfigApi:
    """One warm instance of the config function."""

    manager: Manager
    usage: Usage = NO_USAGE
    queue: DeliveryQueue | None = None  # for its length in the metrics
    dead_letters: DeadLettersApi | None = None
    doors: Doors | None = None  # without them everybody may do everything
    tenants: TenantsApi | None = None  # in hosted mode

    def handle(self, event: Json) -> Json:
        """Answer one API Gateway event; whatever happens there is an answer."""
        started = perf_counter()
        try:
            answer = response(self._answer(event))
            self.usage.config_took(ALL_SPACES, perf_counter() - started)
            self.usage.flush_if_due()
            return answer
        except Exception as error:  # noqa: BLE001 - the outermost handler
            log.error("request failed", extra=trace(error))  # noqa: TRY400 - the error may quote the request
            return response(internal_error())

    def _answer(self, event: Json) -> Result:
        try:
            caller = self._admit(event)
            request = http_request(event)
            return replace(self, manager=replace(self.manager, by=caller.name)).route(request, caller)
        except GatewayError as error:
            if isinstance(error, Unavailable):
                log.warning("request refused", extra={"error": error.log_text, **causes(error)})
            return error_result(error)

    def _admit(self, event: Json) -> Caller:
        """Before anything else is read of a request. Raises AccessRefused, Unavailable."""
        if self.doors is None:
            return OPERATOR
        if _is_open(event):
            return NOBODY
        return self.doors.admit(bearer((event.get("headers") or {}).get("authorization", "")))

    def route(self, request: HttpRequest, caller: Caller) -> Result:
        """Answer a request of somebody who may come in. Raises a GatewayError."""
        match request.path.removeprefix("/").split("/", 4):
            case ["v1", ("status" | "metrics" | "openapi.json") as about]:
                return self._about(about, caller) if request.method == "GET" else not_allowed("GET")
            case ["v1", "tenants", *rest] if self.tenants and rest != [""]:
                return self.tenants.answer("/".join(rest), request, caller)
            case ["v1", "spaces", space, *rest] if space and self.tenants and request.method != "OPTIONS":
                writes = request.method not in SAFE_METHODS
                check_space(self.manager.spaces.store, self.tenants.tenancy.store, caller, space, writes=writes)
                if writes and rest[:1] == [Quota.kind.path]:  # tenants only read it
                    caller.check_operator()
        return self._in_space(request)

    def _in_space(self, request: HttpRequest) -> Result:
        match request.path.removeprefix("/").split("/", 4):
            case ["v1", "spaces", space, path] if space and path in SINGLE_BY_PATH:
                return self._single(SINGLE_BY_PATH[path], _space(space), request)
            case ["v1", "spaces", space, EmitAccess.kind.path, path] if space:
                return emit_keys_api.answer(EmitKeys(self.manager), _space(space), path, request)
            case ["v1", "spaces", space, path] if space and path in BY_PATH:
                with self._counted(BY_PATH[path], space, COLLECTION_METHODS.get(request.method)):
                    return self._collection(BY_PATH[path], _space(space), request)
            case ["v1", "spaces", space, path, identifier] if space and path in BY_PATH and identifier:
                with self._counted(BY_PATH[path], space, RESOURCE_METHODS.get(request.method)):
                    return self._resource(BY_PATH[path], _space(space), _identifier(BY_PATH[path], identifier), request)
            case ["v1", "spaces", space, dead_letter.KIND.path, *rest] if space and self.dead_letters and rest != [""]:
                operation = (OPERATIONS if rest else {"GET": "list"}).get(request.method)
                with self._counted(dead_letter.KIND, space, operation):
                    return self.dead_letters.answer(_space(space), "".join(rest), request)
        return no_route()

    def _about(self, name: str, caller: Caller) -> Result:
        """What is about the gateway itself. Only who asks for it waits for its import."""
        if name == "status":
            return Result(200)
        if name == "metrics":
            from eventgateway.web.metrics import collect, collect_hosted  # noqa: PLC0415

            if self.tenants:
                return collect_hosted(self.manager.spaces, self.usage, self.queue, self.tenants.tenancy, caller)
            return collect(self.manager.spaces, self.usage, self.queue)
        from eventgateway.web.openapi import text  # noqa: PLC0415

        return Result(200, JSON_TYPE, text(hosted=self.tenants is not None))

    def _collection(self, kind: Kind, space: str, request: HttpRequest) -> Result:
        if request.method == "POST":
            return json_result(201, self.manager.create(kind, space, _body(request)).shown())
        if request.method != "GET":
            return not_allowed(*COLLECTION_METHODS)
        _check_parameters(request.query)
        page = read_page(kind, request.query)
        resources = self.manager.list(kind, space, _labels(request))
        return json_result(200, whole(kind, resources) if page is None else part(kind, resources, page))

    def _resource(self, kind: Kind, space: str, identifier: str, request: HttpRequest) -> Result:
        if request.method == "GET":
            return json_result(200, self.manager.get(kind, space, identifier).shown())
        if request.method == "PUT":
            return json_result(200, self.manager.update(kind, space, identifier, _body(request)).shown())
        if request.method != "DELETE":
            return not_allowed(*RESOURCE_METHODS)
        self.manager.delete(kind, space, identifier)
        return Result(204)

    def _single(self, type_: type[Single], space: str, request: HttpRequest) -> Result:
        if request.method == "GET" and type_ is not Quota:
            return json_result(200, self.manager.get(type_.kind, space, space).shown())
        if request.method == "PUT":
            written = self.manager.put(type_, space, _body(request))
            if type_ is not Quota:
                return json_result(200, written.shown())
        if request.method in {"GET", "PUT"}:
            return json_result(200, self.manager.quota(space).shown())
        if request.method != "DELETE":
            return not_allowed(*SINGLE_METHODS)
        self.manager.delete(type_.kind, space, space)
        return Result(204)

    @contextmanager
    def _counted(self, kind: Kind, space: str, operation: str | None) -> Iterator[None]:
        """Requests count, failed ones too, for spaces that exist: made-up names would fill the store."""
        created = False
        try:
            yield
            created = operation == "create"
        finally:
            if operation and (created or self.manager.spaces.knows(space)):
                self.usage.config_request(space, kind.tag, operation)


def _is_open(event: Json) -> bool:
    """What needs no key: the health check, and OPTIONS, which browsers send without one and which tells the methods of a path at most."""
    path, method = event["rawPath"], event["requestContext"]["http"]["method"]
    return bool(path == STATUS_PATH or method == "OPTIONS")


def _space(name: str) -> str:
    """The name of a space in a URL; a longer one could be no key of the storage."""
    if len(name) > limits.NAME:
        raise InvalidRequest(f"The name of a space has at most {limits.NAME} characters.")
    return name


def _identifier(kind: Kind, text: str) -> str:
    """The id in a decoded URL; that of a CORS rule is itself escaped: `GET/users` is `GET%2Fusers`."""
    if kind.tag != "cors":
        return text
    method, slash, path = text.partition("/")
    return f"{method}{escape_path(slash + path)}" if slash else text


def _check_parameters(query: str) -> None:
    """All parameters of a list but those of pages count: labels that nothing has, and those that have no effect."""
    others = [each for each in query.replace(";", "&").split("&") if each and each.partition("=")[0] not in PAGE_PARAMETERS]
    if len(others) > limits.LIST_PARAMETERS:
        raise InvalidRequest(f"A list takes at most {limits.LIST_PARAMETERS} parameters besides 'limit' and 'cursor', not {len(others)}.")


def _labels(request: HttpRequest) -> dict[str, str]:
    query = parse_query(request.query)
    return {
        name.removeprefix(LABEL): str(values[0]) for name, values in query.items() if name.startswith(LABEL) and isinstance(values, list)
    }


def _body(request: HttpRequest) -> bytes:
    if len(request.body) > BODY_LIMIT:
        raise PayloadTooLarge(f"The document has {len(request.body)} bytes, the limit is {BODY_LIMIT}.")
    return request.body
