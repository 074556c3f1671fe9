"""What goes wrong, and when: drawn from one source of randomness, so that a seed (or hypothesis) repeats a whole schedule."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

RATES = (0.0, 0.0, 0.0, 0.05, 0.2, 0.5)
FAILURES = (0.0, 0.1, 0.5, 1.0)
KINDS = (
    "refuse",  # AWS says no, or times out, before the call took effect
    "lose",  # the call took effect, its answer got lost
    "part",  # a batch is confirmed in part
    "copy",  # SQS hands out a message once more, or takes one twice
    "shuffle",  # SQS hands out messages in another order
    "die",  # the process ends between two steps
    "hurry",  # an invocation has little time left
    "garble",  # the answer of an invocation makes no sense
    "overlap",  # another invocation runs while a function is called
    "fail",  # a function fails, in one of many ways
    "stall",  # a function takes its time
)
BY_FUNCTIONS = ("fail", "stall")


class Died(BaseException):
    """The process is gone: nothing in it may catch this."""


class Violation(BaseException):
    """The gateway did what it must never do: it may not catch this either."""


def insist(holds: bool, what: str) -> None:
    """Raise Violation unless it holds."""
    if not holds:
        raise Violation(what)


@dataclass
class Chance:
    """Strikes with a rate for each kind of fault. Everything but functions is calm once it struck `budget` times, so that all ends."""

    random: Random
    budget: int = 60
    rates: dict[str, float] = field(default_factory=dict)
    struck: Counter[str] = field(default_factory=Counter)

    @classmethod
    def drawn(cls, random: Random, *kinds: str) -> "Chance":
        """A schedule in which each of some kinds (all, if none is named) happens never, rarely or often."""
        return cls(random, rates={kind: random.choice(FAILURES if kind == "fail" else RATES) for kind in kinds or KINDS})

    def gentler(self, factor: float) -> "Chance":
        """The same with lower rates of all but functions, for worlds of more steps."""
        self.rates = {kind: rate if kind in BY_FUNCTIONS else rate * factor for kind, rate in self.rates.items()}
        return self

    def strikes(self, kind: str) -> bool:
        """Whether it happens now."""
        rate = self.rates.get(kind, 0.0)
        if not rate or self.random.random() >= rate:
            return False
        if kind not in BY_FUNCTIONS:
            if self.budget <= 0:
                return False
            self.budget -= 1
        self.struck[kind] += 1
        return True

    def pick(self, *choices: Any) -> Any:
        """Any of some choices."""
        return self.random.choice(choices)

    def shuffled(self, things: list[Any]) -> list[Any]:
        """The same things in another order."""
        return self.random.sample(things, len(things))
