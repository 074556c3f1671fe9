"""How far erasures are, beside their tenants in the table of the configuration, and how names become free."""

from collections.abc import Callable, Iterator
from uuid import uuid4

from pynamodb.connection import Connection
from pynamodb.exceptions import PutError, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from eventgateway.core.erasure import Erasure
from eventgateway.core.errors import Unavailable
from eventgateway.core.json import dumps, restore
from eventgateway.core.tenant import State
from eventgateway.storage.dynamodb import CONNECT_SECONDS, META, READ_SECONDS, RETRIES, Row, available, is_refused, row_class, space_key
from eventgateway.storage.tenants import APP, TENANT, TENANTS, tenant_key

ERASURE = "erasure#"
AT_ONCE = 90  # a transaction takes 100
REFUSED = "ConditionalCheckFailed"
WHAT = "The store of erasures"


class DynamoErasures:
    """Implements `Erasures`: a row for each, whose version is the number of slices done. All reads are consistent."""

    def __init__(self, config_table: str) -> None:
        self._rows = row_class(config_table)
        self._connection = Connection(
            connect_timeout_seconds=CONNECT_SECONDS, read_timeout_seconds=READ_SECONDS, max_retry_attempts=RETRIES
        )

    def begin(self, erasure: Erasure) -> bool:
        """See `Erasures`."""
        rows, pk = self._rows, tenant_key(erasure.tenant)

        def write(transaction: TransactWrite) -> None:
            if erasure.app:
                transaction.condition_check(rows, pk, TENANT, self._is_kept())
                transaction.condition_check(rows, pk, APP + erasure.app, rows.pk.exists())
            else:
                transaction.update(rows(pk, TENANT), [rows.state.set(State.DELETING.value)], self._is_kept())
            transaction.save(self._row(erasure), rows.pk.does_not_exist())

        return self._together(write)

    def find(self, tenant: str, app: str) -> Erasure | None:
        """See `Erasures`."""
        row = self._get(tenant_key(tenant), ERASURE + app)
        return _erasure(tenant, row) if row else None

    def of(self, tenant: str) -> list[Erasure]:
        """See `Erasures`."""
        with available(WHAT):
            rows = list(self._rows.query(tenant_key(tenant), self._rows.sk.startswith(ERASURE), consistent_read=True))
        return [_erasure(tenant, row) for row in rows]

    def save(self, erasure: Erasure) -> bool:
        """See `Erasures`. The condition also holds for what the write itself leaves: the SDK repeats it if the answer is lost."""
        rows, row = self._rows, self._row(erasure)
        unchanged = (rows.owner == erasure.id) & ((rows.version == erasure.slices - 1) | (rows.by == row.by))
        with available(WHAT):
            try:
                row.save(unchanged)
            except PutError as error:
                if not is_refused(error):
                    raise
                return False
        return True

    def release(self, erasure: Erasure) -> None:
        """See `Erasures`. If its tenant is being deleted by now, an application is left to that."""
        rows, pk = self._rows, tenant_key(erasure.tenant)
        metas = list(self._metas(erasure))
        if not erasure.app:
            self._forget_parts(erasure)

        def write(transaction: TransactWrite) -> None:
            if erasure.app:
                transaction.condition_check(rows, pk, TENANT, self._is_kept())
                transaction.delete(rows(pk, APP + erasure.app))
            else:
                transaction.delete(rows(pk, TENANT), rows.state == State.DELETING.value)
                transaction.delete(rows(TENANTS, erasure.tenant))
            transaction.delete(rows(pk, ERASURE + erasure.app), rows.owner == erasure.id)
            for meta in metas:
                transaction.delete(meta, (rows.state == State.DELETING.value) & (rows.born == meta.born))

        if not self._together(write):
            self._give_way(erasure)

    def _forget_parts(self, erasure: Erasure) -> None:
        """Applications and members of a tenant, as long as its erasure is there; both stay."""
        rows, pk = self._rows, tenant_key(erasure.tenant)
        with available(WHAT):
            found = list(rows.query(pk, consistent_read=True, attributes_to_get=["pk", "sk"]))
        parts = [row for row in found if row.sk not in {TENANT, ERASURE}]
        for start in range(0, len(parts), AT_ONCE):

            def write(transaction: TransactWrite, some: list[Row] = parts[start : start + AT_ONCE]) -> None:
                transaction.condition_check(rows, pk, ERASURE, rows.owner == erasure.id)
                for row in some:
                    transaction.delete(row)

            self._together(write)

    def _metas(self, erasure: Erasure) -> Iterator[Row]:
        """What holds the names of its spaces. One that is there anew is somebody else's."""
        for life in erasure.lives:
            row = self._get(space_key(life.space), META)
            if row and row.state == State.DELETING.value and int(row.born or 0) == life.born:
                yield row

    def _give_way(self, erasure: Erasure) -> None:
        """Raises Unavailable unless there is a good reason why the names could not be set free."""
        pk = tenant_key(erasure.tenant)
        own, tenant = self._get(pk, ERASURE + erasure.app), self._get(pk, TENANT)
        if own is None or own.owner != erasure.id:
            return  # somebody else was faster
        if not erasure.app or (tenant and tenant.state != State.DELETING.value):
            raise Unavailable("The names could not be set free. That comes again.")
        self._together(lambda transaction: transaction.delete(self._rows(pk, ERASURE + erasure.app), self._rows.owner == erasure.id))

    def _row(self, erasure: Erasure) -> Row:
        document, key = dumps(erasure.stored()).decode(), ERASURE + erasure.app
        return self._rows(tenant_key(erasure.tenant), key, owner=erasure.id, version=erasure.slices, by=uuid4().hex, document=document)

    def _get(self, pk: str, sk: str) -> Row | None:
        with available(WHAT):
            try:
                return self._rows.get(pk, sk, consistent_read=True)
            except self._rows.DoesNotExist:
                return None

    def _is_kept(self) -> Condition:
        condition: Condition = self._rows.pk.exists() & (self._rows.state != State.DELETING.value)
        return condition

    def _together(self, write: Callable[[TransactWrite], None]) -> bool:
        """Whether all conditions of a transaction hold; if not, nothing is written."""
        try:
            with available(WHAT), TransactWrite(connection=self._connection) as transaction:
                write(transaction)
        except Unavailable as error:
            if REFUSED in _codes(error.__cause__):
                return False
            raise
        return True


def _codes(error: BaseException | None) -> list[str]:
    """Why the parts of a transaction failed, as far as DynamoDB says."""
    try:
        return [reason.code for reason in error.cancellation_reasons if reason] if isinstance(error, TransactWriteError) else []
    except (AttributeError, KeyError, TypeError):  # PynamoDB stumbles over causes that are no answers
        return []


def _erasure(tenant: str, row: Row) -> Erasure:
    document = restore(row.document)
    if not isinstance(document, dict):
        raise Unavailable("A stored erasure is no object.")
    return Erasure.restore(tenant, row.sk.removeprefix(ERASURE), document)
