"""The time that all steps of one request share."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

LEAST = 0.05


@dataclass(frozen=True, slots=True)
class Deadline:
    """`at` is a reading of `clock`, in seconds."""

    at: float
    clock: Callable[[], float] = monotonic

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """So many seconds from now."""
        return cls(monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, never less than a moment, so that what is called fails by its own time-out."""
        return max(LEAST, self.at - self.clock())
