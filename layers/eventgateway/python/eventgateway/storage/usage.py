"""Usage counters in DynamoDB: one item for each space, one number attribute for each series, raised by ADD."""

from collections.abc import Mapping

from pynamodb.connection import TableConnection
from pynamodb.connection.base import MetaTable
from pynamodb.expressions.operand import Path

from eventgateway.storage.dynamodb import CONNECT_SECONDS, READ_SECONDS, RETRIES, available
from eventgateway.storage.records import Record, partition

KEYS = {"pk", "sk"}
TOTAL = "total"
WHAT = "The store of usage counters"


class DynamoUsage:
    """Implements `UsageStore` in the table of records."""

    def __init__(self, table: str) -> None:
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

    def add(self, space: str, counts: Mapping[str, float]) -> None:
        """See `UsageStore`. ADD creates what is not there."""
        actions = [Path([name]).add({"N": _number(value)}) for name, value in counts.items()]
        with available(WHAT):
            self._table.update_item(usage_key(space), TOTAL, actions=actions)

    def totals(self, space: str) -> dict[str, float]:
        """See `UsageStore`."""
        with available(WHAT):
            item = self._table.get_item(usage_key(space), TOTAL, consistent_read=True).get("Item", {})
        return {name: float(value["N"]) for name, value in item.items() if name not in KEYS}


def usage_key(space: str) -> str:
    """Partition key of what a space has used."""
    return partition(Record.USAGE, space)


def _number(value: float) -> str:
    return f"{value:.9f}".rstrip("0").rstrip(".")
