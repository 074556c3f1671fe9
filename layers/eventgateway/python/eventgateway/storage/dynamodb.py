"""The configuration in DynamoDB: the only place that knows PynamoDB. One transaction for each write, see docs/architecture.md."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from time import time
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection, base
from pynamodb.exceptions import PutError, PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from eventgateway.aws_session import new_session
from eventgateway.core.errors import PayloadTooLarge, Unavailable, WriteConflict
from eventgateway.core.json import JsonObject, dumps, loads
from eventgateway.core.ports import Change, Head, Snapshot
from eventgateway.core.resource import Kind, Resource
from eventgateway.core.space import KINDS
from eventgateway.core.tenant import State

META, IDENTITY, SPACES, GATEWAY = "meta", "identity", "gateway#spaces", "gateway#meta"
CHANGE, AFTER_CHANGES = "change#", "change$"  # "$" follows "#": all other sort keys of a space are greater
VERSION_DIGITS = 16
SORT_KEY_LIMIT = 900  # bytes; DynamoDB ends at 1,024
DOCUMENT_LIMIT = 128 * 1024  # bytes; DynamoDB's items end at 400 KB, and a change row holds two documents and an id
HASHED = "sha256:"
CHANGE_SECONDS = 90 * 86400
CONDITION_FAILED = "ConditionalCheckFailedException"
REFUSED, CONFLICT, IN_PROGRESS = "ConditionalCheckFailed", "TransactionConflict", "TransactionInProgressException"
CONFLICTS = {REFUSED, CONFLICT}
CONNECT_SECONDS, READ_SECONDS, RETRIES = 2, 5, 2
BY_TAG = {kind.tag: kind for kind in KINDS}

# PynamoDB has a session for each table, and there is no other way to give it one.
base.get_session = new_session  # type: ignore[assignment, attr-defined]


class Row(Model):
    """Any item of our tables: `document` is JSON."""

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute(null=True)
    kind = UnicodeAttribute(null=True)
    resource_id = UnicodeAttribute(null=True)
    external_id = UnicodeAttribute(null=True)
    by = UnicodeAttribute(null=True)
    at = NumberAttribute(null=True)
    document = UnicodeAttribute(null=True)
    before = UnicodeAttribute(null=True)
    after = UnicodeAttribute(null=True)
    state = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    born = NumberAttribute(null=True)
    receipt = UnicodeAttribute(null=True)
    window = NumberAttribute(null=True)
    made_at = NumberAttribute(null=True)
    leased_until = NumberAttribute(null=True)
    ttl = NumberAttribute(null=True)


def row_class(table: str) -> type[Row]:
    """The row of one table. PynamoDB binds the table's name to the class, so each store has a class of its own."""
    patience = {"connect_timeout_seconds": CONNECT_SECONDS, "read_timeout_seconds": READ_SECONDS, "max_retry_attempts": RETRIES}
    meta = type("Meta", (), {"table_name": table, **patience})
    return type("Row", (Row,), {"Meta": meta})


@contextmanager
def available(what: str) -> Iterator[None]:
    """Every error of DynamoDB means that it is away; what it says stays in the log."""
    try:
        yield
    except PynamoDBException as error:
        raise Unavailable(f"{what} is not available. Please try again.") from error


def is_refused(error: BaseException | None) -> bool:
    """Whether a write failed because its condition did not hold. PynamoDB's own look stumbles over causes that are no answers."""
    cause = error.cause if isinstance(error, PynamoDBException) else None
    return isinstance(cause, ClientError) and cause.response["Error"]["Code"] == CONDITION_FAILED


def cancellation_codes(error: TransactWriteError) -> list[str]:
    """Why a transaction was cancelled, one code for each of its actions; none if something else went wrong."""
    if not isinstance(error.cause, ClientError):  # other causes have no code, and PynamoDB stumbles over that
        return []
    if error.cause_response_code == IN_PROGRESS:
        return [CONFLICT]
    return [reason.code if reason else "" for reason in error.cancellation_reasons]


def space_key(space: str) -> str:
    """Partition key of a space."""
    return f"space#{space}"


def resource_key(kind: Kind, identifier: str) -> str:
    """Sort key of a resource; one that would be too long carries the id's hash, and so does one that looks like it."""
    key = f"{kind.tag}#{identifier}"
    if len(key.encode()) <= SORT_KEY_LIMIT and not identifier.startswith(HASHED):
        return key
    return f"{kind.tag}#{HASHED}{sha256(identifier.encode()).hexdigest()}"


class DynamoConfigStore:
    """Implements `ConfigStore`. All reads are consistent. `shared`: standalone mode, where one version covers all spaces."""

    def __init__(self, table: str, *, shared: bool = True, clock: Callable[[], float] = time) -> None:
        self._rows, self._shared, self._clock = row_class(table), shared, clock
        self._connection = Connection(
            connect_timeout_seconds=CONNECT_SECONDS, read_timeout_seconds=READ_SECONDS, max_retry_attempts=RETRIES
        )

    def gateway_version(self) -> int:
        """See `ConfigStore`."""
        return self._version(GATEWAY, META)

    def space_version(self, space: str) -> int:
        """See `ConfigStore`."""
        return self._version(space_key(space), META)

    def _version(self, pk: str, sk: str) -> int:
        with available("The configuration"):
            try:
                return int(self._rows.get(pk, sk, consistent_read=True).version)
            except self._rows.DoesNotExist:
                return 0

    def head(self, space: str) -> Head | None:
        """See `ConfigStore`."""
        with available("The configuration"):
            try:
                row = self._rows.get(space_key(space), META, consistent_read=True)
            except self._rows.DoesNotExist:
                return None
        return Head(int(row.version), row.owner or "", State(row.state or State.ACTIVE.value), int(row.born or 0))

    def space_versions(self) -> dict[str, int]:
        """See `ConfigStore`."""
        with available("The configuration"):
            return {row.sk: int(row.version) for row in self._rows.query(SPACES, consistent_read=True)}

    def load(self, space: str) -> Snapshot:
        """See `ConfigStore`. The version is read first: what is written while the pages come in is in the changes behind it."""
        version = self.space_version(space)
        with available("The configuration"):
            query = self._rows.query(space_key(space), self._rows.sk > AFTER_CHANGES, consistent_read=True)
            rows = {row.sk: row for row in query if row.sk not in {META, IDENTITY}}
        documents = {sk: (BY_TAG[row.kind], _load(row.document)) for sk, row in rows.items()}
        for change in self.changes(space, version) or ():
            version = _apply(documents, change)
        return Snapshot(version, list(documents.values()))

    def changes(self, space: str, after: int) -> list[Change] | None:
        """See `ConfigStore`."""
        with available("The configuration"):
            condition = self._rows.sk.between(_change_key(after + 1), _change_key(10**VERSION_DIGITS - 1))
            rows = list(self._rows.query(space_key(space), condition, consistent_read=True))
        changes = [_change(space, row) for row in rows]
        complete = all(change.version == after + number for number, change in enumerate(changes, 1))
        return changes if complete and (changes or self.space_version(space) == after) else None

    def identify(self, space: str, candidate: str) -> str:
        """See `ConfigStore`. It has a row of its own, which is written once."""
        with available("The configuration"):
            with suppress(self._rows.DoesNotExist):
                return self._identity(space)
            try:
                self._rows(space_key(space), IDENTITY, external_id=candidate).save(self._rows.pk.does_not_exist())
            except PutError as error:
                if not is_refused(error):
                    raise
            return self._identity(space)

    def _identity(self, space: str) -> str:
        return str(self._rows.get(space_key(space), IDENTITY, consistent_read=True).external_id)

    def commit(self, change: Change) -> None:
        """See `ConfigStore`. Raises PayloadTooLarge for a document that would not fit."""
        if change.after is not None and (size := len(dumps(change.after))) > DOCUMENT_LIMIT:
            raise PayloadTooLarge(f"{change.kind.label} is too large: {size} bytes, the limit is {DOCUMENT_LIMIT}.")
        try:
            with available("The configuration"), TransactWrite(connection=self._connection) as transaction:
                self._write(transaction, change)
        except Unavailable as error:
            cause = error.__cause__
            if isinstance(cause, TransactWriteError) and _is_conflict(cause):
                raise WriteConflict("The space was changed meanwhile.") from cause
            raise

    def _write(self, transaction: TransactWrite, change: Change) -> None:
        rows, pk = self._rows, space_key(change.space)
        transaction.update(rows(pk, META), [rows.version.set(change.version)], self._unchanged(change))
        self._write_resource(transaction, change)
        for reference in change.references:
            self._check(transaction, pk, reference)
        transaction.save(self._change_row(change), rows.pk.does_not_exist())
        if self._shared:
            transaction.update(rows(SPACES, change.space), [rows.version.set(change.version)])
            transaction.update(rows(GATEWAY, META), [rows.version.add(1)])

    def _unchanged(self, change: Change) -> Condition:
        """Where spaces are shared, one begins with its first change; else it must be there, and stay."""
        rows = self._rows
        if self._shared and change.version == 1:
            return rows.version.does_not_exist()
        follows: Condition = rows.version == change.version - 1
        return follows if self._shared else follows & (rows.state != State.DELETING.value)

    def _write_resource(self, transaction: TransactWrite, change: Change) -> None:
        rows, key = self._rows, resource_key(change.kind, change.id)
        condition = rows.pk.does_not_exist() if change.before is None else rows.pk.exists()
        row = rows(space_key(change.space), key, kind=change.kind.tag, resource_id=change.id)
        if change.after is None:
            transaction.delete(row, condition)
        else:
            row.document = _dump(change.after)
            transaction.save(row, condition)

    def _check(self, transaction: TransactWrite, pk: str, reference: Resource) -> None:
        key = resource_key(reference.kind, reference.id)
        transaction.condition_check(self._rows, pk, key, self._rows.pk.exists())

    def _change_row(self, change: Change) -> Row:
        now = int(self._clock())
        return self._rows(
            space_key(change.space),
            _change_key(change.version),
            version=change.version,
            kind=change.kind.tag,
            resource_id=change.id,
            by=change.by or None,
            at=now,
            before=_dump(change.before),
            after=_dump(change.after),
            ttl=now + CHANGE_SECONDS,
        )


def _change_key(version: int) -> str:
    return f"{CHANGE}{version:0{VERSION_DIGITS}}"


def _change(space: str, row: Row) -> Change:
    kind, before, after = BY_TAG[row.kind], _load_optional(row.before), _load_optional(row.after)
    return Change(space, int(row.version), kind, row.resource_id, before, after, (), row.by or "")


def _apply(documents: dict[str, tuple[Kind, JsonObject]], change: Change) -> int:
    key = resource_key(change.kind, change.id)
    if change.after is None:
        documents.pop(key, None)
    else:
        documents[key] = (change.kind, change.after)
    return change.version


def _is_conflict(error: TransactWriteError) -> bool:
    codes = cancellation_codes(error)
    return not CONFLICTS.isdisjoint(codes)


def _dump(document: Any) -> str | None:  # noqa: ANN401 - JSON or None
    return None if document is None else dumps(document).decode()


def _load(text: str) -> JsonObject:
    document = loads(text)
    if not isinstance(document, dict):
        raise Unavailable("A stored document is no object.")
    return document


def _load_optional(text: str | None) -> JsonObject | None:
    return None if text is None else _load(text)
