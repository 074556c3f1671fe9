"""One plugin at work: in threads of its own and within its time, so that whatever it does, the gateway goes on."""

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import reduce
from time import monotonic
from typing import cast

from eventgateway.core.errors import GatewayError, PluginError, PluginOverdue
from eventgateway.core.event import Event
from eventgateway.core.json import JsonError, JsonObject, dumps, restore
from eventgateway.core.plugin import Plugin, Refused, Subscription
from eventgateway.core.trace import trace
from eventgateway.operations.deadline import Deadline

log = logging.getLogger(__name__)

THREADS = 64
SPARE_LEVELS = 20  # of JSON: what the gateway puts around an event needs some
FAILED = "failed. Please check logs."


@dataclass(frozen=True, slots=True)
class Running:
    """A call of a plugin. `ends_at` is a reading of the monotonic clock."""

    future: Future[object]
    ends_at: float


@dataclass(slots=True)
class PluginWorker:
    """A plugin with its threads. `seconds` bounds each call; with `fails_open` events go on without it when that is over.

    Threads cannot be killed: until one that is overdue comes back, the plugin is not called again and counts as overdue at once.
    """

    name: str
    plugin: Plugin
    subscriptions: Sequence[Subscription] = ()
    seconds: float = 2.0
    fails_open: bool = False
    overdue: set[Future[object]] = field(default_factory=set)
    pool: ThreadPoolExecutor = field(init=False)

    def __post_init__(self) -> None:
        self.pool = ThreadPoolExecutor(THREADS, f"plugin-{self.name}")

    def ask(self, event: Event, deadline: Deadline) -> object:
        """What a sync plugin returns. Raises PluginError."""
        try:
            return self.wait(self.start(event), deadline)
        except PluginOverdue:
            if self.fails_open:
                return None
            raise

    def start(self, event: Event) -> Running:
        """Begin a call. Raises PluginOverdue if an earlier one has not come back."""
        if self.overdue:
            raise PluginOverdue(self.name)
        return Running(self.pool.submit(self.plugin.react, event), monotonic() + self.seconds)

    def wait(self, call: Running, deadline: Deadline) -> object:
        """What a call returns. Raises PluginError."""
        try:
            error = call.future.exception(max(0.0, min(call.ends_at - monotonic(), deadline.remaining())))
        except TimeoutError as late:
            self._give_up(call.future)
            raise PluginOverdue(self.name) from late
        if error is None:
            return call.future.result()
        raise self._error(error) from error

    def replacement(self, returned: object) -> Event | None:
        """A copy of the event that a plugin returned, which it may keep and change; None if it returned none. Raises PluginError."""
        try:
            return None if returned is None else _copy(returned)
        except (GatewayError, JsonError, TypeError) as error:
            self._log("plugin returned what is no valid event", error)
            raise PluginError(self.name, FAILED) from error

    def _log(self, what: str, error: BaseException) -> None:
        """What the error says may quote the event, so only debugging shows it."""
        log.error(what, extra={"plugin": self.name, **trace(error)})
        log.debug(what, exc_info=error, extra={"plugin": self.name})

    def _give_up(self, future: Future[object]) -> None:
        log.warning("plugin did not answer in time, it is left alone until it does", extra={"plugin": self.name, "seconds": self.seconds})
        self.overdue.add(future)
        future.add_done_callback(self.overdue.discard)
        future.cancel()  # succeeds if it waited for a thread only

    def _error(self, error: BaseException) -> PluginError:
        if isinstance(error, Refused):
            return PluginError(self.name, "refused the event", error.status, str(error))
        self._log("plugin failed", error)
        return PluginError(self.name, FAILED)


def _copy(returned: object) -> Event:
    if not isinstance(returned, Event):
        raise TypeError(f"{type(returned).__name__} is no Event")
    document = restore(dumps(_wrapped(returned.document()))[SPARE_LEVELS:-SPARE_LEVELS])
    event = Event.parse(document if isinstance(document, dict) else {})
    if event.is_system:
        raise TypeError(f"{event.type!r}: system events are emitted by the gateway only")
    return event


def _wrapped(document: JsonObject) -> object:
    return reduce(lambda inner, _: [inner], range(SPARE_LEVELS), cast("object", document))
