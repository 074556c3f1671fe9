"""Erasures: everything that a tenant, or one of its applications, has is deleted step by step, by messages of the delivery queue."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from eventgateway.core.document import Fields
from eventgateway.core.instant import microseconds, show
from eventgateway.core.json import JsonObject, JsonValue, dumps

KIND = "erasure"
MESSAGE_VERSION = 1


class Stage(StrEnum):
    """What an erasure is about to do, in this order."""

    CLOSING = "closing"  # spaces are no more, keys open nothing
    CONFIGURATION = "configuration"
    RECORDS = "records"
    PAYLOADS = "payloads"
    NAMES = "names"  # whoever asks for them may have them


ERASING = (Stage.CONFIGURATION, Stage.RECORDS, Stage.PAYLOADS)
NEXT = dict(zip(Stage, [*Stage][1:], strict=False))


@dataclass(frozen=True, slots=True)
class Rests:
    """Seconds. `grace` is longer than anything that began before may take: a request, a delivery, a flush of counters, a slice.

    `stale` is how long an instance goes on with what it knows while the configuration store is away.
    """

    grace: float
    stale: float


@dataclass(frozen=True, slots=True)
class Life:
    """A space, as long as it is the same one. `born` is as in `Head`."""

    space: str
    born: int


@dataclass(frozen=True, slots=True)
class Swept:
    """What a step has deleted: how much, and the position where the next one goes on, empty if nothing is left."""

    count: int
    position: str = ""


@dataclass(frozen=True, slots=True)
class ErasureSlice:
    """The message that has slice number `number` (from 0) of an erasure done, not before some time (seconds since the epoch)."""

    tenant: str
    app: str
    erasure_id: str
    number: int
    not_before: float

    @property
    def space(self) -> str:
        """Whom the queue counts it for."""
        return self.tenant

    def message(self) -> str:
        """The body of the queue message."""
        about: JsonObject = {"kind": KIND, "version": MESSAGE_VERSION, "tenant": self.tenant, "app": self.app}
        return dumps(about | {"erasureId": self.erasure_id, "slice": self.number, "notBefore": self.not_before}).decode()

    @classmethod
    def restore(cls, document: JsonObject) -> "ErasureSlice":
        """Read what `message` wrote. Raises TypeError, KeyError, ValueError."""
        if document["version"] != MESSAGE_VERSION:
            raise ValueError(f"version {document['version']!r}")
        names = (str(document["tenant"]), str(document["app"]), str(document["erasureId"]))
        return cls(*names, int(str(document["slice"])), float(str(document["notBefore"])))


@dataclass(frozen=True, slots=True)
class Erasure:
    """How far it is: `slices` are done. `app` is empty if it is about the whole tenant. Times are seconds since the epoch.

    It was `closed_at` when the last of its spaces was; `position` is the storage's own, where a stage goes on.
    """

    tenant: str
    app: str
    id: str
    began_at: float
    closed_at: float
    changed_at: float
    not_before: float
    lives: tuple[Life, ...] = ()
    stage: Stage = Stage.CLOSING
    position: str = ""
    slices: int = 0
    erased: Mapping[str, int] = field(default_factory=dict)  # by stage

    @classmethod
    def start(cls, tenant: str, app: str, unique: str, now: float, rests: Rests) -> "Erasure":
        """A new one."""
        return cls(tenant, app, unique, now, now, now, now + rests.grace)

    @property
    def spaces(self) -> tuple[str, ...]:
        """The names of its spaces."""
        return tuple(each.space for each in self.lives)

    def closed(self, lives: Iterable[Life], now: float, rests: Rests, *, was_open: bool) -> "Erasure":
        """These are its spaces, all closed. What was open until now makes it rest once more."""
        found = replace(self, lives=tuple(lives), changed_at=now)
        if was_open:
            return replace(found, stage=Stage.CLOSING, closed_at=now, not_before=now + rests.grace)
        return found.at(Stage.CONFIGURATION, now, rests)

    def after(self, swept: Swept, now: float, rests: Rests) -> "Erasure":
        """What it is after one more step of a stage that deletes something."""
        erased = {**self.erased, self.stage.value: self.erased.get(self.stage, 0) + swept.count}
        done = replace(self, erased=erased, position=swept.position, changed_at=now)
        return done if swept.position else done.at(NEXT[self.stage], now, rests)

    def at(self, stage: Stage, now: float, rests: Rests) -> "Erasure":
        """The same at the beginning of a stage. The payload store can be written to while the configuration is away, and when names
        become free no other slice may be running."""
        wait = {Stage.PAYLOADS: self.closed_at + rests.grace + rests.stale, Stage.NAMES: now + rests.grace}
        return replace(self, stage=stage, not_before=max(now, wait.get(stage, now)))

    def done(self) -> "Erasure":
        """The same after one more slice."""
        return replace(self, slices=self.slices + 1)

    def next(self) -> ErasureSlice:
        """The message of the next slice."""
        return ErasureSlice(self.tenant, self.app, self.id, self.slices, self.not_before)

    def stored(self) -> JsonObject:
        """The document as it is kept."""
        return {
            "id": self.id,
            "beganAt": self.began_at,
            "closedAt": self.closed_at,
            "changedAt": self.changed_at,
            "notBefore": self.not_before,
            "lives": [[each.space, each.born] for each in self.lives],
            "stage": self.stage.value,
            "position": self.position,
            "slices": self.slices,
            "erased": dict(self.erased),
        }

    @classmethod
    def restore(cls, tenant: str, app: str, document: Mapping[str, JsonValue]) -> "Erasure":
        """Read what `stored` wrote. Raises KeyError, ValueError."""
        fields = Fields(document)
        times = [float(str(document[name])) for name in ("beganAt", "closedAt", "changedAt", "notBefore")]
        lives = tuple(_life(each) for each in _items(document["lives"]))
        erased = {stage: int(str(count)) for stage, count in (fields.object("erased") or {}).items()}
        progress = (Stage(fields.text("stage")), fields.text("position"), fields.whole("slices"), erased)
        return cls(tenant, app, fields.text("id"), times[0], times[1], times[2], times[3], lives, *progress)

    def shown(self) -> JsonObject:
        """As the operator sees it."""
        times = (("beganAt", self.began_at), ("changedAt", self.changed_at), ("goesOnAt", self.not_before))
        shown: JsonObject = {"stage": self.stage.value, "erased": dict(self.erased)}
        return shown | {name: show(microseconds(at)) for name, at in times}


class Erasures(Protocol):
    """Remembers how far erasures are. Every method raises Unavailable if the storage is away."""

    def begin(self, erasure: Erasure) -> bool:
        """Keep a new one and, if it is about a tenant, mark that, all or nothing; False if it is not there or being deleted already."""

    def find(self, tenant: str, app: str) -> Erasure | None:
        """One erasure, None if there is none."""

    def of(self, tenant: str) -> list[Erasure]:
        """All of a tenant."""

    def save(self, erasure: Erasure) -> bool:
        """Keep it in place of what it was a slice before; False, and nothing is kept, if that is not what it was."""

    def release(self, erasure: Erasure) -> None:
        """Forget the erasure and what it is about, and set all names free, all or nothing. Whoever else has a name by now keeps it."""


class Remains(Protocol):
    """One kind of what spaces leave behind."""

    def sweep(self, spaces: Sequence[str], position: str) -> Swept:
        """Delete some of it, from a position on, which is empty at the beginning. Raises Unavailable: then part of it may be gone."""


def next_place(spaces: Sequence[str], place: int) -> str:
    """The position of a place among spaces, empty behind the last."""
    return str(place) if place < len(spaces) else ""


def _items(value: JsonValue) -> list[JsonValue]:
    if not isinstance(value, list):
        raise TypeError("not an array")
    return value


def _life(value: JsonValue) -> Life:
    space, born = _items(value)
    return Life(str(space), int(str(born)))
