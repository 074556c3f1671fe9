"""Partition keys of the table of records: `<kind>#<space>`, and behind that whatever the kind wants. All are made here.

So that whoever erases a space finds what it has, whatever it is.
"""

from enum import StrEnum


class Record(StrEnum):
    """What there is in the table."""

    ATTEMPT = "attempt"
    CLAIM = "dedup"
    DEAD_LETTER = "deadletter"
    REDRIVE = "redrive"
    USAGE = "usage"


def partition(kind: Record, space: str, *more: object) -> str:
    """The partition key of a kind of rows of a space."""
    return "#".join((kind.value, space, *map(str, more)))


def space_of(partition_key: str) -> str:
    """The space of a partition key that was made here."""
    return partition_key.partition("#")[2].partition("#")[0]
