"""The fields of a provider: what each is called in documents, what fits, and which of them are secrets.

A value is a text or, where a field has `names`, an object of texts. The regular expressions are of the kind that Python and
JSON Schema have in common, and match a value as a whole.
"""

import re
from collections.abc import Mapping
from dataclasses import Field, field
from typing import Any, TypeAlias

from eventgateway.core import limits
from eventgateway.core.document import Fields
from eventgateway.core.resource import MASK

Value: TypeAlias = str | Mapping[str, str]


def setting(
    key: str,
    *,
    help: str,  # noqa: A002 - as in argparse
    required: bool = False,
    secret: bool = False,
    read_only: bool = False,
    pattern: str = "",
    names: str = "",
    limit: int = 0,
    length: int = limits.SETTING,
) -> Any:  # noqa: ANN401 - as dataclasses.field
    """One field: its name in documents, what it is for, whether it must be there, is hidden, or is the gateway's own to set.

    A value, or each text of an object, has at most `length` characters and matches `pattern`; without one, any text does. An object
    has up to `limit` texts, whose names match `names`.
    """
    rules = {
        "required": required,
        "secret": secret,
        "read_only": read_only,
        "pattern": pattern,
        "names": names,
        "limit": limit,
        "length": length,
    }
    metadata = {"key": key, "help": help} | rules
    if names:
        return field(default_factory=dict, repr=not secret, metadata=metadata)
    return field(default="", repr=not secret, metadata=metadata)


def read(each: Field[Any], document: Fields) -> Value:
    """The value in a document, an empty one if it is not there. Raises InvalidRequest for a wrong type."""
    key = each.metadata["key"]
    return document.labels(key) if each.metadata["names"] else document.text(key)


def malformed(each: Field[Any], value: Value) -> str | None:
    """The name of the first thing that is missing or does not fit, None if all is well. A masked secret fits."""
    rules = each.metadata
    key: str = rules["key"]
    if not value:
        return key if rules["required"] else None
    if isinstance(value, Mapping) and len(value) > rules["limit"]:
        return key
    for name, text in parts(each, value).items():
        if not _fits(rules["pattern"], text) and not (rules["secret"] and text == MASK):
            return name
    return next((f"{key}.{name}" for name in _names(value) if not _fits(rules["names"], name)), None)


def parts(each: Field[Any], value: Value) -> dict[str, str]:
    """The texts of a value by their full names, such as `headers.Authorization`."""
    key = each.metadata["key"]
    return {key: value} if isinstance(value, str) else {f"{key}.{name}": text for name, text in value.items()}


def masked(value: Value) -> Value:
    """A secret as it is shown: the names of an object stay."""
    if isinstance(value, str):
        return MASK if value else ""
    return dict.fromkeys(value, MASK)


def unmasked(value: Value, old: Value) -> Value:
    """A secret that was sent, where the mask means what it was before."""
    if isinstance(value, Mapping) and isinstance(old, Mapping):
        return {name: old.get(name, MASK) if text == MASK else text for name, text in value.items()}
    return old or MASK if value == MASK else value


def _names(value: Value) -> Mapping[str, str]:
    return value if isinstance(value, Mapping) else {}


def _fits(pattern: str, text: str) -> bool:
    return not pattern or re.fullmatch(pattern, text) is not None
