"""The ports in memory, for tests.

All share a journal, a list of lines such as `queue f`, which tells in which order things happened.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eventgateway.core.delivery import Delivery
from eventgateway.core.erasure import ErasureSlice
from eventgateway.core.errors import Unavailable, WriteConflict
from eventgateway.core.event import Stamp
from eventgateway.core.json import JsonObject, restore
from eventgateway.core.message import Message
from eventgateway.core.ports import Change, Head, Snapshot
from eventgateway.core.redrive import RedriveSlice
from eventgateway.core.resource import Kind
from eventgateway.core.tenant import State
from eventgateway.operations import admission
from eventgateway.operations.secrets import unreadable, unwritable

Journal = list[str]
NOON = 1_800_000_000.0


@dataclass
class FakeClock:
    """Implements `Clock`: stands still unless it is told to advance; stamps are numbered."""

    now: float = NOON
    chance: float = 0.5
    stamps: int = 0

    def time(self) -> float:
        return self.now

    def jitter(self) -> float:
        return self.chance

    def stamp(self) -> Stamp:
        self.stamps += 1
        return Stamp(f"stamp-{self.stamps}", "2026-11-23T12:00:00Z")

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class MemoryStore:
    """Implements `ConfigStore` as a log of changes. `rivals` are run one by one just before the next commits.

    In hosted mode `heads` are the spaces, as they were born but for their state.
    """

    journal: Journal = field(default_factory=list)
    log: dict[str, list[Change]] = field(default_factory=dict)
    forgotten: int = 0  # changes up to this version have expired
    away: bool = False
    rivals: list[Callable[[], object]] = field(default_factory=list)
    identities: dict[str, str] = field(default_factory=dict)
    hosted: bool = False
    heads: dict[str, Head] = field(default_factory=dict)

    def gateway_version(self) -> int:
        self._read("gateway version")
        return sum(map(len, self.log.values()))

    def space_versions(self) -> dict[str, int]:
        self._read("space versions")
        return {space: len(changes) for space, changes in self.log.items()}

    def space_version(self, space: str) -> int:
        self._read(f"version {space}")
        return self._version(space)

    def head(self, space: str) -> Head | None:
        self._read(f"head {space}")
        found = self.heads.get(space) if self.hosted else Head(0) if space in self.log else None
        return replace(found, version=self._version(space)) if found else None

    def load(self, space: str) -> Snapshot:
        self._read(f"load {space}")
        return Snapshot(self._version(space), list(self.documents(space).values()))

    def changes(self, space: str, after: int) -> list[Change] | None:
        self._read(f"changes {space} {after}")
        born = self._born(space)
        return None if after < born + self.forgotten else self.log.get(space, [])[after - born :]

    def _born(self, space: str) -> int:
        return self.heads[space].born if space in self.heads else 0

    def _version(self, space: str) -> int:
        return self._born(space) + len(self.log.get(space, ()))

    def identify(self, space: str, candidate: str) -> str:
        self._read(f"identify {space}")
        return self.identities.setdefault(space, candidate)

    def commit(self, change: Change) -> None:
        self._read(f"commit {change.space} {change.version}")
        self._let_a_rival_go_first()
        present = self.documents(change.space)
        missing = [each for each in change.references if (each.kind, each.id) not in present]
        if change.version != self._version(change.space) + 1 or missing or not self._takes_writes(change.space):
            raise WriteConflict("The space was changed meanwhile.")
        self.log.setdefault(change.space, []).append(change)

    def _takes_writes(self, space: str) -> bool:
        return not self.hosted or (space in self.heads and self.heads[space].state is not State.DELETING)

    def _let_a_rival_go_first(self) -> None:
        if self.rivals:
            rival, *later = self.rivals
            self.rivals = []
            rival()
            self.rivals = later

    def documents(self, space: str) -> dict[tuple[Kind, str], tuple[Kind, JsonObject]]:
        documents: dict[tuple[Kind, str], tuple[Kind, JsonObject]] = {}
        for change in self.log.get(space, ()):
            documents.pop((change.kind, change.id), None)
            if change.after is not None:
                documents[change.kind, change.id] = (change.kind, change.after)
        return documents

    def _read(self, what: str) -> None:
        if self.away:
            raise Unavailable("The configuration is not available. Please try again.")
        self.journal.append(what)


@dataclass
class MemoryKeySource:
    """Implements `KeySource`: the key of the moment, and how often it was read."""

    key: str = "the-key"
    away: bool = False
    reads: int = 0

    def read(self) -> str:
        self.reads += 1
        if self.away:
            raise admission.unreadable()
        return self.key


@dataclass
class MemoryVault:
    """Implements `Vault`: what it sealed it remembers, and no two ciphertexts are the same."""

    journal: Journal = field(default_factory=list)
    sealed: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    away: bool = False

    def seal(self, space: str, function: str, text: str) -> str:
        if self.away:
            raise unwritable()
        self.journal.append(f"seal {function}")
        ciphertext = f"ciphertext-{len(self.sealed) + 1}"
        self.sealed[ciphertext] = (space, function, text)
        return ciphertext

    def open(self, space: str, function: str, sealed: str) -> str:
        if self.away or self.sealed[sealed][:2] != (space, function):
            raise unreadable()
        self.journal.append(f"open {function}")
        return self.sealed[sealed][2]


@dataclass
class MemoryUsage:
    """Implements `UsageStore`."""

    spaces: dict[str, Counter[str]] = field(default_factory=dict)
    by_day: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    away: bool = False

    def add(self, space: str, counts: Mapping[str, float]) -> bool:
        self._check()
        self.spaces.setdefault(space, Counter()).update(counts)  # type: ignore[arg-type] # counters count floats as well
        return True

    def add_to_day(self, space: str, day: str, counts: Mapping[str, float]) -> None:
        self._check()
        self.by_day.setdefault((space, day), Counter()).update(counts)  # type: ignore[arg-type]

    def days(self, space: str, first: str, last: str) -> list[tuple[str, dict[str, float]]]:
        self._check()
        found = sorted((day, dict(counts)) for (each, day), counts in self.by_day.items() if each == space)
        return [(day, counts) for day, counts in found if first <= day <= last]

    def totals(self, space: str) -> dict[str, float]:
        self._check()
        return dict(self.spaces.get(space, {}))

    def _check(self) -> None:
        if self.away:
            raise Unavailable("The store of usage counters is not available. Please try again.")


@dataclass
class MemoryQueue:
    """Implements `DeliveryQueue`, and `postpone` as the worker needs it. `refuse` is raised by every send once `patience` is used up."""

    journal: Journal = field(default_factory=list)
    waiting: list[Message] = field(default_factory=list)
    batches: int = 0
    delays: list[float] = field(default_factory=list)
    postponed: list[tuple[str, float]] = field(default_factory=list)
    refuse: Exception | None = None
    patience: int = 0

    def send(self, messages: Sequence[Message]) -> None:
        self._refuse()
        self.batches += 1
        self.waiting += messages
        self.journal += [f"queue {_receivers(each)}" for each in messages]

    def send_later(self, message: Message, seconds: float) -> None:
        self._refuse()
        self.delays.append(seconds)
        self.waiting.append(message)
        self.journal.append(f"queue {_receivers(message)} later")

    def postpone(self, receipt_handle: str, seconds: float) -> None:
        self.postponed.append((receipt_handle, seconds))

    def events(self, function: str) -> list[Any]:
        """The events that wait for a function, as JSON."""
        return [restore(each.event) for each in self.waiting if isinstance(each, Delivery) and each.function_id == function]

    def _refuse(self) -> None:
        if self.refuse and self.patience == 0:
            raise self.refuse
        self.patience -= 1 if self.refuse else 0


def _receivers(message: Message) -> str:
    if isinstance(message, RedriveSlice | ErasureSlice):
        return f"slice {message.number}"
    return message.function_id if isinstance(message, Delivery) else f"{len(message.deliveries)} at once"
