"""Rate limits and daily quotas of spaces. An event costs no call of storage: each instance leases tokens in blocks."""

import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from eventgateway.core.errors import Unavailable
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.lease import SECOND
from eventgateway.core.ports import Clock, Leases
from eventgateway.core.quota import Quota
from eventgateway.core.space import Space
from eventgateway.operations.allowance import Allowance
from eventgateway.operations.usage import NO_USAGE, Usage

log = logging.getLogger(__name__)

MOST_SPACES = 10_000  # that an instance remembers, some 1 KB each
AWAY_SECONDS = 5  # without a call after one that failed


@dataclass(slots=True, eq=False)
class Limiter:
    """Thread-safe. While the leases are away, each instance keeps the rate by itself: nothing waits, and days are not limited."""

    leases: Leases
    clock: Clock
    defaults: Quota
    usage: Usage = NO_USAGE
    allowances: OrderedDict[tuple[str, int], Allowance] = field(default_factory=OrderedDict)
    away_since: int = 0
    lock: Lock = field(default_factory=Lock)

    def check(self, space: Space, request: HttpRequest) -> None:
        """Use what an event takes. Raises LimitExceeded."""
        self.admit(space.name, space.single(Quota), len(request.body), space.born)

    def admit(self, space: str, quota: Quota | None, size: int, born: int = 0) -> None:
        """The same for so many bytes, where a space has this quota of its own. What is admitted is counted.

        Another life of the space begins anew.
        """
        if quota is not None or self.defaults.limits_events:
            allowance = self._allowance((space, born), quota)
            if allowance.limits.limits_events:
                with allowance.lock:
                    self._use(allowance, int(self.clock.time() * SECOND), size)
        self.usage.request(space, size)

    def _use(self, allowance: Allowance, now: int, size: int) -> None:
        if not self.away_since <= now < self.away_since + AWAY_SECONDS * SECOND:
            try:
                allowance.use(now, size)
                return
            except Unavailable as error:
                self.away_since = now
                log.warning("leases are away, this instance keeps rates by itself", extra={"error": error.log_text})
        allowance.use_alone(now, size)

    def _allowance(self, life: tuple[str, int], quota: Quota | None) -> Allowance:
        with self.lock:
            found = self.allowances.get(life)
            if found is not None and (found.given is quota or found.given == quota):
                found.given = quota
                self.allowances.move_to_end(life)
                return found
            limits = (quota or Quota(life[0])).over(self.defaults)
            made = self.allowances[life] = Allowance(quota, limits, self.leases, self.clock)
            self.allowances.move_to_end(life)
            if len(self.allowances) > MOST_SPACES:
                self.allowances.popitem(last=False)
            return made
