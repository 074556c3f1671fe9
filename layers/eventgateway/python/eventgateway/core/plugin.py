"""Plugins: code of the gateway's operator that takes part in its work. What one is."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple, Protocol

from eventgateway.core.event import Event

CLIENT_ERROR, END_OF_ERRORS = 400, 600


class Mode(StrEnum):
    """Whether the event waits for the plugin."""

    SYNC = "sync"  # it waits: the plugin may stop or replace it
    ASYNC = "async"  # the plugin is told beside it


class Subscription(NamedTuple):
    """A type of system event that a plugin wants to be told, and how."""

    event_type: str
    mode: str = Mode.SYNC


class Plugin(Protocol):
    """What a class must have to be a plugin. It is built once for each instance of the gateway, and called by several threads."""

    def subscriptions(self) -> Iterable[tuple[str, str]]:
        """What it wants to be told. Asked once."""

    def react(self, event: Event) -> Event | None:
        """Take part. `event` is the system event; what a sync plugin returns replaces the event that it is about.

        Raise `Refused` to stop the event on purpose.
        """


class Refused(Exception):
    """Raised by a sync plugin to stop the event with an answer of its own: a message for the emitter and a status, 400 to 599."""

    status = CLIENT_ERROR

    def __init__(self, message: str = "", status: int = CLIENT_ERROR) -> None:
        super().__init__(message)
        if not isinstance(status, int) or not CLIENT_ERROR <= status < END_OF_ERRORS:
            raise ValueError(f"{status!r} is no status of an error: 400 to 599")
        self.status = status


def headers(event: Event) -> dict[str, str]:
    """The headers of the request behind `event.received`, under their canonical names (`Content-Type`); empty for other events."""
    found = event.data.get("headers") if isinstance(event.data, dict) else None
    return {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def subject(event: Event) -> Event:
    """The event that a system event is about."""
    document = event.data.get("event") if isinstance(event.data, dict) else None
    if not isinstance(document, dict):
        raise TypeError(f"{event.type!r} is not about an event")
    return Event.parse(document)
