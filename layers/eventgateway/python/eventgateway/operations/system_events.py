"""System events: what the gateway tells about its own work. They cause no further system events."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from eventgateway.core.delivery import Delivery, deliveries
from eventgateway.core.errors import Unavailable
from eventgateway.core.event import Event
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.json import JsonError, JsonObject, JsonValue, loads
from eventgateway.core.ports import Clock
from eventgateway.core.routing import RoutingTable
from eventgateway.operations.outbox import Outbox
from eventgateway.operations.usage import NO_USAGE, Usage

log = logging.getLogger(__name__)

RECEIVED = "eventgateway.event.received"
INVOKING = "eventgateway.function.invoking"
INVOKED = "eventgateway.function.invoked"
INVOCATION_FAILED = "eventgateway.function.invocationFailed"


@dataclass(frozen=True, slots=True)
class SystemEvents:
    """Makes deliveries of system events; nothing is built when nobody subscribes."""

    clock: Clock
    usage: Usage = NO_USAGE

    def received(self, table: RoutingTable, event: Event, path: str, request: HttpRequest) -> list[Delivery]:
        """An event came in at a path."""
        return self._deliveries(table, RECEIVED, lambda: received_data(event, path, request))

    def invoking(self, table: RoutingTable, call: "FunctionCall") -> list[Delivery]:
        """A function is about to be called."""
        return self._about(table, INVOKING, call, dict)

    def invoked(self, table: RoutingTable, call: "FunctionCall", result: bytes) -> list[Delivery]:
        """A function was called with success."""
        return self._about(table, INVOKED, call, lambda: {"result": result_value(result)})

    def invocation_failed(self, table: RoutingTable, call: "FunctionCall", message: str) -> list[Delivery]:
        """A function was called without success."""
        return self._about(table, INVOCATION_FAILED, call, lambda: {"error": {"message": message}})

    def _about(self, table: RoutingTable, type_: str, call: "FunctionCall", more: Callable[[], JsonObject]) -> list[Delivery]:
        if call.is_system:
            return []
        self.usage.received(call.space, type_)
        return self._deliveries(table, type_, lambda: {**call.document(), **more()})

    def _deliveries(self, table: RoutingTable, type_: str, data: Callable[[], JsonObject]) -> list[Delivery]:
        subscribers = table.system(type_)
        if not subscribers:
            return []
        event = Event.new(type_, data(), self.clock.stamp())
        return deliveries(subscribers, event, event.id, self.clock.time())


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """Which function is called with which event; `event` is only asked for when somebody wants to know."""

    space: str
    function_id: str
    is_system: bool
    event: Callable[[], JsonValue]

    def document(self) -> JsonObject:
        """The data that all events about functions share."""
        return {"space": self.space, "functionId": self.function_id, "event": self.event()}


def received_data(event: Event, path: str, request: HttpRequest) -> JsonObject:
    """The data of the event about an event that came in."""
    return {"path": path, "event": event.document(), "headers": request.shown_headers()}


def send_afterwards(outbox: Outbox, made: list[Delivery]) -> None:
    """Queue events about what has happened already; if that fails, what happened must count all the same."""
    try:
        if made:
            outbox.send(made)
    except Unavailable as error:
        log.warning("system events lost", extra={"error": error.message, "count": len(made)})


def result_value(result: bytes) -> JsonValue:
    """A function's result: JSON where it is JSON, else a string."""
    try:
        return loads(result)
    except JsonError:
        return result.decode("utf-8", "replace")
