"""Time that only passes when something takes it, shared by all clocks of a simulated world."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from eventgateway.operations.deadline import Deadline
from tests.faults.chance import Chance, Died
from tests.memory import FakeClock


@dataclass
class SimulatedTime(FakeClock):
    """Implements `Clock`. Invocations end when their time is over, whatever they are doing: then the next step raises Died."""

    ends: list[float] = field(default_factory=list)

    @contextmanager
    def invocation(self, seconds: float) -> Iterator[None]:
        """An invocation that has so much time."""
        self.ends.append(self.now + seconds)
        try:
            yield
        finally:
            self.ends.pop()

    def left(self) -> float:
        """Seconds that the running invocation has."""
        return self.ends[-1] - self.now

    def step(self, chance: Chance) -> None:
        """Something happens in a process: if it is still there."""
        if self.ends and (self.left() < 0 or chance.strikes("die")):
            raise Died

    def deadline(self, seconds: float) -> Deadline:
        """In place of `Deadline.after`."""
        return Deadline(self.now + seconds, self.time)
