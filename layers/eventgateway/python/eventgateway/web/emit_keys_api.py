"""The emit keys of a space, at `/v1/spaces/<space>/access/keys`."""

from eventgateway.core.errors import PayloadTooLarge
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.result import Result
from eventgateway.operations.emit_keys import EmitKeys
from eventgateway.web.errors import no_route, not_allowed
from eventgateway.web.payload import json_result

BODY_LIMIT = 16 * 1024
UNCACHED = {"cache-control": "no-store"}  # https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.5


def answer(keys: EmitKeys, space: str, path: str, request: HttpRequest) -> Result:
    """Answer a request to a path below `/v1/spaces/<space>/access/`. Raises a GatewayError."""
    match path.split("/"):
        case ["keys"]:
            return _create(keys, space, request) if request.method == "POST" else not_allowed("POST")
        case ["keys", identifier] if identifier:
            return _delete(keys, space, identifier) if request.method == "DELETE" else not_allowed("DELETE")
    return no_route()


def _create(keys: EmitKeys, space: str, request: HttpRequest) -> Result:
    if len(request.body) > BODY_LIMIT:
        raise PayloadTooLarge(f"The document has {len(request.body)} bytes, the limit is {BODY_LIMIT}.")
    key, text = keys.create(space, request.body)
    return json_result(201, key.shown() | {"key": text}).behind(UNCACHED)


def _delete(keys: EmitKeys, space: str, identifier: str) -> Result:
    keys.delete(space, identifier)
    return Result(204)
