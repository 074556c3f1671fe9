"""Authorizers: functions that are asked whether an event may be delivered, once per event type and space."""

import logging
from dataclasses import dataclass

from eventgateway.core.errors import FunctionFailed, ProviderError, Unavailable
from eventgateway.core.event import Event
from eventgateway.core.function import Function
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.json import JsonError, JsonObject, JsonValue, dumps, loads
from eventgateway.core.ports import Clock
from eventgateway.core.provider import Call, Outbound, Purpose
from eventgateway.core.routing import Subscriber
from eventgateway.core.space import Space
from eventgateway.operations.deadline import Deadline
from eventgateway.operations.secrets import Secrets

log = logging.getLogger(__name__)
SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an authorizer said: the `authorization` to add, or a denial; `error` is set where it could not be asked."""

    allowed: bool
    authorization: JsonObject | None = None
    error: ProviderError | None = None

    def apply(self, event: Event) -> Event:
        """The event as the function shall see it."""
        return event if self.authorization is None else event.with_authorization(self.authorization)


ALLOWED, DENIED = Verdict(True), Verdict(False)


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Asks authorizers and remembers the answers for one event."""

    outbound: Outbound
    secrets: Secrets
    clock: Clock

    def ask(self, subscribers: list[Subscriber], event: Event, request: HttpRequest, deadline: Deadline) -> dict[str, Verdict]:
        """A verdict for each space of the subscribers. Raises Unavailable if the secrets of an authorizer cannot be read."""
        spaces = {each.space.name: each.space for each in subscribers}
        return {name: self._verdict(space, event, request, deadline) for name, space in spaces.items()}

    def _verdict(self, space: Space, event: Event, request: HttpRequest, deadline: Deadline) -> Verdict:
        event_type = space.event_types.get(event.type)
        if event_type is None or event_type.authorizer_id is None:
            return ALLOWED
        function = space.functions.get(event_type.authorizer_id)
        if function is None:
            return DENIED
        return self._call(function, event, request, deadline)

    def _call(self, function: Function, event: Event, request: HttpRequest, deadline: Deadline) -> Verdict:
        payload = dumps({"event": event.document(), "request": request.data(None)})
        provider = self.secrets.opened(function)
        call = Call(payload, Purpose.AUTHORIZE, deadline.remaining(), event.id, at=self.clock.time())
        try:
            return verdict(provider.call(call, self.outbound))
        except FunctionFailed as error:
            log.info("authorizer failed", extra={"space": function.space, "functionId": function.id, "error": error.log_text})
            return DENIED if (error.status or 0) < SERVER_ERROR else Verdict(False, error=error)
        except ProviderError as error:
            log.warning("authorizer cannot be asked", extra={"space": function.space, "functionId": function.id, "error": error.log_text})
            return Verdict(False, error=error)


def verdict(answer: bytes) -> Verdict:
    """Only an `authorization` with a principal allows, and only where there is no `error`."""
    try:
        document = loads(answer)
    except JsonError:
        return DENIED
    if not isinstance(document, dict) or document.get("error") is not None:
        return DENIED
    authorization = document.get("authorization")
    return _allow(authorization) if isinstance(authorization, dict) else DENIED


def _allow(authorization: JsonObject) -> Verdict:
    principal, context = authorization.get("principalId"), authorization.get("context")
    if not isinstance(principal, str) or not principal or not _is_context(context):
        return DENIED
    return Verdict(True, {"principalId": principal, "context": context})


def _is_context(context: JsonValue) -> bool:
    return context is None or (isinstance(context, dict) and all(isinstance(value, str) for value in context.values()))


def unavailable(verdicts: dict[str, Verdict]) -> Unavailable | None:
    """The error for the emitter if an authorizer could not be asked."""
    failed = next((each for each in verdicts.values() if each.error), None)
    return Unavailable("The authorizer could not be asked. Please try again.") if failed else None
