"""How much was asked for lately."""

from dataclasses import dataclass

from eventgateway.core.lease import SECOND


@dataclass(slots=True)
class Demand:
    """Events and their bytes of about the last second: those of this one, and of the one before what is not yet older."""

    since: int = 0  # microseconds since the epoch
    events: int = 0
    bytes: int = 0
    events_before: int = 0
    bytes_before: int = 0

    def add(self, now: int, size: int) -> None:
        """Another event of so many bytes."""
        if not 0 <= now - self.since < SECOND:
            self._turn(now)
        self.events += 1
        self.bytes += size

    def lately(self, now: int) -> tuple[float, float]:
        """Events and bytes."""
        share = max(0.0, 1 - (now - self.since) / SECOND)
        return self.events + share * self.events_before, self.bytes + share * self.bytes_before

    def _turn(self, now: int) -> None:
        follows = SECOND <= now - self.since < 2 * SECOND
        self.events_before, self.bytes_before = (self.events, self.bytes) if follows else (0, 0)
        self.since = self.since + SECOND if follows else now
        self.events = self.bytes = 0
