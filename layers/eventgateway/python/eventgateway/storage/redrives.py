"""How far redrives are, in the table of records."""

from collections.abc import Callable
from time import time
from uuid import uuid4

from pynamodb.exceptions import PutError

from eventgateway.core.errors import Unavailable
from eventgateway.core.json import dumps, restore
from eventgateway.core.redrive import Redrive
from eventgateway.storage.dynamodb import Row, available, is_refused, row_class
from eventgateway.storage.records import Record, partition

WHAT = "The store of redrives"


class DynamoRedrives:
    """Implements `Redrives`: a partition for each space, a row for each redrive, whose version is the number of slices done."""

    def __init__(self, table: str, clock: Callable[[], float] = time) -> None:
        self._rows, self._clock = row_class(table), clock

    def save(self, redrive: Redrive) -> bool:
        """See `Redrives`."""
        rows, mine = self._rows, uuid4().hex
        row = rows(_partition(redrive.space), redrive.id, version=redrive.slices, by=mine, document=dumps(redrive.stored()).decode())
        row.ttl = redrive.expires_at
        with available(WHAT):
            try:
                row.save(rows.version == redrive.slices - 1 if redrive.slices else rows.pk.does_not_exist())
            except PutError as error:
                if not is_refused(error):
                    raise
                return self._is_mine(redrive, mine)
        return True

    def get(self, space: str, identifier: str) -> Redrive | None:
        """See `Redrives`."""
        with available(WHAT):
            try:
                row = self._rows.get(_partition(space), identifier, consistent_read=True)
            except self._rows.DoesNotExist:
                return None
        return _redrive(space, row) if row.ttl > self._clock() else None

    def latest(self, space: str, limit: int) -> list[Redrive]:
        """See `Redrives`."""
        with available(WHAT):
            rows = self._rows.query(_partition(space), consistent_read=True, scan_index_forward=False, limit=limit)
            return [_redrive(space, row) for row in rows]

    def delete(self, redrive: Redrive) -> None:
        """See `Redrives`."""
        with available(WHAT):
            self._rows(_partition(redrive.space), redrive.id).delete()

    def _is_mine(self, redrive: Redrive, by: str) -> bool:
        """Whether the row in the way is our own: then the SDK has put it twice, since an answer was lost."""
        try:
            return bool(self._rows.get(_partition(redrive.space), redrive.id, consistent_read=True).by == by)
        except self._rows.DoesNotExist:
            return False


def _partition(space: str) -> str:
    return partition(Record.REDRIVE, space)


def _redrive(space: str, row: Row) -> Redrive:
    document = restore(row.document)
    if not isinstance(document, dict):
        raise Unavailable("A stored redrive is no object.")
    return Redrive.restore(space, row.sk, document)
