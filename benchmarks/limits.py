"""Limits that instances keep by leases, compared with one limiter that sees every event: simulated, with leases in memory.

`python -m benchmarks.limits` prints a table, and what a check takes beside the whole way of an event.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random

from benchmarks.check_time import measured
from benchmarks.cost import markdown
from benchmarks.memory_leases import MemoryLeases
from eventgateway.core.errors import LimitExceeded
from eventgateway.core.event import Stamp
from eventgateway.core.quota import Quota
from eventgateway.operations.limiter import Limiter

START = 1_800_000_000.0  # seconds since the epoch
INSTANCES = (1, 10, 50)
DEMANDS = (0.5, 0.9, 2.0)
SECONDS, SEED = 30.0, 1
Weights = Callable[[int, float], list[float]]  # of so many instances, at a time


@dataclass(slots=True)
class SimulatedClock:
    """Implements `Clock`."""

    now: float
    random: Random

    def time(self) -> float:
        """See `Clock`."""
        return self.now

    def jitter(self) -> float:
        """See `Clock`."""
        return self.random.random()

    def stamp(self) -> Stamp:
        """See `Clock`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Traffic:
    """Arrivals at random: `swing` multiplies the rate at a time, `weights` tell how likely each instance gets an event."""

    name: str
    swing: Callable[[float], float]
    weights: Weights

    def arrivals(self, rate: float, instances: int, seconds: float, random: Random) -> Iterator[tuple[float, int]]:
        """Times and instances, the rate of which is as given on average."""
        now, highest = 0.0, rate * 3
        while (now := now + random.expovariate(highest)) < seconds:
            if random.random() * 3 < self.swing(now):
                shares = list(accumulate(self.weights(instances, now)))
                yield now, random.choices(range(instances), cum_weights=shares)[0]


def steady(_: float) -> float:
    """The same rate all the time."""
    return 1.0


def bursty(now: float) -> float:
    """A second at three times the rate, two without anything."""
    return 3.0 if int(now) % 3 == 0 else 0.0


def evenly(instances: int, _: float) -> list[float]:
    """As a load balancer that has no favourite."""
    return [1.0] * instances


def skewed(instances: int, _: float) -> list[float]:
    """By Zipf's law: the second gets half of what the first one gets."""
    return [1 / (number + 1) for number in range(instances)]


def wandering(instances: int, now: float) -> list[float]:
    """Nearly everything goes to a fifth of the instances, each second to others."""
    few = max(1, instances // 5)
    return [1.0 if (number + int(now)) % instances < few else 0.02 for number in range(instances)]


TRAFFIC = (
    Traffic("steady", steady, evenly),
    Traffic("steady, skewed", steady, skewed),
    Traffic("steady, wandering", steady, wandering),
    Traffic("bursty", bursty, evenly),
    Traffic("bursty, skewed", bursty, skewed),
)


@dataclass(slots=True)
class PerfectLimiter:
    """A token bucket that sees all events."""

    rate: float
    burst: float
    tokens: float = field(init=False)
    seen_at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def admits(self, now: float) -> bool:
        """Whether there is a token."""
        self.tokens = min(self.burst, self.tokens + (now - self.seen_at) * self.rate)
        self.seen_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the events of one simulation."""

    events: int
    admitted: int
    perfect: int
    calls: int

    @property
    def error(self) -> float:
        """How far from perfect, as a share; below 0 too few were admitted."""
        return (self.admitted - self.perfect) / self.perfect

    @property
    def calls_per_event(self) -> float:
        """Calls of storage."""
        return self.calls / self.events


def simulate(traffic: Traffic, quota: Quota, instances: int, demand: float, seconds: float = SECONDS) -> Outcome:
    """Let so many instances keep a quota together, while `demand` times its rate is asked for."""
    random, leases = Random(SEED), MemoryLeases()  # noqa: S311 - chance, no secret
    clock = SimulatedClock(START, random)
    limiters = [Limiter(leases, clock, Quota("")) for _ in range(instances)]
    perfect = PerfectLimiter(quota.requests_per_second, quota.burst)
    events = admitted = ideal = 0
    for now, instance in traffic.arrivals(quota.requests_per_second * demand, instances, seconds, random):
        clock.now = START + now
        events += 1
        ideal += perfect.admits(now)
        admitted += _admits(limiters[instance], quota)
    return Outcome(events, admitted, ideal, leases.calls)


def _admits(limiter: Limiter, quota: Quota) -> bool:
    try:
        limiter.admit(quota.space, quota, 0)
    except LimitExceeded:
        return False
    return True


def table(quota: Quota, seconds: float = SECONDS) -> str:
    """For each traffic, number of instances and demand: the error, and calls of storage for a hundred events."""
    heads = ["Traffic", "Instances", *(f"{demand:.0%}" for demand in DEMANDS), *(f"calls at {demand:.0%}" for demand in DEMANDS)]
    rows = []
    for traffic in TRAFFIC:
        for instances in INSTANCES:
            found = [simulate(traffic, quota, instances, demand, seconds) for demand in DEMANDS]
            errors, calls = [f"{each.error:+.1%}" for each in found], [f"{100 * each.calls_per_event:.1f}" for each in found]
            rows.append([traffic.name, str(instances), *errors, *calls])
    return markdown(heads, rows)


if __name__ == "__main__":
    check, way = measured()
    print(f"A check takes {check:.1f} µs, an event in the router {way:.0f} µs: {check / way:.1%}\n")
    for rate in (100, 1000):
        print(f"{rate} requests a second, burst {2 * rate}:\n\n{table(Quota('space', rate, 2 * rate))}\n")
