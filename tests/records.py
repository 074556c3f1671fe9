"""The ports whose rows lie in the table of records or in the payload bucket, in memory, for tests."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from eventgateway.core.claim import Claim
from eventgateway.core.dead_letter import DeadLetter, LetterFilter, LetterPage
from eventgateway.core.delivery import Delivery
from eventgateway.core.errors import Unavailable
from eventgateway.core.redrive import Redrive
from tests.memory import FakeClock, Journal


@dataclass
class MemoryPayloads:
    """Implements `PayloadStore`."""

    events: dict[str, bytes] = field(default_factory=dict)
    away: bool = False

    def put(self, space: str, event: bytes) -> str:
        self._check()
        key = f"{space}/{sha256(event).hexdigest()}"
        self.events[key] = event
        return key

    def get(self, key: str) -> bytes | None:
        self._check()
        return self.events.get(key)

    def _check(self) -> None:
        if self.away:
            raise Unavailable("The store of large events is not available. Please try again.")


@dataclass
class MemoryAttempts:
    """Implements `Attempts`."""

    begun: set[tuple[str, float]] = field(default_factory=set)
    away: bool = False

    def begin(self, delivery: Delivery) -> bool:
        if self.away:
            raise Unavailable("The store of attempts is not available. Please try again.")
        key = (delivery.id, delivery.accepted_at)
        is_first = key not in self.begun
        self.begun.add(key)
        return is_first


@dataclass
class MemoryDeadLetters:
    """Implements `DeadLetters`."""

    clock: FakeClock = field(default_factory=FakeClock)
    letters: list[DeadLetter] = field(default_factory=list)
    away: bool = False

    def put(self, letter: DeadLetter, born: int = 0) -> None:
        self._check()
        self._drop(letter.delivery.space, letter.key)
        self.letters.append(letter)

    def page(self, space: str, wanted: LetterFilter, before: str, limit: int) -> LetterPage:
        self._check()
        found = [each for each in self.letters if each.delivery.space == space and each.key < before and wanted.matches(each)]
        found = sorted((each for each in found if self._is_there(each)), key=lambda each: each.key, reverse=True)
        return LetterPage(found[:limit], found[limit - 1].key if len(found) >= limit else "")

    def get(self, space: str, key: str) -> DeadLetter | None:
        self._check()
        found = [each for each in self.letters if (each.delivery.space, each.key) == (space, key)]
        return next(filter(self._is_there, found), None)

    def delete(self, space: str, key: str) -> bool:
        is_there = self.get(space, key) is not None
        self._drop(space, key)
        return is_there

    def _drop(self, space: str, key: str) -> None:
        self.letters = [each for each in self.letters if (each.delivery.space, each.key) != (space, key)]

    def _is_there(self, letter: DeadLetter) -> bool:
        return letter.expires_at > self.clock.time()

    def _check(self) -> None:
        if self.away:
            raise Unavailable("The store of dead letters is not available. Please try again.")


@dataclass
class MemoryRedrives:
    """Implements `Redrives`."""

    clock: FakeClock = field(default_factory=FakeClock)
    redrives: dict[tuple[str, str], Redrive] = field(default_factory=dict)
    away: bool = False

    def save(self, redrive: Redrive) -> bool:
        self._check()
        before = self.redrives.get((redrive.space, redrive.id))
        if redrive.slices != (before.slices + 1 if before else 0):
            return False
        self.redrives[redrive.space, redrive.id] = redrive
        return True

    def get(self, space: str, identifier: str) -> Redrive | None:
        self._check()
        found = self.redrives.get((space, identifier))
        return found if found and found.expires_at > self.clock.time() else None

    def latest(self, space: str, limit: int) -> list[Redrive]:
        self._check()
        return [self.redrives[key] for key in sorted(self.redrives, reverse=True) if key[0] == space][:limit]

    def delete(self, redrive: Redrive) -> None:
        self._check()
        self.redrives.pop((redrive.space, redrive.id), None)

    def _check(self) -> None:
        if self.away:
            raise Unavailable("The store of redrives is not available. Please try again.")


@dataclass
class MemoryClaims:
    """Implements `Claims`. `rivals` are run one by one just before the next writes."""

    journal: Journal = field(default_factory=list)
    kept: dict[tuple[str, str], Claim] = field(default_factory=dict)
    away: bool = False
    rivals: list[Callable[[], object]] = field(default_factory=list)

    def create(self, claim: Claim) -> bool:
        return self._write(claim, lambda found: found is None)

    def find(self, space: str, fingerprint: str) -> Claim | None:
        self._check("find", space)
        return self.kept.get((space, fingerprint))

    def replace(self, old: Claim, new: Claim) -> bool:
        return self._write(new, lambda found: found is not None and (found.owner, found.state) == (old.owner, old.state))

    def _write(self, claim: Claim, condition: Callable[[Claim | None], bool]) -> bool:
        if self.rivals:
            self.rivals.pop(0)()
        self._check(claim.state, claim.space)
        key = claim.space, claim.fingerprint
        found = self.kept.get(key)
        if not condition(found) and (found is None or (found.owner, found.state) != (claim.owner, claim.state)):
            return False
        self.kept[key] = claim
        return True

    def _check(self, what: str, space: str) -> None:
        if self.away:
            raise Unavailable("The store of claims is not available. Please try again.")
        self.journal.append(f"{what} {space}")
