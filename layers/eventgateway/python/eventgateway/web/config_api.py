"""The Config API: one set of routes for all kinds of resources."""

import logging
from dataclasses import dataclass

from eventgateway.core.errors import GatewayError, PayloadTooLarge
from eventgateway.core.http_request import HttpRequest, parse_query
from eventgateway.core.resource import Kind
from eventgateway.core.result import Result
from eventgateway.core.space import KINDS
from eventgateway.core.subscription import escape_path
from eventgateway.operations.manage import Manager
from eventgateway.web.errors import error_result, internal_error
from eventgateway.web.payload import Json, http_request, json_result, response

log = logging.getLogger(__name__)

BODY_LIMIT = 128 * 1024  # a change row holds the document twice, and items of DynamoDB end at 400 KB
LABEL = "metadata."
BY_PATH = {kind.path: kind for kind in KINDS}
COLLECTION_METHODS, RESOURCE_METHODS = ("GET", "POST"), ("GET", "PUT", "DELETE")


@dataclass(frozen=True, slots=True)
class ConfigApi:
    """One warm instance of the config function."""

    manager: Manager

    def handle(self, event: Json) -> Json:
        """Answer one API Gateway event; whatever happens there is an answer."""
        try:
            return response(self._answer(http_request(event)))
        except Exception:
            log.exception("request failed")
            return response(internal_error())

    def _answer(self, request: HttpRequest) -> Result:
        try:
            return self._route(request)
        except GatewayError as error:
            return error_result(error)

    def _route(self, request: HttpRequest) -> Result:
        match request.path.removeprefix("/").split("/", 4):
            case ["v1", "status"]:
                return Result(200) if request.method == "GET" else _not_allowed("GET")
            case ["v1", "spaces", space, path] if space and path in BY_PATH:
                return self._collection(BY_PATH[path], space, request)
            case ["v1", "spaces", space, path, identifier] if space and path in BY_PATH and identifier:
                return self._resource(BY_PATH[path], space, _identifier(BY_PATH[path], identifier), request)
        return json_result(404, {"errors": [{"message": "No such route."}]})

    def _collection(self, kind: Kind, space: str, request: HttpRequest) -> Result:
        if request.method == "POST":
            return json_result(201, self.manager.create(kind, space, _body(request)).shown())
        if request.method != "GET":
            return _not_allowed(*COLLECTION_METHODS)
        resources = self.manager.list(kind, space, _labels(request))
        return json_result(200, {kind.list_key: [each.shown() for each in resources]})

    def _resource(self, kind: Kind, space: str, identifier: str, request: HttpRequest) -> Result:
        if request.method == "GET":
            return json_result(200, self.manager.get(kind, space, identifier).shown())
        if request.method == "PUT":
            return json_result(200, self.manager.update(kind, space, identifier, _body(request)).shown())
        if request.method != "DELETE":
            return _not_allowed(*RESOURCE_METHODS)
        self.manager.delete(kind, space, identifier)
        return Result(204)


def _identifier(kind: Kind, text: str) -> str:
    """The id in a decoded URL; that of a CORS rule is itself escaped: `GET/users` is `GET%2Fusers`."""
    if kind.tag != "cors":
        return text
    method, slash, path = text.partition("/")
    return f"{method}{escape_path(slash + path)}" if slash else text


def _labels(request: HttpRequest) -> dict[str, str]:
    query = parse_query(request.query)
    return {
        name.removeprefix(LABEL): str(values[0]) for name, values in query.items() if name.startswith(LABEL) and isinstance(values, list)
    }


def _body(request: HttpRequest) -> bytes:
    if len(request.body) > BODY_LIMIT:
        raise PayloadTooLarge(f"The document has {len(request.body)} bytes, the limit is {BODY_LIMIT}.")
    return request.body


def _not_allowed(*methods: str) -> Result:
    result = json_result(405, {"errors": [{"message": f"Method not allowed. Use {' or '.join(methods)}."}]})
    return result.behind({"allow": ", ".join(methods)})
