"""What AWS calls change, and the statements that keep it in the journal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Key = tuple[str, str, str]  # table, partition key, sort key
Statement = tuple[str, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Message:
    """A waiting message: its id in the queue, its SendMessage parameters as JSON, when it was sent and is due (epoch seconds)."""

    id: str
    entry: str
    sent: float
    due: float


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object of the bucket: its key, its content, when it was written (epoch seconds)."""

    key: str
    body: bytes
    written: float


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A key of KMS: its id, and what it encrypts with."""

    id: str
    material: bytes


@dataclass(frozen=True, slots=True)
class Changes:
    """What one AWS call changed: DynamoDB items as JSON and keys of those that are gone, messages sent and ids of messages deleted,
    objects written and keys of objects deleted."""

    items: Sequence[tuple[Key, str]] = ()
    deleted: Sequence[Key] = ()
    sent: Sequence[Message] = ()
    deleted_messages: Sequence[str] = ()
    objects: Sequence[StoredObject] = ()
    deleted_objects: Sequence[str] = ()

    def statements(self) -> Iterator[Statement]:
        """SQL with its values, to be executed in this order."""
        yield from (("DELETE FROM item WHERE name = ? AND pk = ? AND sk = ?", key) for key in self.deleted)
        yield from (("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)", (*key, item)) for key, item in self.items)
        yield from (("DELETE FROM message WHERE id = ?", (each,)) for each in self.deleted_messages)
        insert = "INSERT INTO message (id, entry, sent, due) VALUES (?, ?, ?, ?)"
        yield from ((insert, (each.id, each.entry, each.sent, each.due)) for each in self.sent)
        yield from (("DELETE FROM object WHERE key = ?", (each,)) for each in self.deleted_objects)
        yield from (("INSERT OR REPLACE INTO object VALUES (?, ?, ?)", (each.key, each.body, each.written)) for each in self.objects)
