"""The one file that keeps the gateway's data between runs: `gateway.db`, an SQLite database."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from local.changes import Changes, Key, MasterKey, Message, StoredObject

FILE = "gateway.db"
APPLICATION_ID = 0x45564757  # "EVGW", how the file is known as ours: https://www.sqlite.org/fileformat.html#application_id
LOCK_SECONDS = 1.0  # a predecessor that was just told to end may still hold the file

TABLES = """
CREATE TABLE item (name TEXT, pk TEXT, sk TEXT, item TEXT NOT NULL, PRIMARY KEY (name, pk, sk)) WITHOUT ROWID;
CREATE TABLE message (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, entry TEXT NOT NULL, sent REAL NOT NULL, due REAL NOT NULL);
"""
BUCKET_AND_KEY = """
CREATE TABLE object (key TEXT PRIMARY KEY, body BLOB NOT NULL, written REAL NOT NULL);
CREATE TABLE master_key (id TEXT PRIMARY KEY, material BLOB NOT NULL);
"""
NOTES = "CREATE TABLE note (name TEXT PRIMARY KEY, text TEXT NOT NULL);"
STEPS = (TABLES, BUCKET_AND_KEY, NOTES)  # from version 0, an empty file, to version 1, 2, …


class JournalError(Exception):
    """The journal cannot be opened; the message says why and what to do."""


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
        statements = list(changes.statements())
        with self._connection as connection:
            if len(statements) > 1:  # one is a transaction by itself, and quicker: other threads come in between at every step
                connection.execute("BEGIN")
            for statement, values in statements:
                connection.execute(statement, values)

    def items(self, table: str) -> Iterator[tuple[Key, str]]:
        """All items of a table, as JSON."""
        for name, pk, sk, item in self._connection.execute("SELECT name, pk, sk, item FROM item WHERE name = ?", (table,)):
            yield (name, pk, sk), item

    def has_items(self, table: str) -> bool:
        """Whether a table has any item."""
        return self._connection.execute("SELECT 1 FROM item WHERE name = ? LIMIT 1", (table,)).fetchone() is not None

    def messages(self) -> list[Message]:
        """All waiting messages, in the order they were sent."""
        return [Message(*row) for row in self._connection.execute("SELECT id, entry, sent, due FROM message ORDER BY number")]

    def objects(self) -> Iterator[StoredObject]:
        """All objects of the bucket."""
        for row in self._connection.execute("SELECT key, body, written FROM object"):
            yield StoredObject(*row)

    def drop_objects(self, before: float) -> None:
        """Forget objects that were written before a time (epoch seconds)."""
        self._connection.execute("DELETE FROM object WHERE written < ?", (before,))

    def master_key(self) -> MasterKey | None:
        """The key of the secrets, if one was kept."""
        row = self._connection.execute("SELECT id, material FROM master_key").fetchone()
        return MasterKey(*row) if row else None

    def keep_master_key(self, key: MasterKey) -> None:
        """Keep the key of the secrets for all runs to come."""
        self._connection.execute("INSERT INTO master_key VALUES (?, ?)", (key.id, key.material))

    def note(self, name: str) -> str:
        """What the gateway noted about itself, empty if nothing."""
        row = self._connection.execute("SELECT text FROM note WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def keep_note(self, name: str, text: str) -> None:
        """Note something for all runs to come, in place of what was noted before."""
        self._connection.execute("INSERT OR REPLACE INTO note VALUES (?, ?)", (name, text))

    def close(self) -> None:
        """Fold the write-ahead log into the file and let others have it."""
        self._connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=LOCK_SECONDS, check_same_thread=False, isolation_level=None)
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
    """Take an empty file, or one of ours that is not from the future, and its lock; bring it to the newest version."""
    application, version, tables = (
        connection.execute(query).fetchone()[0]
        for query in ("PRAGMA application_id", "PRAGMA user_version", "SELECT count(*) FROM sqlite_schema")
    )
    if application != APPLICATION_ID and (application, version, tables) != (0, 0, 0):
        raise JournalError(f"{path} is a database of another program; choose another data directory")
    if version > len(STEPS):
        raise JournalError(f"{path} was written by another version of the gateway; move it away to start anew")
    if (finding := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise sqlite3.DatabaseError(finding)
    for number, step in enumerate(STEPS[version:], start=version + 1):
        connection.executescript(f"BEGIN; {step} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number}; COMMIT;")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("COMMIT")


def _reason(folder: Path, error: sqlite3.OperationalError) -> str:
    if error.sqlite_errorcode in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return f"another gateway is using the data directory {folder}; stop it, or choose another with --embed-data-dir"
    return f"{folder / FILE} cannot be opened: {error}"
