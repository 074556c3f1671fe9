"""Redrives: all dead letters that match a filter are queued anew, slice by slice, each slice a message of the delivery queue."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from eventgateway.core.dead_letter import DeadLetter, LetterFilter, position
from eventgateway.core.document import Fields
from eventgateway.core.instant import microseconds, show
from eventgateway.core.json import JsonObject, JsonValue, dumps
from eventgateway.core.resource import Kind

KIND = "redrive"
RESOURCE = Kind("redrives", "redrives", "redrive", "redriveId", "Redrive")
MESSAGE_VERSION = 1
KEPT_SECONDS = 14 * 86400
ID = re.compile(r"[A-Za-z0-9-]{1,100}")


@dataclass(frozen=True, slots=True)
class RedriveSlice:
    """The message that has slice number `number` (from 0) of a redrive done."""

    space: str
    redrive_id: str
    number: int

    def message(self) -> str:
        """The body of the queue message."""
        names = {"kind": KIND, "version": MESSAGE_VERSION, "space": self.space, "redriveId": self.redrive_id, "slice": self.number}
        return dumps(names).decode()

    @classmethod
    def restore(cls, document: JsonObject) -> "RedriveSlice":
        """Read what `message` wrote. Raises TypeError, KeyError, ValueError."""
        if document["version"] != MESSAGE_VERSION:
            raise ValueError(f"version {document['version']!r}")
        return cls(str(document["space"]), str(document["redriveId"]), int(str(document["slice"])))


@dataclass(frozen=True, slots=True)
class Redrive:
    """How far a redrive is: `slices` are done, the next looks at letters with keys below `before`, which is empty at the end.

    Times are seconds since the epoch; `skipped` counts letters by the reason why they stayed.
    """

    space: str
    id: str
    wanted: LetterFilter
    started_at: float
    changed_at: float
    before: str
    slices: int = 0
    redriven: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def start(cls, space: str, unique: str, wanted: LetterFilter, now: float) -> "Redrive":
        """A new one. Its id begins with the time, so that ids are in the order of time."""
        instant = microseconds(now)
        return cls(space, f"{position(instant)}-{unique}", wanted, now, now, position(instant + 1))

    @property
    def is_running(self) -> bool:
        """Whether there is a next slice."""
        return self.before != ""

    @property
    def expires_at(self) -> int:
        """From then on (seconds since the epoch) nobody knows of it."""
        return int(self.changed_at) + KEPT_SECONDS

    def next(self) -> RedriveSlice:
        """The message of the next slice."""
        return RedriveSlice(self.space, self.id, self.slices)

    def wants(self, letter: DeadLetter) -> bool:
        """Only what was a dead letter when it all began: what dies again meanwhile would come round for ever."""
        return letter.at <= self.started_at

    def after(self, redriven: int, skipped: Mapping[str, int], before: str, now: float) -> "Redrive":
        """What it is after one more slice."""
        total = {reason: self.skipped.get(reason, 0) + skipped.get(reason, 0) for reason in {**self.skipped, **skipped}}
        redriven += self.redriven
        return replace(self, slices=self.slices + 1, redriven=redriven, skipped=total, before=before, changed_at=now)

    def stored(self) -> JsonObject:
        """The document as it is kept."""
        return {
            "filter": self.wanted.document(),
            "startedAt": self.started_at,
            "changedAt": self.changed_at,
            "before": self.before,
            "slices": self.slices,
            "redriven": self.redriven,
            "skipped": dict(self.skipped),
        }

    @classmethod
    def restore(cls, space: str, identifier: str, document: Mapping[str, JsonValue]) -> "Redrive":
        """Read what `stored` wrote."""
        fields = Fields(document)
        times = (float(str(document["startedAt"])), float(str(document["changedAt"])))
        skipped = {reason: int(str(count)) for reason, count in (fields.object("skipped") or {}).items()}
        wanted = LetterFilter.restore(fields.object("filter") or {})
        slices, redriven = fields.whole("slices"), fields.whole("redriven")
        return cls(space, identifier, wanted, *times, fields.text("before"), slices, redriven, skipped)

    def shown(self) -> JsonObject:
        """The document as clients see it."""
        skipped = sum(self.skipped.values())
        document: JsonObject = {
            "redriveId": self.id,
            "space": self.space,
            "state": "running" if self.is_running else "done",
            "filter": self.wanted.document(),
            "matched": self.redriven + skipped,
            "redriven": self.redriven,
            "skipped": skipped,
            "skippedBecause": dict(self.skipped),
            "startedAt": show(microseconds(self.started_at)),
        }
        return document if self.is_running else document | {"finishedAt": show(microseconds(self.changed_at))}
