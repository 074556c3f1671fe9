"""The Events API: decode, tell, authorize, queue, call, answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

from eventgateway.core.cors import CorsRule, is_preflight
from eventgateway.core.decode import decode
from eventgateway.core.delivery import Delivery, deliveries
from eventgateway.core.errors import FunctionUnreachable, NotAuthorized, PayloadTooLarge, ProviderError, SpaceSuspended, SystemEventRefused
from eventgateway.core.event import Event
from eventgateway.core.event_type import HTTP_REQUEST
from eventgateway.core.hosting import STANDALONE, Standalone
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.ports import Claims, Clock
from eventgateway.core.provider import Call, Outbound, Provider, Purpose
from eventgateway.core.result import Result, parse_result
from eventgateway.core.routing import RoutingTable, Subscriber
from eventgateway.core.space import Space
from eventgateway.core.usage import CUSTOM
from eventgateway.operations.authorize import Authorizer, Verdict, unavailable
from eventgateway.operations.deadline import Deadline
from eventgateway.operations.deduplicate import NO_CLAIMS, Held, hold, rules_for
from eventgateway.operations.outbox import Outbox
from eventgateway.operations.plugins import NO_PLUGINS, Plugins, Reactions
from eventgateway.operations.secrets import NO_SECRETS, Secrets
from eventgateway.operations.spaces import Configuration
from eventgateway.operations.system_events import FunctionCall, SystemEvents, send_afterwards
from eventgateway.operations.usage import NO_USAGE, Usage

BODY_LIMIT = 4 * 1024 * 1024
ACCEPTED = Result(202)
Check = Callable[[Space, HttpRequest], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request has come in: who may be there, at which path, and the space if it names one."""

    table: RoutingTable
    path: str
    space: Space | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """Receives events; everything that does not depend on the single event is built once.

    `checks` are made once for each space that is concerned, before anything is queued or called; they raise GatewayErrors.
    """

    spaces: Configuration
    outbox: Outbox
    outbound: Outbound
    clock: Clock
    claims: Claims
    request_seconds: float = 28.0
    plugins: Plugins = NO_PLUGINS
    usage: Usage = NO_USAGE
    secrets: Secrets = NO_SECRETS
    hosting: Standalone = STANDALONE
    checks: Sequence[Check] = ()

    @property
    def system_events(self) -> SystemEvents:
        """Makes the events about this gateway's own work."""
        return SystemEvents(self.clock, self.usage)

    def place(self, request: HttpRequest) -> Place:
        """Where a request has come in. Raises Unavailable, in hosted mode UnknownSpace."""
        location = self.hosting.locate(request)
        table = self.spaces.routing(location.space)
        return Place(table, location.path, table.spaces.get(location.space))

    def cors(self, request: HttpRequest, place: Place) -> CorsRule | None:
        """The CORS rule of a request; for a preflight the one of the request it asks about."""
        preflight = is_preflight(request.method, request.headers)
        method = request.header("access-control-request-method") if preflight else request.method
        return place.table.cors(method, place.path)

    def receive(self, request: HttpRequest, place: Place | None = None) -> Result:
        """Answer one request. Raises a GatewayError.

        Nothing was called or queued then, unless it is a ProviderError, a MalformedResult, or a PluginError after the call.
        """
        deadline = Deadline.after(self.request_seconds)
        if len(request.body) > BODY_LIMIT:
            raise PayloadTooLarge(f"The body has {len(request.body)} bytes, the limit is {BODY_LIMIT}.")
        place = place or self.place(request)
        if place.space:
            self._check(place.space, request)
        event = decode(request, self.clock.stamp)
        if event.is_system:
            raise SystemEventRefused
        with self.plugins.reactions(self.clock, deadline) as reactions:
            return self._route(place, reactions.received(event, place.path, request), request, deadline, reactions)

    def _check(self, space: Space, request: HttpRequest) -> None:
        if space.is_suspended:
            raise SpaceSuspended(space.name)
        for check in self.checks:
            check(space, request)

    def _route(self, place: Place, event: Event, request: HttpRequest, deadline: Deadline, reactions: Reactions) -> Result:
        target = (request.method, place.path, event.type)
        synchronous, asynchronous = place.table.synchronous(*target), place.table.asynchronous(*target)
        subscribers = [*asynchronous, synchronous] if synchronous else asynchronous
        if place.space is None:
            for space in {each.space.name: each.space for each in subscribers}.values():
                self._check(space, request)
        verdicts = Authorizer(self.outbound, self.secrets, self.clock).ask(subscribers, event, request, deadline)
        if asynchronous and (error := unavailable({each.space.name: verdicts[each.space.name] for each in asynchronous})):
            raise error
        if synchronous and event.is_http_request:
            event = event.with_params(synchronous.params)
        exchange = _Exchange(self, place.table, place.path, event, request, deadline, reactions)
        return exchange.run(synchronous, asynchronous, verdicts)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One authorized event on its way to its subscribers."""

    receiver: Receiver
    table: RoutingTable
    path: str
    event: Event
    request: HttpRequest
    deadline: Deadline
    reactions: Reactions

    def run(self, synchronous: Subscriber | None, asynchronous: list[Subscriber], verdicts: dict[str, Verdict]) -> Result:
        """Queue what is asynchronous in as few calls as possible, then call the synchronous function."""
        with self._held(verdicts) if synchronous is None else NO_CLAIMS as held:
            new = held.new(asynchronous)
            self._count(synchronous, new, verdicts)
            if held.duplicates and not new:
                return ACCEPTED
            call = self._prepare(synchronous, verdicts) if synchronous else None
            outbox = self.receiver.system_events.received(self.table, self.event, self.path, self.request)
            outbox += self._deliveries(new, verdicts, held)
            if call:
                outbox += self.receiver.system_events.invoking(self.table, call.about)
            if outbox:
                self.receiver.outbox.send(outbox)
        if synchronous and call is None:
            raise NotAuthorized
        return call.run(self) if call else ACCEPTED

    def _count(self, synchronous: Subscriber | None, asynchronous: list[Subscriber], verdicts: dict[str, Verdict]) -> None:
        """Each subscriber counts: as received, and as dropped where its authorizer denied."""
        counted = [(each.space.name, CUSTOM) for each in asynchronous]
        counted += [(synchronous.space.name, _type(self.event))] if synchronous else []
        for space, type_ in counted:
            self.receiver.usage.received(space, type_)
            if not verdicts[space].allowed:
                self.receiver.usage.dropped(space, type_)

    def _held(self, verdicts: dict[str, Verdict]) -> Held:
        """The claims of an event that nobody waits for; most types of events need none. Raises EventPending, Unavailable."""
        found = rules_for(self.table, self.event, verdicts)
        held = hold(self.receiver.claims, self.receiver.clock, self.event, found) if found else NO_CLAIMS
        for space in held.duplicates:
            self.receiver.usage.duplicate(space)
        return held

    def _deliveries(self, subscribers: list[Subscriber], verdicts: dict[str, Verdict], held: Held) -> list[Delivery]:
        """One for each subscriber of a space whose authorizer allows; the event may differ by what the authorizer added."""
        if not subscribers:
            return []
        receipt = (self.receiver.clock.stamp().id, self.receiver.clock.time())
        made: list[Delivery] = []
        for space, members in groupby(subscribers, lambda each: each.space.name):
            if verdicts[space].allowed:
                made += deliveries(list(members), verdicts[space].apply(self.event), *held.receipt(space, receipt))
        return made

    def _prepare(self, subscriber: Subscriber, verdicts: dict[str, Verdict]) -> "_SyncCall | None":
        verdict = verdicts[subscriber.space.name]
        if not verdict.allowed:
            return None
        function = subscriber.function
        provider = self.receiver.secrets.opened(function) if function else None
        event = verdict.apply(self.event)
        about = FunctionCall(subscriber.space.name, subscriber.subscription.function_id, event.is_system, event.document)
        if replacement := self.reactions.invoking(about):
            event, about = replacement, replace(about, event=replacement.document)
        return _SyncCall(subscriber, provider, event, about)


@dataclass(frozen=True, slots=True)
class _SyncCall:
    """The synchronous function and the event as it shall see it."""

    subscriber: Subscriber
    provider: Provider | None
    event: Event
    about: FunctionCall

    def run(self, exchange: _Exchange) -> Result:
        """Call the function once and map its result. Raises ProviderError, MalformedResult."""
        tell = partial(self._tell, exchange)
        try:
            if self.provider is None:
                raise FunctionUnreachable("the function is not registered")
            now = exchange.receiver.clock.time()
            call = Call(self.event.json(), Purpose.SYNC, exchange.deadline.remaining(), self.event.id, at=now)
            answer = self.provider.call(call, exchange.receiver.outbound)
        except ProviderError as error:
            tell(error.message, b"")
            raise
        tell(None, answer)
        return parse_result(answer)

    def _tell(self, exchange: _Exchange, error: str | None, answer: bytes) -> None:
        events = exchange.receiver.system_events
        table = exchange.table
        made = events.invoked(table, self.about, answer) if error is None else events.invocation_failed(table, self.about, error)
        send_afterwards(exchange.receiver.outbox, made)
        exchange.receiver.usage.processed(self.subscriber.space.name, _type(self.event))
        if error is None:
            exchange.reactions.invoked(self.about, answer)
        else:
            exchange.reactions.invocation_failed(self.about, error)


def _type(event: Event) -> str:
    """How the original's metrics name the type of a synchronous event."""
    return HTTP_REQUEST if event.is_http_request else CUSTOM
