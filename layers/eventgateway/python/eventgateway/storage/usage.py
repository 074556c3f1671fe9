"""Usage counters in DynamoDB: one item for each space, and for each of its days, one number attribute for each series, raised by ADD."""

from collections.abc import Mapping
from time import time
from typing import Any

from pynamodb.connection import TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.operand import Path

from eventgateway.core.usage import ALL_SPACES
from eventgateway.storage.dynamodb import CONNECT_SECONDS, READ_SECONDS, RETRIES, available, is_refused
from eventgateway.storage.records import Record, partition

NO_COUNTS = {"pk", "sk", "ttl"}
TOTAL = "total"
DAYS_KEPT = 400
WHAT = "The store of usage counters"


class DynamoUsage:
    """Implements `UsageStore` in the table of records. `hosted`: the item of a space is made with the space, and never comes back."""

    def __init__(self, table: str, *, hosted: bool = False) -> None:
        self._hosted = hosted
        keys = {"pk": "HASH", "sk": "RANGE"}
        schema = {
            "TableName": table,
            "KeySchema": [{"AttributeName": name, "KeyType": type_} for name, type_ in keys.items()],
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in keys],
        }
        self._table = TableConnection(
            table,
            meta_table=MetaTable(schema),
            connect_timeout_seconds=CONNECT_SECONDS,
            read_timeout_seconds=READ_SECONDS,
            max_retry_attempts=RETRIES,
        )

    def add(self, space: str, counts: Mapping[str, float]) -> bool:
        """See `UsageStore`. ADD creates what is not there."""
        condition = Path(["pk"]).exists() if self._hosted and space != ALL_SPACES else None
        with available(WHAT):
            try:
                self._table.update_item(usage_key(space), TOTAL, actions=_additions(counts), condition=condition)
            except UpdateError as error:
                if not is_refused(error):
                    raise
                return False
        return True

    def add_to_day(self, space: str, day: str, counts: Mapping[str, float]) -> None:
        """See `UsageStore`."""
        kept_until = Path(["ttl"]).set({"N": str(int(time()) + DAYS_KEPT * 86400)})
        with available(WHAT):
            self._table.update_item(usage_key(space), day, actions=[*_additions(counts), kept_until])

    def days(self, space: str, first: str, last: str) -> list[tuple[str, dict[str, float]]]:
        """See `UsageStore`."""
        found: list[tuple[str, dict[str, float]]] = []
        start: dict[str, Any] | None = None
        with available(WHAT):
            while True:
                between = Path(["sk"]).between({"S": first}, {"S": last})
                answer = self._table.query(usage_key(space), between, consistent_read=True, exclusive_start_key=start)
                found += [(item["sk"]["S"], _counts(item)) for item in answer["Items"]]
                start = answer.get("LastEvaluatedKey")
                if start is None:
                    return found

    def totals(self, space: str) -> dict[str, float]:
        """See `UsageStore`."""
        with available(WHAT):
            item = self._table.get_item(usage_key(space), TOTAL, consistent_read=True).get("Item", {})
        return _counts(item)


def usage_key(space: str) -> str:
    """Partition key of what a space has used."""
    return partition(Record.USAGE, space)


def _additions(counts: Mapping[str, float]) -> list[Any]:
    return [Path([name]).add({"N": _number(value)}) for name, value in counts.items()]


def _counts(item: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value["N"]) for name, value in item.items() if name not in NO_COUNTS}


def _number(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".")
