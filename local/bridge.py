"""Serves a Lambda handler over HTTP as an HTTP API of API Gateway does, as an ASGI application."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import Executor
from dataclasses import dataclass
from time import time
from typing import Any

from eventgateway.core.trace import trace
from local.lambda_context import LambdaContext, request_id
from local.payload import Json, Request, Response

log = logging.getLogger(__name__)

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
BODY_LIMIT = 10 * 1024 * 1024
HEAD_LIMIT = 10_240  # bytes of request line and values of headers together
REQUEST_SECONDS = 30.0

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Handler = Callable[[Json, LambdaContext], Any]
Hook = Callable[[Request, Response], None]


class TooLarge(Exception):
    """The body of a request is over the limit."""


class HeadTooLarge(Exception):
    """Request line and headers are over the limit."""


class Disconnected(Exception):
    """The client is gone."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """One API. Handlers are synchronous, so each request takes a thread of the pool.

    `answered` is called with each request and its response before that is sent.
    """

    name: str
    handler: Handler
    pool: Executor
    answered: Hook | None = None
    seconds: float = REQUEST_SECONDS
    body_limit: int = BODY_LIMIT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever the handler does, there is an answer."""
        try:
            response = await self._respond(await self._request(scope, receive))
        except Disconnected:
            return
        except TooLarge:
            response = Response.message(413, "Request Entity Too Large")
        except HeadTooLarge:  # RFC 6585, section 5; AWS documents the limit, but not its answer
            response = Response.message(431, "Request Header Fields Too Large")
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body})

    async def _request(self, scope: Scope, receive: Receive) -> Request:
        if _head_size(scope) > HEAD_LIMIT:
            raise HeadTooLarge
        client = scope.get("client")
        return Request(
            scope["method"],
            scope["raw_path"],
            scope["query_string"],
            list(scope["headers"]),
            await self._body(scope, receive),
            f"HTTP/{scope['http_version']}",
            client[0] if client else "127.0.0.1",
        )

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self.body_limit:
            raise TooLarge
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.body_limit:
                raise TooLarge
        return bytes(body)

    async def _respond(self, request: Request) -> Response:
        work = asyncio.get_running_loop().run_in_executor(self.pool, self._invoke, request)
        try:
            return await asyncio.wait_for(work, self.seconds)
        except TimeoutError:
            log.error("%s: %s %s took longer than %g s", self.name, request.method, request.target.decode("latin-1"), self.seconds)  # noqa: TRY400
            return Response.message(503, "Service Unavailable")

    def _invoke(self, request: Request) -> Response:
        """Never raises, so that a time-out inside the handler is not taken for ours."""
        identity = request_id()
        try:
            result = self.handler(request.event(identity, time()), LambdaContext(self.name, self.seconds, identity))
            response = Response.of(result)
            if self.answered is not None:
                self.answered(request, response)
        except Exception as error:  # noqa: BLE001 - the outermost handler, and the error may quote the answer
            log.error("%s: %s %s failed", self.name, request.method, request.target.decode("latin-1"), extra=trace(error))  # noqa: TRY400
            return Response.message(500, "Internal Server Error")
        return response


def _head_size(scope: Scope) -> int:
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    line = f"{scope['method']}  HTTP/{scope['http_version']}"
    return len(line) + len(scope["raw_path"]) + len(query) + sum(len(value) for _, value in scope["headers"])
