"""The description of the Config API: kept as it is generated, true to the models, and true to what the original was recorded to do."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from eventgateway import providers
from eventgateway.core.function import Function
from eventgateway.core.json import dumps
from eventgateway.core.resource import MASK
from eventgateway.core.space import COLLECTIONS
from eventgateway.operations.manage import parse
from eventgateway.web.openapi import text
from eventgateway.web.openapi.rules import EXAMPLES, MODELS, Model
from eventgateway.web.openapi.schemas import update_name
from tests.conformance import replay
from tests.contract.backends import ENTRIES
from tests.hosted_gateway import HostedGateway
from tests.unit.test_function import MALFORMED

ROOT = Path(__file__).parents[2]
DOCUMENT = json.loads(text(hosted=True))
BY_PATH = {model.kind.path: model for model in MODELS}
WRITES = {"POST", "PUT"}
PLACEHOLDER = re.compile(r"\{\{(target|refused)\}\}")  # stands for a URL, see the README of the cases
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
each_provider = pytest.mark.parametrize("provider", providers.load().values(), ids=lambda provider: provider.type)


@dataclass(frozen=True)
class Exchange:
    """A document that was sent, and what was answered."""

    model: Model
    method: str
    sent: Any
    status: int
    answered: Any

    @property
    def schema(self) -> str:
        return f"New{self.model.__name__}" if self.method == "POST" else update_name(self.model)

    @property
    def is_accepted(self) -> bool:
        return self.status in (200, 201)

    @property
    def is_refused_for_its_form(self) -> bool:
        """By a rule that a schema of the body can tell: what is in the URL is not, and what is a URL is a long story."""
        message = self.answered["errors"][0]["message"] if self.status == 400 and self.answered else ""
        elsewhere = (".Space'", "HTTP endpoint", *(["Function.ID"] if self.method == "PUT" else []))
        return "doesn't validate" in message and not any(each in message for each in elsewhere)

    def __str__(self) -> str:
        return f"{self.schema} {dumps(self.sent).decode()}"


def recorded() -> Iterator[Exchange]:
    """Every JSON document that a conformance case sends to create or to change something."""
    for case in json.loads(PLACEHOLDER.sub("http://host.test", json.dumps(replay.load([ROOT / "tests/conformance/cases"], None, "")))):
        answers = [{"status": 201}] * len(case["setup"]) + case["expected"]["responses"]
        for request, answer in zip(case["setup"] + case["requests"], answers, strict=True):
            model = BY_PATH.get("".join(request.get("path", "").split("/")[4:5]))
            if request.get("api", "config") == "config" and model and request["method"] in WRITES and is_json(request.get("body")):
                sent = json.loads(request["body"])
                yield Exchange(model, request["method"], sent, answer["status"], answer.get("body"))


def is_json(body: str | None) -> bool:
    try:
        json.loads(body or "")
    except ValueError:
        return False
    return True


RECORDED = list({f"{each} {each.status}": each for each in recorded()}.values())


@cache
def validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]})


def fits(schema: str, value: object) -> bool:
    """Whether a value fits a schema of the document."""
    return validator(schema).is_valid(value)


def properties(schema: str) -> list[dict[str, Any]]:
    """The fields of each alternative of a schema."""
    found = DOCUMENT["components"]["schemas"][schema]
    return [each["properties"] for each in found.get("oneOf", [found])]


def test_the_committed_description_is_the_generated_one():
    printed = subprocess.run([sys.executable, "-m", "eventgateway.web.openapi"], capture_output=True, text=True, check=True)
    assert printed.stdout == (ROOT / "docs/openapi.json").read_text(encoding="utf-8"), "run `make openapi`"


def test_the_router_does_not_load_the_description():
    program = "import sys, functions.router.handler; sys.exit('eventgateway.web.openapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("exchange", [each for each in RECORDED if each.is_accepted], ids=str)
def test_what_the_original_accepted_fits(exchange):
    assert fits(exchange.schema, exchange.sent)
    assert exchange.answered is None or fits(exchange.model.__name__, exchange.answered)


@pytest.mark.parametrize("exchange", [each for each in RECORDED if each.is_refused_for_its_form], ids=str)
def test_what_the_original_refused_for_its_form_does_not_fit(exchange):
    assert not fits(exchange.schema, exchange.sent)


@each_model
def test_the_examples_fit_and_so_do_the_answers_to_them(model):
    for example in EXAMPLES[model].values():
        shown = parse(model.kind, "default", example, providers.load(), None).shown()
        assert fits(f"New{model.__name__}", example)
        assert fits(update_name(model), example)
        assert fits(model.__name__, shown)
        assert not fits(model.__name__, {key: value for key, value in shown.items() if key != "space"})


@each_model
def test_nothing_is_answered_that_is_not_described(model):
    shown = set()
    for example in EXAMPLES[model].values():
        full = example | {"metadata": {"a": "b"}} | ({"authorizerId": "f"} if model.kind.id_key == "name" else {})
        shown |= set(parse(model.kind, "default", full, providers.load(), None).shown())
    assert all(shown == set(each) for each in properties(model.__name__))


@pytest.mark.parametrize(
    ("deduplicate", "is_right"),
    [(None, True), ({"windowSeconds": 1}, True), ({"windowSeconds": 1, "x": 1}, True), ({}, False)]
    + [({"windowSeconds": window}, False) for window in (None, 0, 604801, "1", 1.5)],
)
def test_a_window_of_deduplication_has_bounds(deduplicate, is_right):
    assert fits("NewEventType", {"name": "u", "deduplicate": deduplicate}) is is_right


@each_provider
def test_every_setting_of_a_provider_is_described_and_its_secrets_are_masked(provider):
    settings = ENTRIES[provider.type].document("http://x")
    document = {"functionId": "f", "type": provider.type, "provider": settings}
    shown = parse(Function.kind, "default", document, providers.load(), None).shown()
    own = set(shown_settings(provider.type)) - set(new_settings(provider.type))
    assert fits("NewFunction", document)
    assert fits("Function", shown)
    assert set(shown["provider"]) == set(new_settings(provider.type)) == set(settings) - own
    assert all(shown_settings(provider.type)[setting]["readOnly"] for setting in own)
    secrets = {setting for setting, schema in new_settings(provider.type).items() if schema.get("writeOnly")}
    assert {setting for setting, value in shown["provider"].items() if value in (MASK, {"X-Api-Key": MASK})} == secrets
    assert not any(
        fits("Function", shown | {"provider": shown["provider"] | {secret: readable}})
        for secret in secrets
        for readable in ("x", {"A": "x"})
    )


@each_provider
def test_masks_can_be_sent_back(provider):
    document = {"functionId": "f", "type": provider.type, "provider": ENTRIES[provider.type].document("http://x")}
    assert fits("FunctionUpdate", parse(Function.kind, "default", document, providers.load(), None).shown())


@pytest.mark.parametrize(("document", "_"), MALFORMED)
def test_a_malformed_setting_does_not_fit(document, _):
    assert not fits("NewFunction", document)


def shown_settings(type_: str) -> dict[str, Any]:
    return properties(f"{type_.capitalize()}Provider")[0]


def new_settings(type_: str) -> dict[str, Any]:
    return properties(f"New{type_.capitalize()}Provider")[0]


def test_every_status_of_an_error_is_described_with_an_example():
    for name, response in DOCUMENT["components"]["responses"].items():
        content = response["content"]["application/json"]
        assert all(fits("Errors", each["value"]) for each in content["examples"].values()), name


def test_every_operation_but_the_health_check_may_want_a_key():
    for path, item in DOCUMENT["paths"].items():
        for method in item.keys() - {"parameters"}:
            assert ({"401", "403"} <= item[method]["responses"].keys()) == (path != "/v1/status"), (method, path)
            wanted = [] if path == "/v1/status" else [{"operatorKey": []}] if path.startswith("/v1/tenants") else None
            assert item[method].get("security") == wanted, (method, path)


def test_keys_are_those_of_the_mode():
    assert DOCUMENT["security"] == [{"operatorKey": []}, {"accessKey": []}]
    assert json.loads(text())["security"] == [{"operatorKey": []}, {}]


def test_one_owner_is_told_nothing_of_tenants():
    own = json.loads(text())
    assert {path for path in DOCUMENT["paths"] if path not in own["paths"]} == {path for path in DOCUMENT["paths"] if "tenants" in path}
    assert "tenant" not in json.dumps({path: own[path] for path in ("tags", "paths")})
    assert own["components"]["schemas"].items() <= DOCUMENT["components"]["schemas"].items()


def test_every_kind_of_resource_is_described():
    assert tuple(model.kind for model in MODELS) == COLLECTIONS


def test_operations_have_names_of_their_own():
    names = [
        operation["operationId"] for path in DOCUMENT["paths"].values() for method, operation in path.items() if method != "parameters"
    ]
    assert len(set(names)) == len(names) == 4 * 5 + 6 + 3 + 5 + 3 + 3 + 15


TENANT, KEYS, MEMBER = "/v1/tenants/{tenant}", "/v1/tenants/{tenant}/keys", "/v1/tenants/{tenant}/members/{email}"
TENANT_REQUESTS = [
    ("post", "/v1/tenants", {"tenant": "acme", "app": "shop", "email": "ada@example.com"}),
    ("get", "/v1/tenants", None),
    ("put", f"{TENANT}/suspension", {"reason": "unpaid"}),
    ("get", TENANT, None),
    ("delete", f"{TENANT}/suspension", None),
    ("post", f"{TENANT}/apps", {"app": "blog"}),
    ("get", f"{TENANT}/apps", None),
    ("post", KEYS, {"name": "ci", "expiresAt": "2030-01-01T00:00:00Z", "spaces": ["acme-shop"], "readOnly": True}),
    ("post", KEYS, {"name": None, "expiresAt": None, "spaces": None, "readOnly": None}),
    ("get", KEYS, None),
    ("put", MEMBER, {"role": "Collaborator"}),
    ("get", f"{TENANT}/members", None),
    ("delete", MEMBER, None),
    ("delete", f"{KEYS}/{{keyId}}", None),
    ("delete", f"{TENANT}/apps/{{app}}", None),
    ("get", TENANT, None),
    ("delete", TENANT, None),
    ("get", TENANT, None),
]


def test_what_the_operator_sends_and_gets_is_described():
    hosted = HostedGateway()
    for method, route, document in TENANT_REQUESTS:
        identifier = hosted.tenants.keys("acme")[0].id if "keyId" in route else ""
        path = route.format(tenant="acme", app="blog", email="bob@example.com", keyId=identifier).removeprefix("/v1/tenants")
        answer, operation = hosted.operate(method.upper(), path, document), DOCUMENT["paths"][route][method]
        assert str(answer.status) in operation["responses"].keys() & {"200", "201", "202", "204"}, answer
        if answer.body:
            assert is_described(operation["responses"][str(answer.status)], answer.document), answer
        assert document is None or is_described(operation["requestBody"], document)


def test_every_request_of_the_operator_is_among_them():
    described = {(method, path) for path, item in DOCUMENT["paths"].items() for method in item if "/tenants" in path} - {
        ("parameters", path) for path in DOCUMENT["paths"]
    }
    assert {(method, route) for method, route, _ in TENANT_REQUESTS} == described


@pytest.mark.parametrize(
    ("schema", "document"),
    [
        ("NewTenant", {"tenant": "acme"}),
        ("NewTenant", {"tenant": "A", "app": "b"}),
        ("NewAccessKey", {"readonly": True}),
        ("NewMember", {"role": "x"}),
    ],
)
def test_what_the_operator_api_refuses_does_not_fit(schema, document):
    assert not fits(schema, document)


def test_the_examples_of_the_operator_api_fit():
    for path, item in DOCUMENT["paths"].items():
        for method in item.keys() - {"parameters"} if "/tenants" in path else ():
            for response in item[method]["responses"].values():
                examples = response.get("content", {}).get("application/json", {}).get("examples", {})
                assert all(is_described(response, each["value"]) for each in examples.values()), (method, path)


def is_described(part: dict[str, Any], value: object) -> bool:
    schema = part["content"]["application/json"]["schema"]
    return jsonschema_rs.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).is_valid(value)
