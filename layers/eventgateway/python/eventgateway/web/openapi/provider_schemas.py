"""JSON Schemas of the types of functions, from the fields of their providers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from eventgateway.core.provider import Provider
from eventgateway.core.resource import MASK
from eventgateway.web.openapi.rules import Schema

Rules = Mapping[str, Any]


def provider_name(type_: str) -> str:
    """The name of the schema of what is answered; that of what is sent has `New` in front."""
    return f"{type_.capitalize()}Provider"


def provider_schemas(type_: str, provider: type[Provider]) -> Iterator[tuple[str, Schema]]:
    """What is answered and what is sent: secrets are only ever sent, and what the gateway sets is only ever answered."""
    settings = [each.metadata for each in fields(provider)]
    required = [rules["key"] for rules in settings if rules["required"]]
    yield provider_name(type_), _object({rules["key"]: _answered(rules) for rules in settings}, required)
    yield f"New{provider_name(type_)}", _object({rules["key"]: _sent(rules) for rules in settings if not rules["read_only"]}, required)


def _sent(rules: Rules) -> Schema:
    about = {"description": rules["help"]} | ({"writeOnly": True} if rules["secret"] else {})
    if rules["required"]:
        return {"type": "string", "minLength": 1} | _bounds(rules, rules["pattern"]) | about
    if rules["names"]:
        names, texts = {"pattern": f"^{rules['names']}$"}, {"type": "string"} | _bounds(rules, _or_mask(rules))
        bounds = {"propertyNames": names, "additionalProperties": texts, "maxProperties": rules["limit"]}
        return {"type": ["object", "null"]} | bounds | about
    secret = {"format": "password"} if rules["secret"] else {}
    return {"type": ["string", "null"]} | _bounds(rules, _or_mask(rules), "?") | secret | about


def _answered(rules: Rules) -> Schema:
    if not rules["secret"]:
        own = {"readOnly": True} if rules["read_only"] else {}
        return {"type": "string", "description": rules["help"]} | _bounds(rules, rules["pattern"]) | own
    masked = {"type": "object", "additionalProperties": {"const": MASK}} if rules["names"] else {"const": MASK}
    return masked | {"description": f"{rules['help']}, masked. Sent back, the mask keeps what is stored."}


def _or_mask(rules: Rules) -> str:
    pattern: str = rules["pattern"]
    return f"{pattern}|{re.escape(MASK)}" if pattern and rules["secret"] else pattern


def _bounds(rules: Rules, pattern: str, times: str = "") -> Schema:
    length = {"maxLength": rules["length"]}
    return length | {"pattern": f"^({pattern}){times}$"} if pattern else length


def _object(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required}
