"""Tables for moto's DynamoDB whose transactions and queries do not cost more the more they hold."""

import copy
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import moto.dynamodb.models
from moto.core.model import StructureShape
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.comparisons import get_comparison_func
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

SCALARS = {"S", "N", "BOOL", "NULL"}
INDEX_NAME = 4  # its place behind the range in the arguments of moto's query

Json = dict[str, Any]
Found = tuple[list[Item], int, dict[str, Any] | None]
Items = dict[DynamoType, Any]  # partition key → sort key → item, or → item where the table has no sort key


class PartitionedTable(Table):
    """A table that is backed up by reference and queried by partition.

    moto backs a table up once for each item of a transaction, by a deep copy, and sorts all items of a table for each query:
    240 ms and 37 ms with 2,000 items. Here a backup copies the containers and shares the items, which is right because nothing
    changes an item in its place: PutItem replaces it, and `unshare` makes UpdateItem change a copy.
    """

    def __deepcopy__(self, memo: dict[int, Any]) -> "PartitionedTable":
        """The backup of a transaction."""
        backup = self._like(self.items)
        if self.stream_shard is not None:
            backup.stream_shard = copy.copy(self.stream_shard)
            backup.stream_shard.items = list(self.stream_shard.items)
        return backup

    def unshare(self, key: dict[str, Any]) -> None:
        """Put a copy of an item in its place, so that a backup keeps the one it holds."""
        if not all(name in key for name in self.table_key_attrs):
            return
        partition = DynamoType(key[self.hash_key_attr])
        sort = DynamoType(key[self.range_key_attr]) if self.range_key_attr else None
        item = self.get_item(partition, sort)
        if item is not None and sort is not None:
            self.items[partition][sort] = copy.deepcopy(item)
        elif item is not None:
            self.items[partition] = copy.deepcopy(item)  # type: ignore[arg-type]

    def query(self, hash_key: DynamoType | None, comparison: str | None, objects: list[DynamoType], *rest: Any, **options: Any) -> Found:  # type: ignore[override]  # noqa: ANN401
        """Let moto query a table that holds nothing but the items of the partition and range."""
        index = rest[INDEX_NAME] if len(rest) > INDEX_NAME else options.get("index_name")
        view: Table = self
        if hash_key is not None and index is None and self.has_range_key:
            view = self._like({hash_key: self._range(hash_key, comparison, objects)})
        return Table.query(view, hash_key, comparison, objects, *rest, **options)

    def _range(self, hash_key: DynamoType, comparison: str | None, objects: list[DynamoType]) -> Items:
        partition: Items = self.items.get(hash_key, {})
        if comparison is None:
            return partition
        holds, values = get_comparison_func(comparison), [each.cast_value for each in objects]
        return {key: item for key, item in partition.items() if holds(key.cast_value, *values)}

    def _like(self, items: Items) -> "PartitionedTable":
        """A table with other containers, everything else shared."""
        table = copy.copy(self)
        copies = {key: dict(value) if isinstance(value, dict) else value for key, value in items.items()}
        table.items = defaultdict(dict, copies)
        return table


@contextmanager
def partitioned_tables() -> Iterator[None]:
    """Let moto create such tables."""
    update = DynamoDBBackend.update_item

    def update_copy(backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *args: Any, **options: Any) -> Item:  # noqa: ANN401
        table = backend.get_table(table_name)
        if isinstance(table, PartitionedTable):
            table.unshare(key)
        return update(backend, table_name, key, *args, **options)

    with patch.object(moto.dynamodb.models, "Table", PartitionedTable), patch.object(DynamoDBBackend, "update_item", update_copy):
        yield


@contextmanager
def plain_scalars() -> Iterator[None]:
    """Let moto write scalars of DynamoDB JSON as they are; it looks ten types up for each, under four spellings: 0.3 ms an item."""
    structure = BaseJSONSerializer._serialize_type_structure  # noqa: SLF001 - there is no public hook

    def scalar_or_structure(serializer: BaseJSONSerializer, written: Json, value: Any, shape: StructureShape, key: str) -> None:  # noqa: ANN401
        if shape.name == "AttributeValue" and isinstance(value, dict) and value.keys() <= SCALARS:
            serializer._default_serialize(written, value, shape, key)  # noqa: SLF001
        else:
            structure(serializer, written, value, shape, key)

    with patch.object(BaseJSONSerializer, "_serialize_type_structure", scalar_or_structure):
        yield
