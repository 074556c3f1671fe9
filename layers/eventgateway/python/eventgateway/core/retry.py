"""When a failed delivery is tried again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime

from eventgateway.core.document import Fields
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.json import JsonObject, JsonValue

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
SHORTEST = 1.0
LONGEST_ASKED = 2 * HOUR  # of what a function may ask for with Retry-After
THROTTLED_STEPS = 2  # so many waits are left out where the function's platform asks for fewer calls
ATTEMPTS_LIMIT, AGE_LIMIT = 50, int(7 * DAY)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Attempts in all, the seconds to wait after each, how old a delivery may get (seconds), and a factor on all waits.

    Jitter is equal: half of the wait is fixed, half random, so that retries spread and none comes at once.
    """

    max_attempts: int = 8
    waits: tuple[float, ...] = (1.0, 5.0, 30.0, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, 2 * HOUR)
    max_age: float = DAY
    scale: float = 1.0

    def wait(self, attempt: int, jitter: float, *, asked: float = 0.0, throttled: bool = False) -> float:
        """Seconds to wait after attempt number `attempt` (from 1) failed; the last wait is repeated.

        `jitter` is a number in [0, 1), `asked` what the function wants at least: it gets up to two hours.
        """
        step = attempt - 1 + (THROTTLED_STEPS if throttled else 0)
        full = self.waits[min(step, len(self.waits) - 1)]
        return self.scale * max(SHORTEST, full / 2 + full / 2 * jitter, min(asked, LONGEST_ASKED))

    def end(self, attempts: int, age: float) -> str:
        """Why there is no further attempt after so many, at an age (seconds) that it would have; empty if there is one."""
        if attempts >= self.max_attempts:
            return f"{attempts} of {self.max_attempts} attempts failed"
        return f"the next attempt would be later than {self.max_age:.0f} seconds after the event" if age > self.max_age else ""

    def given_by(self, retry: "Retry | None") -> "RetryPolicy":
        """This policy with what a subscription wants otherwise."""
        if retry is None:
            return self
        return replace(self, max_attempts=retry.max_attempts or self.max_attempts, max_age=retry.max_age or self.max_age)


@dataclass(frozen=True, slots=True)
class Retry:
    """What a subscription says about retries: attempts in all, the greatest age in seconds; 0 leaves it to the gateway."""

    max_attempts: int = 0
    max_age: int = 0

    @classmethod
    def restore(cls, document: Mapping[str, JsonValue] | None) -> "Retry | None":
        """Read `{maxAttempts, maxAgeSeconds}`, None if nothing is set. Raises InvalidRequest for a wrong type or value."""
        fields = Fields(document or {})
        retry = cls(_within(fields, "maxAttempts", ATTEMPTS_LIMIT), _within(fields, "maxAgeSeconds", AGE_LIMIT))
        return retry if retry.document() else None

    def document(self) -> JsonObject:
        """What is set."""
        both: JsonObject = {"maxAttempts": self.max_attempts, "maxAgeSeconds": self.max_age}
        return {name: value for name, value in both.items() if value}


def _within(fields: Fields, name: str, limit: int) -> int:
    value = fields.whole(name)
    if fields.document.get(name) is not None and not 1 <= value <= limit:
        raise InvalidRequest(f"retry.{name} must be a whole number from 1 to {limit}")
    return value


def asked_wait(retry_after: str, now: float) -> float:
    """Seconds that a Retry-After header asks for (RFC 9110, section 10.2.3: a number or a date); 0 if it makes no sense."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)


DEFAULT_RETRY = RetryPolicy()
