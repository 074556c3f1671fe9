"""The document: every route of the Config API with what it takes and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from eventgateway import __version__
from eventgateway.core.json import JsonObject
from eventgateway.core.provider import Providers
from eventgateway.operations.manage import parse
from eventgateway.web.openapi import dead_letters, emit_access, quota, suspension, tenants
from eventgateway.web.openapi.parts import ERROR_SCHEMAS, JSON, PARAMETERS, SECURITY, TEXT, answer, errors, open_errors, responses
from eventgateway.web.openapi.rules import EXAMPLES, IDS, MODELS, WORDS, Model, Schema
from eventgateway.web.openapi.schemas import components, update_name

ABOUT = """\
Event types, functions, subscriptions and CORS rules, in spaces, and the dead letters of a space. A space is there as soon as
something is in it.

In a document that is sent, a field that is `null` counts as missing, and fields that are not described have no effect."""
LICENSE = {"name": "Apache 2.0", "identifier": "Apache-2.0"}
OWN_TAG = "gateway"
CURSOR = {"type": "string", "description": "Only there if there are more resources: the parameter `cursor` of the next page."}


def document(providers: Providers, *, hosted: bool) -> Schema:
    """The whole document, for these types of functions; with tenants and access keys if `hosted`."""
    keys = {"operatorKey": SECURITY["operatorKey"]} if not hosted else SECURITY
    return {
        "openapi": "3.1.1",
        "info": {"title": "Event Gateway: Config API", "version": __version__, "description": ABOUT, "license": LICENSE},
        "servers": [{"url": "/"}],
        "security": [*({name: []} for name in keys), *([] if hosted else [{}])],  # one owner may have none
        "tags": [{"name": name} for name in (*_tags(), *([tenants.TAG] if hosted else []), OWN_TAG)],
        "paths": {path: item for model in MODELS for path, item in _Routes(model, providers).paths().items()}
        | dead_letters.paths()
        | suspension.paths(_parameter("space"))
        | emit_access.paths(_parameter("space"))
        | quota.paths(_parameter("space"))
        | (tenants.paths() if hosted else {})
        | _own_paths(),
        "components": {
            "schemas": components(providers) | dead_letters.SCHEMAS | ERROR_SCHEMAS | (tenants.SCHEMAS if hosted else {}),
            "parameters": PARAMETERS,
            "responses": responses(),
            "securitySchemes": keys,
        },
    }


@dataclass(frozen=True, slots=True)
class _Routes:
    """The routes of one kind of resource."""

    model: Model
    providers: Providers

    def paths(self) -> dict[str, Schema]:
        """The collection and the single resource."""
        kind = self.model.kind
        collection = f"/v1/spaces/{{space}}/{kind.path}"
        identifier = {"name": kind.id_key, "in": "path", "required": True, "schema": IDS[self.model]}
        single = {"get": self._get(), "put": self._update(), "delete": self._delete()}
        return {
            collection: {"get": self._list(), "post": self._create()},
            f"{collection}/{{{kind.id_key}}}": {"parameters": [_parameter("space"), identifier], **single},
        }

    def _list(self) -> Schema:
        key, example = self.model.kind.list_key, {self.model.kind.list_key: [*self._shown().values()]}
        properties = {key: {"type": "array", "items": _schema(self.model.__name__)}, "cursor": CURSOR}
        listed = answer("The resources.", {"type": "object", "properties": properties, "required": [key]}, _examples({"list": example}))
        parameters = [_parameter(name) for name in ("anySpace", "limit", "cursor", "metadata")]
        operation = self._operation("list", f"List the {_plural(self.model)} of a space", {"200": listed} | errors(400, 404))
        return operation | {"parameters": parameters}

    def _create(self) -> Schema:
        created = self._answer("It is there now.")
        operation = self._operation("create", f"Create {_one(self.model)}", {"201": created} | errors(400, 404, 409, 413, 429))
        return operation | {"parameters": [_parameter("space")], "requestBody": self._body(f"New{self.model.__name__}")}

    def _get(self) -> Schema:
        return self._operation("get", f"Read {_one(self.model)}", {"200": self._answer("The resource.")} | errors(400, 404))

    def _update(self) -> Schema:
        operation = self._operation("update", f"Replace {_one(self.model)}", {"200": self._answer("As it is now.")} | errors(400, 404, 413))
        return operation | {"requestBody": self._body(update_name(self.model))}

    def _delete(self) -> Schema:
        return self._operation("delete", f"Delete {_one(self.model)}", {"204": {"description": "It is gone."}} | errors(400, 404))

    def _operation(self, verb: str, summary: str, answers: Schema) -> Schema:
        name = f"{verb}{self.model.__name__}{'s' if verb == 'list' else ''}"
        return {"operationId": name, "summary": summary, "tags": [_plural(self.model)], "responses": answers}

    def _answer(self, description: str) -> Schema:
        return answer(description, _schema(self.model.__name__), _examples(self._shown()))

    def _body(self, schema: str) -> Schema:
        return {"required": True, "content": {JSON: {"schema": _schema(schema), "examples": _examples(EXAMPLES[self.model])}}}

    def _shown(self) -> dict[str, JsonObject]:
        """What is answered to the documents of the examples."""
        documents = EXAMPLES[self.model].items()
        return {name: parse(self.model.kind, "default", each, self.providers, None).shown() for name, each in documents}


def _own_paths() -> dict[str, Schema]:
    """What is about the gateway itself."""
    works = {"description": "It works."}
    metrics = {"description": "Text for Prometheus.", "content": {"text/plain": {"schema": TEXT}}}
    here = {"description": "OpenAPI 3.1.", "content": {JSON: {"schema": {"type": "object"}}}}
    status = _own("getStatus", "Check that the gateway works", works) | {"security": [], "responses": {"200": works} | open_errors()}
    return {
        "/v1/status": {"get": status},
        "/v1/metrics": {"get": _own("getMetrics", "Read what was counted", metrics)},
        "/v1/openapi.json": {"get": _own("getDescription", "Read this document", here)},
    }


def _own(name: str, summary: str, ok: Schema) -> Schema:
    return {"operationId": name, "summary": summary, "tags": [OWN_TAG], "responses": {"200": ok} | errors()}


def _tags() -> tuple[str, ...]:
    """Those of a space."""
    return (*map(_plural, MODELS), dead_letters.TAG, suspension.TAG, emit_access.TAG, quota.TAG)


def _plural(model: Model) -> str:
    return f"{WORDS[model]}s"


def _one(model: Model) -> str:
    return f"{'an' if WORDS[model][0] in 'aeiou' else 'a'} {WORDS[model]}"


def _parameter(name: str) -> Schema:
    return {"$ref": f"#/components/parameters/{name}"}


def _schema(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _examples(values: Mapping[str, object]) -> Schema:
    return {name: {"value": value} for name, value in values.items()}
