"""Claims: which request may queue an event that is emitted more than once (docs/decisions/0011-deduplication.md)."""

from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from math import ceil

from eventgateway.core.errors import EventPending
from eventgateway.core.event import Event
from eventgateway.core.json import dumps

LEASE_SECONDS = 30.0  # no request takes longer: API Gateway answers 503 then


class State(StrEnum):
    """How far the owner of a claim has come."""

    PENDING = "pending"
    ACCEPTED = "accepted"  # the queue has confirmed all deliveries


@dataclass(frozen=True, slots=True)
class Claim:
    """One event in one space; `window` is in seconds, times are seconds since the epoch.

    `owner` is the request that holds it. `receipt`, from which delivery ids are made, and `made_at`, when the event was claimed first,
    stay the same when the owner changes: so does what identifies an attempt at a delivery.
    A pending claim is its owner's until `leased_until`; from `expires` on any claim is as good as gone.
    """

    space: str
    fingerprint: str
    window: int
    owner: str
    receipt: str
    made_at: float
    leased_until: float
    expires: int
    state: State = State.PENDING

    @classmethod
    def new(cls, space: str, fingerprint: str, window: int, owner: str, now: float) -> "Claim":
        """The claim of a request that knows of no other one."""
        until = now + LEASE_SECONDS
        return cls(space, fingerprint, window, owner, owner, now, until, ceil(until + window))

    def instead_of(self, found: "Claim", now: float) -> "Claim | None":
        """This new claim as it may replace the one that is there; None if the event was accepted. Raises EventPending."""
        if found.expires <= now:
            return self
        if found.state is State.ACCEPTED:
            return None
        if found.leased_until > now:
            raise EventPending(found.leased_until - now)
        return replace(self, receipt=found.receipt, made_at=found.made_at)

    def accepted(self, now: float) -> "Claim":
        """All deliveries are safe: the window begins."""
        return replace(self, state=State.ACCEPTED, expires=ceil(now + self.window))

    def given_back(self, now: float) -> "Claim":
        """The next request need not wait, but goes on with the receipt: part of the deliveries may be in the queue."""
        return replace(self, leased_until=now)


def fingerprint_of(event: Event) -> str:
    """What two emissions of the same event have in common; JSON, so that no two triples look alike."""
    return sha256(dumps([event.type, event.source, event.id])).hexdigest()
