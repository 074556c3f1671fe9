"""Requests that go on while something else happens."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from threading import Event, Lock, Thread
from typing import Self

CALLERS = 2
PAUSE = 0.1  # seconds between two requests of a caller


@dataclass
class Traffic:
    """`call` gets a number and tells how it went; `outcomes` counts that. Runs until the end of the `with` block."""

    call: Callable[[int], object]
    outcomes: Counter[object] = field(default_factory=Counter)
    _over: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    @property
    def calls(self) -> int:
        """How many were made so far."""
        return self.outcomes.total()

    def __enter__(self) -> Self:
        self._threads = [Thread(target=self._go_on, args=(number,)) for number in range(CALLERS)]
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join()

    def _go_on(self, number: int) -> None:
        while not self._over.wait(PAUSE):
            outcome: object = "no answer"
            with suppress(OSError, HTTPException):
                outcome = self.call(number)
            number += CALLERS
            with self._lock:
                self.outcomes[outcome] += 1
