"""When a failed delivery is tried again."""

from dataclasses import dataclass

MINUTE, HOUR = 60.0, 3600.0
SHORTEST = 1.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Attempts in all, the seconds to wait after each, and how old a delivery may get (seconds).

    Jitter is equal: half of the wait is fixed, half random, so that retries spread and none comes at once.
    """

    max_attempts: int = 8
    waits: tuple[float, ...] = (1.0, 5.0, 30.0, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR)
    max_age: float = 24 * HOUR

    def wait(self, attempt: int, age: float, jitter: float) -> float | None:
        """Seconds until the next attempt after attempt number `attempt` (from 1) failed, None if that was the last.

        `age` is the time since the event was accepted, `jitter` a number in [0, 1).
        """
        if attempt >= self.max_attempts:
            return None
        full = self.waits[min(attempt, len(self.waits)) - 1]
        wait = max(SHORTEST, full / 2 + full / 2 * jitter)
        return wait if age + wait <= self.max_age else None


DEFAULT_RETRY = RetryPolicy()
