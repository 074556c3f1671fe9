"""Ports that fail by chance: before a call took effect, or behind it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from eventgateway.core.errors import FunctionOverflow, FunctionThrottled, FunctionUnreachable, Unavailable
from eventgateway.core.provider import HttpAnswer
from eventgateway.core.retry import LONGEST_ASKED
from eventgateway.core.target import Target
from tests.faults.chance import Chance, insist
from tests.faults.simulated_time import SimulatedTime
from tests.memory import MemoryStore
from tests.records import MemoryAttempts, MemoryDeadLetters, MemoryPayloads

AWAY = Unavailable("It is away.")
SLOWEST = 40.0


@dataclass
class Faults:
    """One world's sources of faults."""

    clock: SimulatedTime
    chance: Chance

    @contextmanager
    def around(self) -> Iterator[None]:
        """A call of AWS: the process may end before and behind it, AWS may refuse it, its answer may get lost."""
        self.clock.step(self.chance)
        if self.chance.strikes("refuse"):
            self.clock.advance(self.chance.pick(0.1, 6.0))
            raise AWAY
        yield
        self.clock.step(self.chance)
        if self.chance.strikes("lose"):
            self.clock.advance(15.0)
            raise AWAY


def flaky(port: type, *methods: str) -> type:
    """A fake whose methods fail by chance."""

    def method(name: str) -> Callable[..., Any]:
        original = getattr(port, name)

        def called(self: Any, *arguments: Any) -> Any:
            with self.faults.around():
                return original(self, *arguments)

        return called

    made = type(f"Flaky{port.__name__}", (port,), {name: method(name) for name in methods})
    return dataclass(type(made.__name__, (made,), {"__annotations__": {"faults": Faults}, "faults": None}))


@dataclass
class ManyLetters(MemoryDeadLetters):
    """Looks for a letter to replace only where there is one."""

    keys: set[tuple[str, str]] = field(default_factory=set)

    def _drop(self, space: str, key: str) -> None:
        if (space, key) in self.keys:
            super()._drop(space, key)
        self.keys.add((space, key))


FlakyStore = flaky(MemoryStore, "gateway_version", "space_versions", "load", "changes")
FlakyPayloads = flaky(MemoryPayloads, "put", "get")
FlakyAttempts = flaky(MemoryAttempts, "begin")
FlakyDeadLetters = flaky(ManyLetters, "put")


@dataclass(frozen=True)
class Made:
    """A call of a function: of which event, for which delivery; `is_success` if the gateway got to know that it succeeded."""

    event: str
    function: str
    delivery: str
    at: float
    is_success: bool


@dataclass
class FlakyFunctions:
    """Implements `Outbound` over HTTP functions that fail by chance. `bodies` are the events by their ids, as they must arrive."""

    faults: Faults
    meanwhile: Callable[[], object] = lambda: None
    calls: list[Made] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    asked: dict[tuple[str, float], float] = field(default_factory=dict)

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float, private: Mapping[str, str]) -> HttpAnswer:
        clock, chance = self.faults.clock, self.faults.chance
        insist(0 < timeout <= clock.left(), "a call must end before its invocation does")
        clock.step(chance)
        if chance.strikes("overlap"):
            self.meanwhile()
        call = (headers["X-Event-Id"], url.rpartition("/")[2], headers["X-Delivery-Id"])
        insist(self.bodies.get(call[0], body) == body, "an event must arrive as it was sent")
        try:
            answer = self._answer(timeout)
        except BaseException:
            self.calls.append(Made(*call, clock.now, is_success=False))
            raise
        is_success = 200 <= answer.status < 300
        self.calls.append(Made(*call, clock.now, is_success))
        if answer.retry_after:
            self.asked[call[2], clock.now] = self._seconds(answer.retry_after)
        clock.step(chance)
        return answer

    def aws(self, target: Target, operation: str, *_: object, **__: object) -> Any:
        raise AssertionError(f"nobody should call {target} {operation}")

    def _answer(self, timeout: float) -> HttpAnswer:
        clock, chance = self.faults.clock, self.faults.chance
        seconds = chance.pick(4.0, SLOWEST) if chance.strikes("stall") else 0.01
        clock.advance(min(seconds, timeout))
        if seconds > timeout:
            raise FunctionUnreachable("timed out")
        return self._failure() if chance.strikes("fail") else HttpAnswer(200, b"{}")

    def _failure(self) -> HttpAnswer:
        later = formatdate(int(self.faults.clock.now) + 900, usegmt=True)
        failure = self.faults.chance.pick(
            FunctionUnreachable("refused"),
            FunctionUnreachable("the connection was closed without an answer"),
            FunctionThrottled("slow down"),
            FunctionOverflow("the platform", 2, 1),
            HttpAnswer(500, b""),
            HttpAnswer(301, b""),
            HttpAnswer(410, b""),
            HttpAnswer(429, b"", "30"),
            HttpAnswer(503, b"", later),
            HttpAnswer(503, b"", "999999"),
            HttpAnswer(503, b"", "soon"),
        )
        if isinstance(failure, Exception):
            raise failure
        return failure

    def _seconds(self, retry_after: str) -> float:
        """What a header asks for, as far as it is granted; dates have whole seconds."""
        if "GMT" in retry_after:
            return int(self.faults.clock.now) + 900 - self.faults.clock.now
        return min(LONGEST_ASKED, float(retry_after)) if retry_after.isdigit() else 0.0
