"""Reading the JSON documents of the Config API: types first, then the rules of each field.

The messages follow the original gateway: `Key: 'Function.ID' Error:Field validation for 'ID' failed on the 'required' tag`, one
line for every failing field. Where something is longer than it may be, the tag is `max` and the limit stands behind it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eventgateway.core import limits
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.json import JsonError, JsonObject, JsonValue, loads, type_name

NAME = re.compile(r"[a-zA-Z0-9.\-_]+")
SPACE_MIN_LENGTH = 3
METHODS = ("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS")
METHOD_TAG = "|".join(f"eq={method}" for method in METHODS)


def is_name(text: str) -> bool:
    """Whether a text may be the id of a function, the name of a space, or the event type of a subscription."""
    return NAME.fullmatch(text) is not None


def decode(body: bytes) -> JsonObject:
    """The document of a request body: `null` is an empty one. Raises InvalidRequest."""
    try:
        value = loads(body)
    except JsonError as error:
        raise InvalidRequest("EOF" if error.empty else "unexpected EOF" if error.truncated else str(error)) from error
    if value is not None and not isinstance(value, dict):
        raise InvalidRequest(f"json: the document must be an object, not {_article(value)}")
    return value or {}


def _article(value: JsonValue) -> str:
    name = type_name(value)
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


@dataclass(frozen=True, slots=True)
class Fields:
    """Typed access to the fields of a document. An absent field and `null` are the same; a wrong type raises InvalidRequest."""

    document: Mapping[str, JsonValue]

    def text(self, name: str) -> str:
        """A string, `""` if absent."""
        value = self.document.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._mismatch(name, "a string", value)
        return value

    def flag(self, name: str) -> bool:
        """A boolean, false if absent."""
        value = self.document.get(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self._mismatch(name, "a boolean", value)

    def whole(self, name: str) -> int:
        """A whole number, 0 if absent."""
        value = self.document.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value or 0
        if isinstance(value, float) and value.is_integer():  # JSON has numbers, and 3.0 is 3
            return int(value)
        raise self._mismatch(name, "a whole number", value)

    def texts(self, name: str) -> tuple[str, ...]:
        """An array of strings, empty if absent."""
        value = self.document.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self._mismatch(name, "an array of strings", value)
        return tuple(self._text_item(name, item) for item in value)

    def object(self, name: str) -> JsonObject | None:
        """An object, None if absent."""
        value = self.document.get(name)
        if value is None or isinstance(value, dict):
            return value
        raise self._mismatch(name, "an object", value)

    def labels(self, name: str) -> dict[str, str]:
        """An object of strings, empty if absent."""
        labels = self.object(name) or {}
        return {key: self._text_item(f"{name}.{key}", value) for key, value in labels.items()}

    def metadata(self) -> dict[str, str]:
        """The labels of a resource."""
        return self.labels("metadata")

    def _text_item(self, name: str, value: JsonValue) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._mismatch(name, "a string", value)
        return value

    @staticmethod
    def _mismatch(name: str, wanted: str, value: JsonValue) -> InvalidRequest:
        return InvalidRequest(f"json: field {name!r} must be {wanted}, not {_article(value)}")


@dataclass(slots=True)
class Failures:
    """Collects the failing fields of one document; `structure` is how the original called its type."""

    structure: str
    lines: dict[str, str] = field(default_factory=dict)  # by field, the first tag that does not hold

    def check(self, name: str, **tags: bool) -> None:
        """Note the first tag of a field that does not hold. A tag that is no identifier is spelled with `check_tag`."""
        for tag, holds in tags.items():
            if not holds:
                self.check_tag(name, tag, holds=holds)
                return

    def check_tag(self, name: str, tag: str, *, holds: bool) -> None:
        """Note a field whose tag does not hold."""
        if not holds:
            self._note(name, tag)

    def check_max(self, name: str, size: int, limit: int, unit: str = "characters") -> None:
        """Note a field of which there is too much."""
        if size > limit:
            self._note(name, "max", f" (at most {limit} {unit})")

    def _note(self, name: str, tag: str, remark: str = "") -> None:
        line = f"Key: '{self.structure}.{name}' Error:Field validation for '{name}' failed on the '{tag}' tag{remark}"
        self.lines.setdefault(name, line)

    def check_space(self, space: str) -> None:
        """The rules for the name of a space."""
        self.check_max("Space", len(space), limits.NAME)
        self.check("Space", required=space != "", min=len(space) >= SPACE_MIN_LENGTH, space=is_name(space))

    def check_path(self, path: str) -> None:
        """How long a path or path pattern may be, and of how many parts."""
        segments = path.split("/")[1:]
        self.check_max("Path", len(path), limits.PATH)
        self.check_max("Path", len(segments), limits.SEGMENTS, "segments")
        self.check_max("Path", sum(each.startswith((":", "*")) for each in segments), limits.PARAMETERS, "parameters")

    def check_metadata(self, labels: Mapping[str, str]) -> None:
        """How many labels a resource may have, and how long they may be."""
        self.check_max("Metadata", len(labels), limits.LABELS, "labels")
        self.check_max("Metadata", max(map(len, labels), default=0), limits.LABEL_NAME, "characters in the name of a label")
        self.check_max("Metadata", max(map(len, labels.values()), default=0), limits.LABEL_VALUE, "characters in the value of a label")

    def check_texts(self, name: str, texts: Sequence[str]) -> None:
        """How many texts a list may have, and how long they may be."""
        self.check_max(name, len(texts), limits.LIST, "items")
        self.check_max(name, max(map(len, texts), default=0), limits.LIST_TEXT, "characters in an item")

    def check_method(self, method: str) -> None:
        """The HTTP methods that can be subscribed to."""
        self.check_tag("Method", METHOD_TAG, holds=method in METHODS)

    def raise_if_any(self) -> None:
        """Raise InvalidRequest with one line for every failing field."""
        if self.lines:
            raise InvalidRequest("\n".join(self.lines.values()))
