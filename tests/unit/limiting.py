"""Instances of the router that keep the limits of a space together."""

from benchmarks.memory_leases import MemoryLeases
from eventgateway.core.errors import LimitExceeded
from eventgateway.core.quota import NO_LIMITS, Quota
from eventgateway.operations.limiter import Limiter
from tests.memory import NOON, FakeClock

TEN = Quota("default", 10, 20)
DAILY = Quota("default", events_per_day=100)
MIDNIGHT = NOON - NOON % 86_400 + 86_400


class Instances:
    """Instances of the router that share clock and leases."""

    def __init__(self, number=1, defaults=NO_LIMITS):
        self.clock, self.leases = FakeClock(), MemoryLeases()
        self.limiters = [Limiter(self.leases, self.clock, defaults) for _ in range(number)]

    def admits(self, quota=TEN, size=0, instance=0):
        return self.refusal(quota, size, instance) is None

    def refusal(self, quota=TEN, size=0, instance=0):
        try:
            self.limiters[instance].admit("default", quota, size)
        except LimitExceeded as error:
            return error
        return None

    def admitted(self, quota, events, seconds, instance=0):
        """How many of so many events are admitted that come one after another in so many seconds."""
        found = 0
        for _ in range(events):
            found += self.admits(quota, 0, instance)
            self.clock.advance(seconds / events)
        return found

    @property
    def ledger(self):
        return self.leases.ledgers["default"]
