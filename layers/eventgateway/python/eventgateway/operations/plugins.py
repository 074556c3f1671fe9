"""Plugins and the events they take part in. Without plugins nothing is built: a look-up for each type of system event is all."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Self, cast

from eventgateway.core.errors import PluginError
from eventgateway.core.event import Event
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.json import JsonObject, dumps, restore
from eventgateway.core.plugin import Mode
from eventgateway.core.ports import Clock
from eventgateway.operations.deadline import Deadline
from eventgateway.operations.plugin_worker import PluginWorker, Running
from eventgateway.operations.system_events import (
    INVOCATION_FAILED,
    INVOKED,
    INVOKING,
    RECEIVED,
    FunctionCall,
    received_data,
    result_value,
)

log = logging.getLogger(__name__)

NO_DEADLINE = Deadline(inf)
REPLACEABLE = (RECEIVED, INVOKING)


@dataclass(slots=True)
class Wanted:
    """Who wants to be told a type of system event, in the order of their names."""

    sync: list[PluginWorker] = field(default_factory=list)
    asynchronous: list[PluginWorker] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plugins:
    """All plugins of an instance, by the types of system events that they want."""

    workers: Sequence[PluginWorker] = ()
    wanted: Mapping[str, Wanted] = field(default_factory=dict)

    @classmethod
    def of(cls, workers: Sequence[PluginWorker]) -> "Plugins":
        """Each plugin where it subscribed."""
        wanted: dict[str, Wanted] = {}
        for worker in sorted(workers, key=lambda each: each.name):
            for type_, mode in worker.subscriptions:
                there = wanted.setdefault(type_, Wanted())
                (there.sync if mode == Mode.SYNC else there.asynchronous).append(worker)
        return cls(workers, wanted)

    @property
    def is_stuck(self) -> bool:
        """Whether a plugin is overdue: it keeps a thread, so the instance had better be replaced."""
        return any(worker.overdue for worker in self.workers)

    def reactions(self, clock: Clock, deadline: Deadline = NO_DEADLINE) -> "Reactions":
        """For one event on its way."""
        return Reactions(self.wanted, clock, deadline) if self.wanted else NO_REACTIONS


NO_PLUGINS = Plugins()


@dataclass(frozen=True, slots=True)
class Reactions:
    """What plugins have to say about one event. At the end of its `with` block it waits for those that run beside the event."""

    wanted: Mapping[str, Wanted]
    clock: Clock
    deadline: Deadline
    running: list[tuple[PluginWorker, Running]] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker, call in self.running:
            try:
                worker.wait(call, self.deadline)
            except PluginError as error:
                log.warning("plugin failed beside the event", extra={"error": error.log_text})

    def received(self, event: Event, path: str, request: HttpRequest) -> Event:
        """An event came in: the event to go on with. Raises PluginError."""
        return self._react(RECEIVED, lambda: received_data(event, path, request)) or event

    def invoking(self, call: FunctionCall) -> Event | None:
        """A function is about to be called: the event it shall see, None if that stays the same. Raises PluginError."""
        return None if call.is_system else self._react(INVOKING, call.document)

    def invoked(self, call: FunctionCall, result: bytes) -> None:
        """A function was called with success. Raises PluginError."""
        if not call.is_system:
            self._react(INVOKED, lambda: {**call.document(), "result": result_value(result)})

    def invocation_failed(self, call: FunctionCall, message: str) -> None:
        """A function was called without success. Raises PluginError."""
        if not call.is_system:
            self._react(INVOCATION_FAILED, lambda: {**call.document(), "error": {"message": message}})

    def _react(self, type_: str, data: Callable[[], JsonObject]) -> Event | None:
        wanted = self.wanted.get(type_)
        return self._tell(wanted, type_, data()) if wanted else None

    def _tell(self, wanted: Wanted, type_: str, data: JsonObject) -> Event | None:
        """Ask one sync plugin after the other, each about what the one before it returned; then tell the async ones."""
        stamp, text, replacement = self.clock.stamp(), dumps(data), None
        for worker in wanted.sync:
            returned = worker.ask(Event.new(type_, restore(text), stamp), self.deadline)
            if type_ in REPLACEABLE and (event := worker.replacement(returned)):
                replacement, text = event, dumps({**data, "event": event.document()})
        for worker in wanted.asynchronous:
            self._start(worker, Event.new(type_, restore(text), stamp))
        return replacement

    def _start(self, worker: PluginWorker, event: Event) -> None:
        try:
            self.running.append((worker, worker.start(event)))
        except PluginError as error:
            log.info("plugin left out", extra={"error": error.log_text})


NO_REACTIONS = Reactions({}, cast("Clock", None), NO_DEADLINE)  # shared by all events: without plugins nobody reads its clock
