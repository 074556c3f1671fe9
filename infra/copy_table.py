"""Puts a table back to what another one holds: `python -m infra.copy_table SOURCE TARGET`, see "Backups and restore" in docs/deploy.md."""

import sys
from collections.abc import Iterator
from typing import Any

import boto3

Item = dict[str, Any]
KEYS = ["pk", "sk"]
KEEP = "--keep"
USAGE = f"usage: python -m infra.copy_table SOURCE TARGET [{KEEP}]"


def copy(source: Any, target: Any, *, keep: bool = False) -> tuple[int, int]:  # noqa: ANN401 - boto3's `Table`s
    """Put all items of `source` into `target` and, unless `keep`, delete those that only `target` has. Returns how many of each."""
    known = set()
    with target.batch_writer() as writer:
        for item in items(source):
            writer.put_item(Item=item)
            known.add(key(item))
    others = [] if keep else [item for item in items(target, ProjectionExpression=", ".join(KEYS)) if key(item) not in known]
    with target.batch_writer() as writer:
        for item in others:
            writer.delete_item(Key=item)
    return len(known), len(others)


def items(table: Any, **choices: str) -> Iterator[Item]:  # noqa: ANN401
    """All items of a table, page by page."""
    start: Item = {}
    while True:
        page = table.scan(ConsistentRead=True, **choices, **start)
        yield from page["Items"]
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def key(item: Item) -> tuple[str, ...]:
    """What an item is found by."""
    return tuple(item[name] for name in KEYS)


def main(arguments: list[str]) -> None:
    """Ends with a sentence and status 1 if the arguments make no sense."""
    names = [each for each in arguments if each != KEEP]
    if len(names) != 2 or names[0] == names[1]:  # noqa: PLR2004
        sys.exit(USAGE)
    tables = boto3.resource("dynamodb")
    put, deleted = copy(tables.Table(names[0]), tables.Table(names[1]), keep=KEEP in arguments)
    sys.stdout.write(f"{put} items put, {deleted} deleted\n")


if __name__ == "__main__":
    main(sys.argv[1:])
