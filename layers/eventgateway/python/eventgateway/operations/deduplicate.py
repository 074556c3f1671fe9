"""Deduplication: an event is claimed before it is queued, and accepted once the queue has confirmed it."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, cast

from eventgateway.core.claim import Claim, fingerprint_of
from eventgateway.core.errors import EventPending, GatewayError, Unavailable
from eventgateway.core.event import Event
from eventgateway.core.event_type import Deduplication
from eventgateway.core.ports import Claims, Clock
from eventgateway.core.routing import RoutingTable, Subscriber
from eventgateway.operations.authorize import Verdict

log = logging.getLogger(__name__)

ROUNDS = 3  # in each another request was faster
Rules = Mapping[str, Deduplication]  # by the name of the space


@dataclass(frozen=True, slots=True)
class Held:
    """The claims of one event, to be queued in the `with` block; `duplicates` are the spaces that accepted it earlier."""

    store: Claims
    clock: Clock
    claims: dict[str, Claim] = field(default_factory=dict)  # by the name of the space
    duplicates: set[str] = field(default_factory=set)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is None:
            self.accept()
        elif isinstance(error, Exception):
            self.give_back()

    def new(self, subscribers: list[Subscriber]) -> list[Subscriber]:
        """Those to whom the event is no duplicate."""
        return [each for each in subscribers if each.space.name not in self.duplicates] if self.duplicates else subscribers

    def receipt(self, space: str, otherwise: tuple[str, float]) -> tuple[str, float]:
        """What the ids of a space's deliveries are made from, and when the event came in first (seconds since the epoch)."""
        claim = self.claims.get(space)
        return (claim.receipt, claim.made_at) if claim else otherwise

    def accept(self) -> None:
        """Everything is queued. If that cannot be noted the event is safe all the same, and sent again to who emits it after the lease."""
        for claim in self.claims.values():
            self._note(claim, claim.accepted(self.clock.time()), "event was accepted, but its claim stays pending")

    def give_back(self) -> None:
        """The emitter may try again at once. Where that cannot be noted it waits for the end of the lease."""
        for claim in self.claims.values():
            self._note(claim, claim.given_back(self.clock.time()), "claim of a refused event stays until its lease ends")

    def _note(self, old: Claim, new: Claim, otherwise: str) -> None:
        try:
            noted = self.store.replace(old, new)
        except Unavailable:
            noted = False
        if not noted:
            log.warning(otherwise, extra={"space": old.space, "receipt": old.receipt})


NO_CLAIMS = Held(cast("Claims", None), cast("Clock", None))  # shared by all events that are not deduplicated: it never asks its ports


def rules_for(table: RoutingTable, event: Event, verdicts: Mapping[str, Verdict]) -> Rules:
    """The rules of those spaces that shall get the event and have one for its type."""
    types = {name: table.spaces[name].event_types.get(event.type) for name, verdict in verdicts.items() if verdict.allowed}
    return {name: each.deduplicate for name, each in types.items() if each and each.deduplicate}


def hold(store: Claims, clock: Clock, event: Event, rules: Rules) -> Held:
    """Claim an event for each space, or for none of them. Raises EventPending, Unavailable."""
    held, fingerprint, owner = Held(store, clock), fingerprint_of(event), clock.stamp().id
    try:
        for space, rule in rules.items():
            now = clock.time()
            claim = _take(store, Claim.new(space, fingerprint, rule.window_seconds, owner, now), now)
            if claim is None:
                held.duplicates.add(space)
            else:
                held.claims[space] = claim
    except GatewayError:
        held.give_back()
        raise
    return held


def _take(store: Claims, claim: Claim, now: float) -> Claim | None:
    """The claim as it is held then; None if the event was accepted earlier."""
    for _ in range(ROUNDS):
        if store.create(claim):
            return claim
        found = store.find(claim.space, claim.fingerprint)
        if found is None:
            continue
        mine = claim.instead_of(found, now)
        if mine is None or store.replace(found, mine):
            return mine
    raise EventPending(1)
