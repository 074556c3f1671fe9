"""Dead letters in the table of records: a partition for each space and hour of acceptance, and one that lists a space's hours."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import time

from pynamodb.exceptions import DeleteError, PutError

from eventgateway.core.dead_letter import HOUR, KEPT_SECONDS, DeadLetter, LetterFilter, LetterPage, hour, position
from eventgateway.core.delivery import Delivery
from eventgateway.core.ports import PayloadStore
from eventgateway.storage.dynamodb import Row, available, is_refused, row_class
from eventgateway.storage.records import Record, partition

log = logging.getLogger(__name__)

EVENT_LIMIT = 64 * 1024  # bytes; a larger event lies in the payload store, items of DynamoDB end at 400 KB
MOST_REQUESTS = 32  # for one page of letters; DynamoDB reads up to 1 MB for each
LEAST_ROWS = 100  # that a request may read, so that a filter finds something
MOST_HOURS = 1000  # that an instance remembers
WHAT = "The store of dead letters"

Hour = tuple[str, int, int, int]  # space, when that was born, hour of acceptance, hour of death


class DynamoDeadLetters:
    """Implements `DeadLetters`. Rows that have expired count as gone before DynamoDB deletes them. All reads are consistent."""

    def __init__(self, table: str, payloads: PayloadStore, clock: Callable[[], float] = time) -> None:
        self._rows, self._payloads, self._clock = row_class(table), payloads, clock
        self._listed: set[Hour] = set()

    def put(self, letter: DeadLetter, born: int = 0) -> None:
        """See `DeadLetters`."""
        letter = replace(letter, delivery=self._light(letter.delivery))
        key = (_partition(letter.delivery.space, letter.key), letter.key)
        with available(WHAT):
            self._list(letter, born)
            self._rows(*key, document=letter.stored(), ttl=letter.expires_at).save()

    def page(self, space: str, wanted: LetterFilter, before: str, limit: int) -> LetterPage:
        """See `DeadLetters`."""
        found: list[DeadLetter] = []
        low, high = position(wanted.accepted_after), min(before, position(wanted.accepted_before))
        with available(WHAT):
            for number, (rows, below) in enumerate(self._steps(space, low, high, max(limit, LEAST_ROWS)), 1):
                for row in rows:
                    letter = self._letter(row)
                    if letter and wanted.matches(letter):
                        found.append(letter)
                    if len(found) == limit:
                        return LetterPage(found, row.sk)
                if number == MOST_REQUESTS:
                    return LetterPage(found, below)
        return LetterPage(found, "")

    def get(self, space: str, key: str) -> DeadLetter | None:
        """See `DeadLetters`."""
        with available(WHAT):
            try:
                return self._letter(self._rows.get(_partition(space, key), key, consistent_read=True))
            except self._rows.DoesNotExist:
                return None

    def delete(self, space: str, key: str) -> bool:
        """See `DeadLetters`."""
        with available(WHAT):
            try:
                self._rows(_partition(space, key), key).delete(self._rows.ttl > int(self._clock()))
            except DeleteError as error:
                if not is_refused(error):
                    raise
                return False
        return True

    def _list(self, letter: DeadLetter, born: int) -> None:
        """List the hour of a letter for as long as letters that die in the same hour are kept; other instances may keep it longer."""
        space, died = letter.delivery.space, int(letter.at // 3600)
        mine = (space, born, hour(letter.key), died)
        if mine in self._listed:
            return
        rows, until = self._rows, (died + 1) * 3600 + KEPT_SECONDS
        try:
            rows(_hours(space), _hour_text(letter.key), ttl=until).save(rows.ttl.does_not_exist() | (rows.ttl < until))
        except PutError as error:
            if not is_refused(error):
                raise
        if len(self._listed) >= MOST_HOURS:
            self._listed.clear()
        self._listed.add(mine)

    def _steps(self, space: str, low: str, high: str, most: int) -> Iterator[tuple[list[Row], str]]:
        """For each request of at most MOST_REQUESTS: rows with low <= key < high, falling, and the position below which there are more."""
        if low >= high:
            return
        hours, _ = self._request(_hours(space), _hour_text(low), _hour_text(high), MOST_REQUESTS + 1)  # of the first nothing may be left
        for each in hours:
            floor, more = max(low, position(int(each.sk) * HOUR)), True
            while more and high > floor:
                rows, more = self._request(partition(Record.DEAD_LETTER, space, each.sk), floor, high, most)
                rows, high = [row for row in rows if row.sk < high], rows[-1].sk if more else floor
                yield rows, high

    def _request(self, pk: str, low: str, high: str, most: int) -> tuple[list[Row], bool]:
        """The rows of one request, from high down to low, and whether there are more."""
        between = self._rows.sk.between(low, high)
        answer = next(self._rows.query(pk, between, consistent_read=True, scan_index_forward=False, page_size=most).page_iter)
        return [self._rows.from_raw_data(item) for item in answer["Items"]], "LastEvaluatedKey" in answer

    def _letter(self, row: Row) -> DeadLetter | None:
        """The letter of a row, None if it has expired or another release wrote it."""
        if row.ttl <= int(self._clock()):
            return None
        try:
            return DeadLetter.restore(row.document)
        except (TypeError, KeyError, ValueError) as error:
            log.warning("dead letter cannot be read", extra={"pk": row.pk, "sk": row.sk, "error": repr(error)})
            return None

    def _light(self, delivery: Delivery) -> Delivery:
        """A delivery whose event fits beside everything else into an item."""
        if len(delivery.event) <= EVENT_LIMIT:
            return delivery
        return delivery.stored_at(self._payloads.put(delivery.space, delivery.event))


def _partition(space: str, key: str) -> str:
    return partition(Record.DEAD_LETTER, space, _hour_text(key))


def _hours(space: str) -> str:
    """The partition that lists the hours of a space."""
    return partition(Record.DEAD_LETTER, space)


def _hour_text(key: str) -> str:
    """In as many digits as any, so that texts are in the order of time."""
    return f"{hour(key):07}"
