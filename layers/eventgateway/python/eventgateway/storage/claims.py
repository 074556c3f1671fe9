"""Claims in the table of records: an item for each event and space, so that a conditional write decides between rivals."""

from pynamodb.expressions.condition import Condition

from eventgateway.core.claim import Claim, State
from eventgateway.core.errors import Unavailable
from eventgateway.storage.dynamodb import Row, available, is_refused, row_class
from eventgateway.storage.records import Record, partition

WHAT = "The store of claims"
SORT_KEY = "claim"


class DynamoClaims:
    """Implements `Claims`. A condition also holds for what the write itself leaves: the SDK repeats it if the answer is lost."""

    def __init__(self, table: str) -> None:
        self._rows = row_class(table)

    def create(self, claim: Claim) -> bool:
        """See `Claims`."""
        return self._save(claim, self._rows.pk.does_not_exist() | self._holds(claim))

    def find(self, space: str, fingerprint: str) -> Claim | None:
        """See `Claims`. The read is consistent."""
        with available(WHAT):
            try:
                row = self._rows.get(_partition(space, fingerprint), SORT_KEY, consistent_read=True)
            except self._rows.DoesNotExist:
                return None
        return _claim(space, fingerprint, row)

    def replace(self, old: Claim, new: Claim) -> bool:
        """See `Claims`."""
        return self._save(new, self._holds(old) | self._holds(new))

    def _holds(self, claim: Claim) -> Condition:
        condition: Condition = (self._rows.owner == claim.owner) & (self._rows.state == claim.state.value)
        return condition

    def _save(self, claim: Claim, condition: Condition) -> bool:
        try:
            with available(WHAT):
                self._row(claim).save(condition)
        except Unavailable as error:
            if is_refused(error.__cause__):
                return False
            raise
        return True

    def _row(self, claim: Claim) -> Row:
        return self._rows(
            _partition(claim.space, claim.fingerprint),
            SORT_KEY,
            state=claim.state.value,
            owner=claim.owner,
            receipt=claim.receipt,
            made_at=claim.made_at,
            window=claim.window,
            leased_until=claim.leased_until,
            ttl=claim.expires,
        )


def _partition(space: str, fingerprint: str) -> str:
    return partition(Record.CLAIM, space, fingerprint)


def _claim(space: str, fingerprint: str, row: Row) -> Claim:
    state, window, expires = State(row.state), int(row.window), int(row.ttl)
    times = (float(row.made_at), float(row.leased_until), expires)
    return Claim(space, fingerprint, window, row.owner, row.receipt, *times, state)
