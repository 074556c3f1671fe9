"""Ending the process on SIGTERM and SIGINT: first politely, the second time at once."""

import os
import signal
from collections.abc import Callable
from time import monotonic

SECONDS = 10.0
INTERRUPTED = 130


class Shutdown:
    """Remembers that it was asked for, so that it may be asked for at any moment of the start."""

    def __init__(self) -> None:
        self._deadline: float | None = None
        self._actions: list[Callable[[], None]] = []

    def on_signals(self) -> None:
        """Obey SIGTERM and SIGINT. Nothing accepted is lost by an end at once: it is in the journal."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: os._exit(INTERRUPTED) if self.requested else self.request())

    @property
    def requested(self) -> bool:
        """Whether to end."""
        return self._deadline is not None

    def request(self) -> None:
        """End now."""
        self._deadline = monotonic() + SECONDS
        for action in self._actions:
            action()

    def then(self, action: Callable[[], None]) -> None:
        """Do something when it is time to end, which may be now."""
        self._actions.append(action)
        if self.requested:
            action()

    def seconds_left(self) -> float:
        """Of the time in which what runs may finish."""
        return SECONDS if self._deadline is None else max(1.0, self._deadline - monotonic())
