"""The one file that keeps the gateway's tables and waiting messages between runs: `gateway.db`, an SQLite database."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

FILE = "gateway.db"
APPLICATION_ID = 0x45564757  # "EVGW", how the file is known as ours: https://www.sqlite.org/fileformat.html#application_id
SCHEMA_VERSION = 1
LOCK_SECONDS = 1.0  # a predecessor that was just told to end may still hold the file

SCHEMA = f"""
BEGIN;
CREATE TABLE item (name TEXT, pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (name, pk, sk)) WITHOUT ROWID;
CREATE TABLE message (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, entry TEXT NOT NULL, sent REAL NOT NULL, due REAL NOT NULL);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""

Key = tuple[str, str, str]  # table, partition key, sort key


class JournalError(Exception):
    """The journal cannot be opened; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Message:
    """A waiting message: its id in the queue, its SendMessage parameters as JSON, when it was sent and is due (epoch seconds)."""

    id: str
    entry: str
    sent: float
    due: float


@dataclass(frozen=True, slots=True)
class Changes:
    """What one AWS call changed: DynamoDB items as JSON, keys of those that are gone, messages sent, ids of messages deleted."""

    items: Sequence[tuple[Key, str]] = ()
    deleted: Sequence[Key] = ()
    sent: Sequence[Message] = ()
    deleted_messages: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.items or self.deleted or self.sent or self.deleted_messages)


class Journal:
    """Not thread-safe: its user sees to it that calls come one after the other.

    Write-ahead log with `synchronous = NORMAL`: what was written survives the end of this process, however it ends, without an
    fsync for each write; after a power failure the last writes may be missing, but the file is whole.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open or create the journal of a data directory, for this process alone. Raises JournalError."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JournalError(f"the data directory {folder} cannot be made: {error.strerror}") from error
        try:
            return cls(_connect(folder / FILE))
        except sqlite3.OperationalError as error:
            raise JournalError(_reason(folder, error)) from error
        except sqlite3.DatabaseError as error:
            raise JournalError(f"{folder / FILE} is damaged ({error}); move it away to start anew") from error

    def write(self, changes: Changes) -> None:
        """Keep the changes of one call, all or nothing."""
        with self._connection as connection:
            connection.executemany("DELETE FROM item WHERE name = ? AND pk = ? AND sk = ?", changes.deleted)
            connection.executemany("INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?)", [(*key, item) for key, item in changes.items])
            connection.executemany("DELETE FROM message WHERE id = ?", [(each,) for each in changes.deleted_messages])
            sent = [(each.id, each.entry, each.sent, each.due) for each in changes.sent]
            connection.executemany("INSERT INTO message (id, entry, sent, due) VALUES (?, ?, ?, ?)", sent)

    def items(self, table: str) -> Iterator[tuple[Key, str]]:
        """All items of a table, as JSON."""
        for name, pk, sk, item in self._connection.execute("SELECT name, pk, sk, item FROM item WHERE name = ?", (table,)):
            yield (name, pk, sk), item

    def messages(self) -> list[Message]:
        """All waiting messages, in the order they were sent."""
        return [Message(*row) for row in self._connection.execute("SELECT id, entry, sent, due FROM message ORDER BY number")]

    def close(self) -> None:
        """Fold the write-ahead log into the file and let others have it."""
        self._connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=LOCK_SECONDS, check_same_thread=False)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        _identify(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _identify(connection: sqlite3.Connection, path: Path) -> None:
    """Take an empty file, or one of ours in a version we know, and its lock."""
    application, version, tables = (
        connection.execute(query).fetchone()[0]
        for query in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_schema")
    )
    if application == 0 and version == 0 and tables == 0:
        connection.executescript(SCHEMA)
    elif application != APPLICATION_ID:
        raise JournalError(f"{path} is a database of another program; choose another data directory")
    elif version != SCHEMA_VERSION:
        raise JournalError(f"{path} was written by another version of the gateway; move it away to start anew")
    if (finding := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise sqlite3.DatabaseError(finding)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("COMMIT")


def _reason(folder: Path, error: sqlite3.OperationalError) -> str:
    if error.sqlite_errorcode in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return f"another gateway is using the data directory {folder}; stop it, or choose another with --embed-data-dir"
    return f"{folder / FILE} cannot be opened: {error}"
