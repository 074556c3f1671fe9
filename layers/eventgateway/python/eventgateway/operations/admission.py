"""Who may use the Config API: whoever has the operator key, in hosted mode tenants with their access keys too."""

import logging
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from threading import Lock

from eventgateway.core.caller import OPERATOR, Caller
from eventgateway.core.errors import AccessRefused, Unavailable
from eventgateway.core.ports import Clock, KeySource

log = logging.getLogger(__name__)

KEPT_SECONDS = 60.0  # so a rotation counts within a minute
STALE_SECONDS = 900.0
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class GivenKey:
    """Implements `KeySource`: a key that does not change."""

    key: str = field(repr=False)

    def read(self) -> str:
        """See `KeySource`."""
        return self.key


@dataclass(slots=True, eq=False)
class Admission:
    """Thread-safe. The key is read with the first request that brings one; only its digest is kept.

    It is used for KEPT_SECONDS, and while its source is away for STALE_SECONDS.
    """

    source: KeySource
    clock: Clock
    digest: bytes = b""
    read_at: float = float("-inf")
    due: float = float("-inf")  # when to read it again
    lock: Lock = field(default_factory=Lock)

    def admit(self, key: str) -> Caller:
        """The operator, for the operator key. Raises AccessRefused for another one, Unavailable."""
        if not compare_digest(_digest(key), self._expected()):
            raise AccessRefused
        return OPERATOR

    def _expected(self) -> bytes:
        with self.lock:
            now = self.clock.time()
            if not 0 < self.due - now <= KEPT_SECONDS:  # also if the clock was set back
                self._refresh(now)
            if not 0 <= now - self.read_at < STALE_SECONDS:
                raise unreadable()
            return self.digest

    def _refresh(self, now: float) -> None:
        try:
            self.digest = _digest(self.source.read())
        except Unavailable:
            log.warning("the operator key cannot be read", extra={"age": now - self.read_at if self.digest else None})
            self.due = now + RETRY_SECONDS
        else:
            self.read_at, self.due = now, now + KEPT_SECONDS


def unreadable() -> Unavailable:
    """The error of a key that cannot be checked."""
    return Unavailable("Keys cannot be checked at the moment. Please try again.")


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()
