"""Instants: microseconds since the epoch, and as texts (RFC 3339)."""

from datetime import UTC, datetime, timedelta

from eventgateway.core.event import normal_time

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LAST = 10**16 - 1  # in the year 2286: all instants have at most 16 digits


def microseconds(seconds: float) -> int:
    """Of seconds since the epoch, which as a float know microseconds just so."""
    return round(seconds * 1_000_000)


def show(instant: int) -> str:
    """An instant as text, in UTC."""
    return (EPOCH + instant * MICROSECOND).isoformat().replace("+00:00", "Z")


def parse(text: str) -> int:
    """The instant of a text, at least 0 and at most LAST. Raises ValueError, InvalidRequest."""
    since = datetime.fromisoformat(normal_time(text)) - EPOCH
    return min(LAST, max(0, since // MICROSECOND))
