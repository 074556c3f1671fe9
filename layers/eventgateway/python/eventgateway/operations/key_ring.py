"""Access keys as one instance knows them: looked up once in a while, those that nobody has too."""

import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from hmac import compare_digest
from threading import Lock

from eventgateway.core.access_key import AccessKey
from eventgateway.core.caller import Caller
from eventgateway.core.errors import AccessRefused, Unavailable
from eventgateway.core.key import digest
from eventgateway.core.ports import Clock, TenantStore
from eventgateway.operations.admission import unreadable

log = logging.getLogger(__name__)

KEPT_SECONDS = 30.0
STALE_SECONDS = 60.0  # a revocation counts after so long, whatever else happens
MOST_KEYS, MOST_UNKNOWN = 10_000, 10_000
RETRY_SECONDS = 1.0  # so long a store that is away is not asked again
USE_SECONDS = 3600.0  # how exactly it is known when a key was used last
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class _Found:
    """A key, or that there is none, and when that was read."""

    key: AccessKey | None
    at: float


@dataclass(slots=True, eq=False)
class KeyRing:
    """Thread-safe. What was read counts for KEPT_SECONDS, and while the store is away for STALE_SECONDS."""

    store: TenantStore
    clock: Clock
    found: OrderedDict[str, _Found] = field(default_factory=OrderedDict)
    unknown: OrderedDict[str, _Found] = field(default_factory=OrderedDict)  # apart: who makes up keys must not drive out the others
    used: dict[str, float] = field(default_factory=dict)
    failed_at: float = NEVER
    lock: Lock = field(default_factory=Lock)

    def caller(self, key: str) -> Caller:
        """Who has a key. Raises AccessRefused, Unavailable."""
        now = self.clock.time()
        known = self._find(digest(key), now).key
        if known is None or not known.is_valid(now):
            raise AccessRefused
        self._note_use(known, now)
        return known.caller()

    def _find(self, wanted: str, now: float) -> _Found:
        with self.lock:
            found = self.found.get(wanted) or self.unknown.get(wanted)
        if found and 0 <= now - found.at < KEPT_SECONDS:
            return found
        try:
            read = _Found(self._read(wanted, now), now)
        except Unavailable as error:
            if found and 0 <= self.clock.time() - found.at < STALE_SECONDS:  # it may have taken long to learn that nobody answers
                return found
            raise unreadable() from error
        self._keep(wanted, read)
        return read

    def _read(self, wanted: str, now: float) -> AccessKey | None:
        if 0 <= now - self.failed_at < RETRY_SECONDS:
            raise unreadable()
        try:
            key = self.store.find_key(wanted)
        except Unavailable:
            self.failed_at = self.clock.time()
            raise
        return key if key and compare_digest(key.digest, wanted) else None

    def _keep(self, wanted: str, read: _Found) -> None:
        with self.lock:
            self.found.pop(wanted, None)
            self.unknown.pop(wanted, None)
            kept, most = (self.found, MOST_KEYS) if read.key else (self.unknown, MOST_UNKNOWN)
            kept[wanted] = read
            if len(kept) > most:
                kept.popitem(last=False)

    def _note_use(self, key: AccessKey, now: float) -> None:
        """Once in a while; that nobody may learn of it is no reason to refuse a request."""
        if any(abs(now - at) < USE_SECONDS for at in (key.last_used_at, self.used.get(key.id, NEVER))):
            return
        with self.lock:
            if len(self.used) >= MOST_KEYS:
                self.used.clear()
            self.used[key.id] = now
        try:
            self.store.note_use(key, now)
        except Unavailable:
            log.warning("use of a key is not noted", extra={"key": key.id})
