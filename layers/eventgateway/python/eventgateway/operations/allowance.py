"""What one instance may still use of one space: tokens that it has leased, and until when it need not ask again."""

from dataclasses import dataclass, field
from math import ceil
from threading import Lock

from eventgateway.core.errors import LimitExceeded, Unavailable
from eventgateway.core.lease import DAY_SECONDS, HOUR_SECONDS, SECOND, Amount, Ledger, Step, day_of, seconds_of_day_left
from eventgateway.core.ports import Clock, Leases
from eventgateway.core.quota import Quota
from eventgateway.operations.demand import Demand

SHARE = 20  # a block is at most this part of a limit
LEASE_SECONDS = 3  # how long a block can be used, and is to last
AHEAD = SECOND // 4  # how much earlier than its time a block can be booked, at least its own price
HOLD_SECONDS = 0.5  # before an instance that was refused asks again; up to twice that, so that not all ask at once
DAY_HOLD_SECONDS = 60  # the same where the day is used up: others may give back, or the limit be raised
TOLERANCE_SECONDS = 5  # of clocks
PLENTY = 2**62  # where there is no limit
ROUNDS = 4  # in each the ledger is not what it was said to be


@dataclass(frozen=True, slots=True)
class Hold:
    """Events of at least so many bytes are refused from `since` until `asks_at`; they may be emitted again at `until`."""

    message: str
    since: int
    asks_at: int
    until: int
    size: int = 0

    def applies(self, now: int, size: int) -> bool:
        """Whether an event is refused. A clock that was set back ends it."""
        return self.since <= now < self.asks_at and size >= self.size

    def error(self, now: int) -> LimitExceeded:
        """The refusal."""
        return LimitExceeded(self.message, (self.until - now) / SECOND)


NO_HOLD = Hold("", 0, 0, 0)


@dataclass(slots=True, eq=False)
class Allowance:
    """`given` is the quota it was made for, `limits` the one in force. All times are in microseconds. Not thread-safe but for `lock`."""

    given: Quota | None
    limits: Quota
    leases: Leases
    clock: Clock
    demand: Demand = field(default_factory=Demand)
    ledger: Ledger | None = None  # as it was seen last
    day: str = ""  # of the lease
    events: int = 0  # what is left of it
    bytes: int = 0
    asked_at: int = 0
    begins: int = 0  # when all of it can be used; its tokens come one after another
    ends: int = 0
    hold: Hold = NO_HOLD
    local: Ledger | None = None  # while the leases are away
    owed: Amount = Amount()  # what was used of the day meanwhile
    lock: Lock = field(default_factory=Lock)

    def use(self, now: int, size: int) -> None:
        """One event of so many bytes. Raises LimitExceeded; Unavailable if the leases are away, then `use_alone` is to decide."""
        self.demand.add(now, size)
        if not (self.asked_at <= now < self.ends and self.events > 0 and self.bytes >= size):
            if self.hold.applies(now, size):
                raise self.hold.error(now)
            self._renew(now, size)
        if now < self.begins and now < (ready_at := self.begins - self._price(self.events - 1)):
            raise LimitExceeded(self._rate_message, (ready_at - now) / SECOND)
        self.events -= 1
        self.bytes -= size

    def use_alone(self, now: int, size: int) -> None:
        """The same while the leases are away: this instance keeps the rate by itself. Raises LimitExceeded."""
        if self.limits.requests_per_second:
            is_full = self.local is None or self.local.full_at < now or self.local.full_at > now + self._window + self._price(1)
            step = Step(now, "", Amount(self._price(1)), Amount(), Amount(self._window), is_full=is_full, is_new_day=False)
            ledger = self.local or Ledger()
            if not is_full and ledger.full_at > step.highest.time:
                raise LimitExceeded(self._rate_message, (ledger.full_at - step.highest.time) / SECOND)
            self.local = step.after(ledger)
        self.owed = Amount(0, self.owed.events + 1, self.owed.bytes + size)

    def _renew(self, now: int, size: int) -> None:
        """Lease a block, giving back what is left of the last one."""
        for _ in range(ROUNDS):
            step = self._step(now, size)
            try:
                is_made, self.ledger = self.leases.take(self.limits.space, step)
            except Unavailable:
                self.events = self.bytes = 0  # it may be given back already
                raise
            if is_made and self.ledger:
                self._open(step, self.ledger)
                return
            if self.ledger and not self._mend(self.ledger, now):
                self.hold = self._refusal(step, self.ledger, size)
                if self.hold.applies(now, size):
                    raise self.hold.error(now)
        raise Unavailable("The ledger of the space is being changed by many. Please try again.")

    def _step(self, now: int, size: int) -> Step:
        """The step that fits if the ledger is still as it was seen last."""
        seen, today, limits = self.ledger, day_of(now), self.limits
        day = max(today, seen.day) if seen else today  # clocks differ at midnight
        is_new_day = seen is None or seen.day < day
        gives, owed = self._left(day), self.owed
        wanted = self._wanted(now, size)
        if seen and not is_new_day:
            wanted = Amount(
                wanted.time,
                _within(wanted.events, limits.events_per_day, seen.events - gives.events + owed.events, 1),
                _within(wanted.bytes, limits.bytes_per_day, seen.bytes - gives.bytes + owed.bytes, size),
            )
        takes = Amount(self._price(wanted.events), wanted.events + owed.events, wanted.bytes + owed.bytes)
        reach = self._window + max(AHEAD, takes.time) if self._window else 0
        bounds = Amount(reach, limits.events_per_day, limits.bytes_per_day)
        is_full = seen is None or seen.full_at < now
        return Step(now, day, takes, gives, bounds, is_full=is_full, is_new_day=is_new_day)

    def _wanted(self, now: int, size: int) -> Amount:
        """As much as will be asked for if it goes on as in the last second, but a small part of each limit, and what this event needs."""
        limits = self.limits
        events, bytes_ = (LEASE_SECONDS * each for each in self.demand.lately(now))
        shares = [max(1, limit // SHARE) for limit in (limits.requests_per_second, limits.events_per_day) if limit]
        if limits.requests_per_second:
            shares.append(limits.burst)
        most = limits.bytes_per_day // SHARE
        return Amount(0, min(ceil(events), *shares, PLENTY), max(size, min(ceil(bytes_), most)))

    def _left(self, day: str) -> Amount:
        """What is given back of the last lease."""
        time = self.events * SECOND // self.limits.requests_per_second if self.limits.requests_per_second else 0
        is_same = day == self.day
        events = self.events if is_same and self._limits_events else 0
        bytes_ = self.bytes if is_same and self.limits.bytes_per_day else 0
        return Amount(time, events, bytes_)

    def _open(self, step: Step, ledger: Ledger) -> None:
        self.events = step.takes.events - self.owed.events if self._limits_events else PLENTY
        self.bytes = step.takes.bytes - self.owed.bytes if self.limits.bytes_per_day else PLENTY
        self.day, self.owed, self.local = step.day, Amount(), None
        self.asked_at, self.begins = step.now, max(step.now, ledger.full_at - self._window if self._window else 0)
        self.ends = self.begins + LEASE_SECONDS * SECOND

    def _mend(self, ledger: Ledger, now: int) -> bool:
        """A ledger of a clock that was far ahead would refuse for as long as that: then the bucket is empty, and today is today."""
        soonest, day = now + self._window, ledger.day
        latest = soonest + AHEAD + TOLERANCE_SECONDS * SECOND
        is_ahead = bool(self._window) and ledger.full_at > latest
        if not is_ahead and day <= day_of(now + DAY_SECONDS * SECOND):
            return False
        mended = Ledger(soonest if is_ahead else ledger.full_at, min(day, day_of(now)), ledger.events, ledger.bytes)
        self.leases.mend(self.limits.space, ledger, mended)
        self.ledger = mended
        return True

    def _refusal(self, step: Step, ledger: Ledger, size: int) -> Hold:
        """Why a step cannot be made, unless it was that the ledger had changed."""
        limits, now, gives, owed = self.limits, step.now, step.gives, self.owed
        if ledger.day == step.day:
            if limits.events_per_day and ledger.events - gives.events + owed.events >= limits.events_per_day:
                return self._until_midnight(f"events a day: {limits.events_per_day:,}", now, 0)
            if limits.bytes_per_day and ledger.bytes - gives.bytes + owed.bytes + size > limits.bytes_per_day:
                return self._until_midnight(f"bytes a day: {limits.bytes_per_day:,}", now, size)
        wait = ledger.full_at - step.highest.time
        if not step.limits.time or wait <= 0:
            return NO_HOLD
        until = now + max(wait, round(HOLD_SECONDS * (1 + self.clock.jitter()) * SECOND))
        return Hold(self._rate_message, now, until, until)

    def _until_midnight(self, what: str, now: int, size: int) -> Hold:
        left = seconds_of_day_left(now)
        asks_at, until = (now + round(min(left, most) * SECOND) for most in (DAY_HOLD_SECONDS, HOUR_SECONDS))
        return Hold(f"This space has reached its limit of {what}. The next day begins at midnight, UTC.", now, asks_at, until, size)

    @property
    def _rate_message(self) -> str:
        return f"This space has reached its limit of requests a second: {self.limits.requests_per_second:,}. Please try again later."

    @property
    def _limits_events(self) -> bool:
        return bool(self.limits.requests_per_second or self.limits.events_per_day)

    @property
    def _window(self) -> int:
        """How long the bucket takes to become full; 0 without a limit."""
        return self._price(self.limits.burst) if self.limits.requests_per_second else 0

    def _price(self, tokens: int) -> int:
        """The time in which the bucket gains so many tokens."""
        rate = self.limits.requests_per_second
        return -(-tokens * SECOND // rate) if rate else 0


def _within(wanted: int, limit: int, used: int, least: int) -> int:
    """What may still be wanted of a day."""
    return max(least, min(wanted, limit - used)) if limit else wanted
