"""Attempts that must not be made twice, in the table of records."""

from time import time
from uuid import uuid4

from pynamodb.exceptions import PutError

from eventgateway.core.delivery import Delivery
from eventgateway.storage.dynamodb import available, is_refused, row_class
from eventgateway.storage.records import Record, partition

SECONDS = 15 * 86400  # longer than the queue keeps a message


class DynamoAttempts:
    """Implements `Attempts`: one row for each attempt, put on condition that it is not there."""

    def __init__(self, table: str) -> None:
        self._rows = row_class(table)

    def begin(self, delivery: Delivery) -> bool:
        """See `Attempts`. A delivery that was queued anew, by a redrive, was accepted anew."""
        rows, now, mine = self._rows, int(time()), uuid4().hex
        key = (partition(Record.ATTEMPT, delivery.space, int(delivery.accepted_at // 3600)), f"{delivery.id}#{delivery.accepted_at}")
        with available("The store of attempts"):
            try:
                rows(*key, by=mine, at=now, ttl=now + SECONDS).save(rows.pk.does_not_exist())
            except PutError as error:
                if not is_refused(error):
                    raise
                return bool(rows.get(*key, consistent_read=True).by == mine)  # then the SDK has put it twice, since an answer was lost
            return True
