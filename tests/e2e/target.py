"""HTTP functions on the loopback: each has a path of its own, keeps what it gets, and fails when it is told to."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.loopback import Loopback, Request, answer

DELIVERY_SECONDS = 60.0  # a cold start on a busy machine, a few polls of the queue


@dataclass
class Target:
    """`failures` is how many of its next calls fail; otherwise it answers `body`."""

    server: Loopback
    body: bytes = b"{}"
    failures: int = 0
    path: str = field(default_factory=lambda: f"/{uuid4().hex}")

    @property
    def url(self) -> str:
        return self.server.url(self.path)

    @property
    def requests(self) -> list[Request]:
        """What it got so far."""
        return [each for each in self.server.requests if each.target == self.path]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The CloudEvents that it got so far."""
        return [json.loads(each.body) for each in self.requests]

    def answer(self) -> bytes:
        """What its next caller gets."""
        if self.failures:
            self.failures -= 1
            return answer(b"", status="500 Oops")
        return answer(self.body, "Content-Type: application/json")

    def wait(self, number: int = 1) -> None:
        """Until it was called so often."""
        assert self.wait_until(lambda: len(self.requests) >= number), f"{len(self.requests)} of {number} calls"

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        """Whether a condition comes true in time."""
        return self.server.wait_until(condition, DELIVERY_SECONDS)


class Targets:
    """All functions of one server."""

    def __init__(self, server: Loopback) -> None:
        self._server, self._targets = server, {}
        server.script = lambda request: [self._targets[request.target].answer()]

    def new(self, **choices: Any) -> Target:
        """A function that nobody knows yet."""
        target = Target(self._server, **choices)
        self._targets[target.path] = target
        return target
