"""The ports in memory, for tests.

All share a journal, a list of lines such as `queue f`, which tells in which order things happened.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from eventgateway.core.delivery import Delivery
from eventgateway.core.errors import Unavailable, WriteConflict
from eventgateway.core.event import Stamp
from eventgateway.core.json import JsonObject, restore
from eventgateway.core.message import Message
from eventgateway.core.ports import Change, Snapshot
from eventgateway.core.redrive import RedriveSlice
from eventgateway.core.resource import Kind
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
    """Implements `ConfigStore` as a log of changes. `rivals` are run one by one just before the next commits."""

    journal: Journal = field(default_factory=list)
    log: dict[str, list[Change]] = field(default_factory=dict)
    forgotten: int = 0  # changes up to this version have expired
    away: bool = False
    rivals: list[Callable[[], object]] = field(default_factory=list)
    identities: dict[str, str] = field(default_factory=dict)

    def gateway_version(self) -> int:
        self._read("gateway version")
        return sum(map(len, self.log.values()))

    def space_versions(self) -> dict[str, int]:
        self._read("space versions")
        return {space: len(changes) for space, changes in self.log.items()}

    def space_version(self, space: str) -> int:
        self._read(f"version {space}")
        return len(self.log.get(space, ()))

    def load(self, space: str) -> Snapshot:
        self._read(f"load {space}")
        return Snapshot(len(self.log.get(space, ())), list(self.documents(space).values()))

    def changes(self, space: str, after: int) -> list[Change] | None:
        self._read(f"changes {space} {after}")
        return None if after < self.forgotten else self.log.get(space, [])[after:]

    def identify(self, space: str, candidate: str) -> str:
        self._read(f"identify {space}")
        return self.identities.setdefault(space, candidate)

    def commit(self, change: Change) -> None:
        self._read(f"commit {change.space} {change.version}")
        self._let_a_rival_go_first()
        changes, present = self.log.setdefault(change.space, []), self.documents(change.space)
        missing = [each for each in change.references if (each.kind, each.id) not in present]
        if change.version != len(changes) + 1 or missing:
            raise WriteConflict("The space was changed meanwhile.")
        changes.append(change)

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
    if isinstance(message, RedriveSlice):
        return f"slice {message.number}"
    return message.function_id if isinstance(message, Delivery) else f"{len(message.deliveries)} at once"
