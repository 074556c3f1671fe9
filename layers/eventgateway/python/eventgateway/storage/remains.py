"""What spaces leave behind in the two tables, deleted row by row, several at a time: who may delete need not be allowed to write."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from eventgateway.core.erasure import Swept, next_place
from eventgateway.core.json import dumps, loads
from eventgateway.storage.dynamodb import META, Row, available, row_class, space_key
from eventgateway.storage.records import space_of

PAGE_ROWS = 1000  # that one step looks at
AT_A_TIME = 8
KEYS = ["pk", "sk"]
WHAT = "The store of what is to be erased"


class ConfigurationRemains:
    """Implements `Remains` for all rows of spaces but those that hold their names; a position is the place of a space."""

    def __init__(self, config_table: str) -> None:
        self._rows = row_class(config_table)

    def sweep(self, spaces: Sequence[str], position: str) -> Swept:
        """See `Remains`. What is deleted is not found again, so that a space is begun anew until nothing is left of it."""
        place = int(position or 0)
        if place >= len(spaces):
            return Swept(0)
        with available(WHAT):
            query = self._rows.query(space_key(spaces[place]), consistent_read=True, page_size=PAGE_ROWS, attributes_to_get=KEYS)
            found, last = _page(self._rows, query)
            wanted = [row for row in found if row.sk != META]
            _delete(wanted)
        return Swept(len(wanted), next_place(spaces, place if last else place + 1))


class RecordRemains:
    """Implements `Remains` for all records of spaces; a position is the last key of a scan of the whole table."""

    def __init__(self, records_table: str) -> None:
        self._rows = row_class(records_table)

    def sweep(self, spaces: Sequence[str], position: str) -> Swept:
        """See `Remains`."""
        if not spaces:
            return Swept(0)
        ours, start = frozenset(spaces), _key(position)
        with available(WHAT):
            scan = self._rows.scan(consistent_read=True, page_size=PAGE_ROWS, last_evaluated_key=start, attributes_to_get=KEYS)
            found, last = _page(self._rows, scan)
            wanted = [row for row in found if space_of(row.pk) in ours]
            _delete(wanted)
        return Swept(len(wanted), dumps([last[name]["S"] for name in KEYS]).decode() if last else "")


def _key(position: str) -> dict[str, dict[str, Any]] | None:
    """The key of a position as DynamoDB has it, None for the beginning."""
    key: Any = loads(position) if position else None
    return {name: {"S": part} for name, part in zip(KEYS, key, strict=True)} if key else None


def _page(rows: type[Row], results: Any) -> tuple[list[Row], Any]:  # noqa: ANN401 - PynamoDB's iterators and keys
    """The rows of one request, and its last key if there are more."""
    answer = next(results.page_iter)
    return [rows.from_raw_data(item) for item in answer["Items"]], answer.get("LastEvaluatedKey")


def _delete(rows: Iterable[Row]) -> None:
    with ThreadPoolExecutor(AT_A_TIME, "erasure") as pool:
        list(pool.map(lambda row: row.delete(), rows))
