"""The Events API: one route that takes every method and path."""

import logging
from dataclasses import dataclass

from eventgateway.core.cors import is_preflight
from eventgateway.core.decode import decode
from eventgateway.core.errors import GatewayError, Unavailable, UnknownSpace
from eventgateway.core.event_type import HTTP_REQUEST
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.result import Result
from eventgateway.core.trace import causes, trace
from eventgateway.operations.receive import Place, Receiver
from eventgateway.web.errors import error_result, internal_error
from eventgateway.web.payload import TEXT_TYPE, Json, http_request, response

log = logging.getLogger(__name__)

STATUS_PATH = "/v1/status"


@dataclass(frozen=True, slots=True)
class EventsApi:
    """One warm instance of the router function."""

    receiver: Receiver

    def handle(self, event: Json) -> Json:
        """Answer one API Gateway event; whatever happens there is an answer."""
        try:
            answer = response(self._answer(event))
            self.receiver.usage.flush_if_due()
            return answer
        except Exception as error:  # noqa: BLE001 - the outermost handler
            log.error("request failed", extra=trace(error))  # noqa: TRY400 - the error may quote the request
            return response(internal_error())

    def expire(self) -> None:
        """Look at the configuration before the next request."""
        self.receiver.spaces.expire()

    def _answer(self, event: Json) -> Result:
        try:
            request = http_request(event)
            place = self._place(request)
        except GatewayError as error:
            return _refusal(error)
        if place is None:
            return Result(200)
        rule = self.receiver.cors(request, place)
        if rule is None:
            return self._receive(request, place)
        if is_preflight(request.method, request.headers):
            return Result(200, rule.preflight(request.headers))
        return self._receive(request, place).behind(rule.simple(request.method, request.headers))

    def _place(self, request: HttpRequest) -> Place | None:
        """Where a request has come in; None for a health check that names no space. Raises UnknownSpace, Unavailable."""
        try:
            return self.receiver.place(request)
        except UnknownSpace:
            if request.path == STATUS_PATH and request.method == "GET":
                return None
            raise

    def _receive(self, request: HttpRequest, place: Place) -> Result:
        try:
            if request.path == STATUS_PATH and self._asks_for_status(request, place):
                return Result(200)
            result = self.receiver.receive(request, place)
        except GatewayError as error:
            return _refusal(error)
        return result.behind(TEXT_TYPE) if result.body else result

    def _asks_for_status(self, request: HttpRequest, place: Place) -> bool:
        """Whether this is a health check: a plain GET that nobody has subscribed to. Raises InvalidRequest."""
        if request.method != "GET" or decode(request, self.receiver.clock.stamp).type != HTTP_REQUEST:
            return False
        table, target = place.table, (request.method, place.path, HTTP_REQUEST)
        return not table.asynchronous(*target) and table.synchronous(*target) is None


def _refusal(error: GatewayError) -> Result:
    """The answer to an error. What it says may quote the event, so only debugging shows it."""
    result = error_result(error)
    extra = {"error": error.log_text, "errorType": type(error).__name__, "status": result.status}
    if isinstance(error, Unavailable):
        log.warning("request refused", extra=extra | causes(error))
    else:
        log.info("request refused", extra=extra)
    log.debug("request refused: %s", error.message)
    return result
