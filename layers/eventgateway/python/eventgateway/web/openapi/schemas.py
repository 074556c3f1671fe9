"""JSON Schemas of the documents of the Config API. Fields, types, defaults and what is required come from the models.

A request may hold `null` wherever a field may be missing; an answer never does.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from eventgateway.core.event_type import LONGEST_WINDOW, Deduplication
from eventgateway.core.function import Function
from eventgateway.core.provider import Providers
from eventgateway.core.retry import Retry
from eventgateway.web.openapi.provider_schemas import provider_name, provider_schemas
from eventgateway.web.openapi.rules import ANSWER_RULES, IDS, MODELS, RETRY_RULES, RULES, Model, Schema

APART = {"space", "since", "provider", "sealed"}  # fields that the URL, the gateway, or the type of a function decides
WINDOW: Schema = {"type": "integer", "minimum": 1, "maximum": LONGEST_WINDOW, "description": "Seconds for which an event is recognised."}
TYPES: Mapping[Any, Schema] = {
    str: {"type": "string"},
    str | None: {"type": "string"},
    bool: {"type": "boolean"},
    tuple[str, ...]: {"type": "array", "items": {"type": "string"}},
    Retry | None: {"type": "object", "properties": RETRY_RULES},
    dict[str, str]: {"type": "object", "additionalProperties": {"type": "string"}},
    Deduplication | None: {"type": "object", "properties": {"windowSeconds": WINDOW}, "required": ["windowSeconds"]},
}


def components(providers: Providers) -> dict[str, Schema]:
    """All schemas by name: `X` is what is answered, `NewX` what creates it, `XUpdate` what replaces it, where that is less."""
    named = {name: schema for type_, provider in sorted(providers.items()) for name, schema in provider_schemas(type_, provider)}
    for model in MODELS:
        documents = {model.__name__: _shown(model), f"New{model.__name__}": _new(model), update_name(model): _update(model)}
        named |= {name: _of_types(name, schema, providers) if model is Function else schema for name, schema in documents.items()}
    return named


def update_name(model: Model) -> str:
    """The schema of the document that replaces a resource."""
    return f"{model.__name__}Update" if model.kind.id_key in _fields(model) else f"New{model.__name__}"


def _new(model: Model) -> Schema:
    own = _fields(model)
    properties = {key: _rules(model, each) if _is_required(each) else _optional(_rules(model, each), each) for key, each in own.items()}
    return _object(properties, [key for key, each in own.items() if _is_required(each)])


def _update(model: Model) -> Schema:
    """Where the id is a field of its own, the URL says it."""
    new, key = _new(model), model.kind.id_key
    if key not in new["properties"]:
        return new
    new["properties"][key] = {"type": ["string", "null"], "description": "Has no effect: the URL says it."}
    new["required"].remove(key)
    return new if new["required"] or model is Function else new | {"type": ["object", "null"]}


def _shown(model: Model) -> Schema:
    own, stricter = _fields(model), ANSWER_RULES.get(model, {})
    properties = {key: _rules(model, each) | stricter.get(each.name, {}) for key, each in own.items()}
    known = {"space": {"type": "string", "description": "Name of the space."}, model.kind.id_key: IDS[model]}
    always = [key for key, each in own.items() if each.default is not None and each.default_factory is MISSING]
    return _object(known | properties, list(dict.fromkeys([*known, *always])))


def _fields(model: Model) -> dict[str, Field[Any]]:
    """The fields of a model by their names in documents."""
    own = [each for each in fields(model) if each.name not in APART]
    return {model.kind.id_key if each.name == "id" else _camel(each.name): each for each in own}


def _rules(model: Model, each: Field[Any]) -> Schema:
    return TYPES[each.type] | RULES[model][each.name]


def _is_required(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _optional(schema: Schema, each: Field[Any]) -> Schema:
    if each.default in (MISSING, None):
        return _nullable(schema)
    return _nullable(schema) | {"default": list(each.default) if isinstance(each.default, tuple) else each.default}


def _nullable(schema: Schema) -> Schema:
    inner: Schema = {key: _nullable(schema[key]) for key in ("items", "additionalProperties") if key in schema}
    if "properties" in schema:
        required = schema.get("required", ())
        inner["properties"] = {key: each if key in required else _nullable(each) for key, each in schema["properties"].items()}
    return schema | {"type": [schema["type"], "null"]} | inner


def _object(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required}


def _of_types(name: str, schema: Schema, providers: Providers) -> Schema:
    """A document of a function: one alternative for each type."""
    prefix = "" if name == Function.__name__ else "New"
    return {"oneOf": [_of_type(schema, type_, prefix) for type_ in sorted(providers)]}


def _of_type(schema: Schema, type_: str, prefix: str) -> Schema:
    configuration = {"type": {"const": type_}, "provider": {"$ref": f"#/components/schemas/{prefix}{provider_name(type_)}"}}
    return _object(schema["properties"] | configuration, [*schema["required"], *configuration])


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
