"""JSON values as types, and reading them with errors that clients understand."""

from collections.abc import Mapping
from typing import TypeAlias, Union

import orjson

JsonValue: TypeAlias = Union[bool, int, float, str, list["JsonValue"], dict[str, "JsonValue"], None]  # noqa: UP007 - recursive
JsonObject: TypeAlias = dict[str, JsonValue]

WRITE_LIMIT = 254  # levels that orjson writes; it reads 1,024
DEPTH_LIMIT = 200
HEADROOM = WRITE_LIMIT - DEPTH_LIMIT
TRUNCATED = "unexpected end of data"


class JsonError(ValueError):
    """The text is no JSON; `empty` and `truncated` tell the two ways in which it just ended."""

    def __init__(self, message: str, *, empty: bool = False, truncated: bool = False) -> None:
        super().__init__(message)
        self.empty, self.truncated = empty, truncated


def loads(text: bytes | str) -> JsonValue:
    """The value of a JSON text (RFC 8259) that comes from outside; raises JsonError, also for one too deep to be passed on."""
    value = restore(text)
    if _brackets(text) > DEPTH_LIMIT:
        _check_depth(value)
    return value


def restore(text: bytes | str) -> JsonValue:
    """The value of a JSON text that we wrote ourselves: around what came from outside it has some more levels. Raises JsonError."""
    try:
        value: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        reason = str(error)
        raise JsonError(f"invalid JSON: {reason}", empty=not text.strip(), truncated=reason.startswith(TRUNCATED)) from error
    return value


def _brackets(text: bytes | str) -> int:
    """An upper bound of the depth, at the speed of memory."""
    return text.count("[") + text.count("{") if isinstance(text, str) else text.count(b"[") + text.count(b"{")


def _check_depth(value: JsonValue) -> None:
    """Raise JsonError for what could be read but not written again with some levels around it, as in system events."""
    probe: object = value
    for _ in range(HEADROOM):
        probe = (probe,)
    try:
        orjson.dumps(probe)
    except orjson.JSONEncodeError as error:
        raise JsonError(f"invalid JSON: nested deeper than {DEPTH_LIMIT} levels") from error


def dumps(value: object) -> bytes:
    """Compact JSON in UTF-8 of anything built of JSON values and `raw` pieces."""
    return orjson.dumps(value)


def raw(text: bytes) -> object:
    """A piece of JSON that `dumps` takes over as it is."""
    return orjson.Fragment(text)


def type_name(value: JsonValue) -> str:
    """What JSON calls the type of a value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    names: Mapping[type, str] = {type(None): "null", str: "string", list: "array", dict: "object"}
    return names[type(value)]
