"""Key sets of issuers of tokens: read over HTTP, and kept for a while."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

from eventgateway.core import limits
from eventgateway.core.errors import ProviderError, Unavailable
from eventgateway.core.json import JsonValue, loads
from eventgateway.core.jwt_rule import JwtRule, is_https
from eventgateway.core.ports import Clock
from eventgateway.dialer import left
from eventgateway.http_client import HttpClient

log = logging.getLogger(__name__)

FETCH_SECONDS = 2.0  # discovery and key set together
FRESH_SECONDS = 600.0
KEPT_SECONDS = 3600.0  # while the issuer does not answer
UNKNOWN_PAUSE = 30.0  # between two fetches because of keys that are not there: strangers name them
AWAY_PAUSE = 5.0  # between two fetches from an issuer that does not answer
HEADERS = {"Accept": "application/json", "User-Agent": "event-gateway"}
OK = 200

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Fetcher(Generic[T]):
    """Fetches key sets, at the address of the rule or where the issuer's discovery says. `read` raises ValueError for what is none."""

    http: HttpClient
    read: Callable[[JsonValue], T]

    def fetch(self, rule: JwtRule) -> T:
        """The key set of an issuer. Raises Unavailable."""
        deadline = monotonic() + FETCH_SECONDS
        try:
            return self.read(self._document(rule.jwks_url or self._discover(rule, deadline), deadline))
        except (ProviderError, TimeoutError, ValueError) as error:
            reason = error.log_text if isinstance(error, ProviderError) else str(error) or "timed out"
            log.warning("the keys of an issuer cannot be read", extra={"issuer": rule.issuer, "error": reason})
            raise unreadable() from error

    def _discover(self, rule: JwtRule, deadline: float) -> str:
        document = self._document(rule.first_url, deadline)
        if not isinstance(document, dict) or document.get("issuer") != rule.issuer:
            raise ValueError("the discovery is of another issuer")
        url = document.get("jwks_uri")
        if not isinstance(url, str) or not is_https(url):
            raise ValueError("the discovery names no https address of the keys")
        return url

    def _document(self, url: str, deadline: float) -> JsonValue:
        answer = self.http.get(url, HEADERS, left(deadline), limits.KEY_SET_BYTES)
        if answer.status != OK:
            raise ValueError(f"status {answer.status}")
        return loads(answer.body)


@dataclass(slots=True, eq=False)
class _Known(Generic[T]):
    """What is known of one issuer. `fetched_at` and `tried_at` are seconds of the clock."""

    keys: T | None = None
    fetched_at: float = float("-inf")
    tried_at: float = float("-inf")
    is_away: bool = False
    lock: Lock = field(default_factory=Lock)


class KeySets(Generic[T]):
    """Thread-safe. Those of the issuers that were asked for last; of one issuer there is one fetch at a time."""

    def __init__(self, fetch: Callable[[JwtRule], T], clock: Clock) -> None:
        """`fetch` raises Unavailable."""
        self._fetch, self._clock = fetch, clock
        self._lock, self._known = Lock(), OrderedDict[tuple[str, str], _Known[T]]()

    def find(self, rule: JwtRule, choose: Callable[[T], S | None]) -> S | None:
        """What `choose` finds among the keys of an issuer, which are fetched once more if it finds nothing. Raises Unavailable."""
        known = self._of(rule)
        if not self._is_within(FRESH_SECONDS, known.fetched_at):
            self._renew(known, rule)
        found = choose(self._keys(known))
        if found is None:
            with known.lock:
                self._refresh(known, rule, UNKNOWN_PAUSE)
            found = choose(self._keys(known))
        if found is None and known.is_away:  # it may be a new key
            raise unreadable()
        return found

    def _of(self, rule: JwtRule) -> _Known[T]:
        key = (rule.issuer, rule.jwks_url)
        with self._lock:
            known = self._known.setdefault(key, _Known())
            self._known.move_to_end(key)
            if len(self._known) > limits.KEY_SETS:
                self._known.popitem(last=False)
        return known

    def _keys(self, known: _Known[T]) -> T:
        if known.keys is None or not self._is_within(KEPT_SECONDS, known.fetched_at):
            raise unreadable()
        return known.keys

    def _renew(self, known: _Known[T], rule: JwtRule) -> None:
        """Who has keys that still count does not wait for a fetch of another thread."""
        is_usable = self._is_within(KEPT_SECONDS, known.fetched_at)
        if known.lock.acquire(blocking=not is_usable):
            try:
                self._refresh(known, rule, UNKNOWN_PAUSE if is_usable else AWAY_PAUSE)
            finally:
                known.lock.release()

    def _refresh(self, known: _Known[T], rule: JwtRule, pause: float) -> None:
        """Fetch, unless that was tried a moment ago, perhaps by a thread that was waited for."""
        if self._is_within(pause, known.tried_at):
            return
        known.tried_at = self._clock.time()
        try:
            known.keys = self._fetch(rule)
        except Unavailable:
            known.is_away = True
        else:
            known.fetched_at, known.is_away = known.tried_at, False

    def _is_within(self, seconds: float, since: float) -> bool:
        """False also if the clock was set back."""
        return 0 <= self._clock.time() - since < seconds


def unreadable() -> Unavailable:
    """The error of a token that cannot be checked."""
    return Unavailable("Tokens cannot be checked at the moment. Please try again.")
