"""What a check found out."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How good it is. Only a failure is in the way of a deployment."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: `todo` is empty if there is nothing to do."""

    name: str
    state: State
    found: str
    todo: str = ""


def ok(name: str, found: str) -> Finding:
    """All is well."""
    return Finding(name, State.OK, found)


def warn(name: str, found: str, todo: str = "") -> Finding:
    """A deployment is possible, but something may come as a surprise."""
    return Finding(name, State.WARN, found, todo)


def fail(name: str, found: str, todo: str) -> Finding:
    """A deployment would fail, or go wrong."""
    return Finding(name, State.FAIL, found, todo)


class Unchecked(Exception):
    """A check has no ground to stand on: the message names what it needs first."""
