"""Every input has a bound: what is at it is taken, what is over it is refused with a message that names the field and the limit."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from eventgateway import providers
from eventgateway.core import limits
from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.event import Event
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.media_type import media_type
from eventgateway.core.space import CAPACITY, COLLECTIONS
from eventgateway.core.subscription import Subscription
from eventgateway.operations.manage import parse
from tests.unit.management import create, each_kind, message, rival_of, update

PROVIDERS = providers.load()
AWS = {"functionId": "f", "type": "awslambda", "provider": {"arn": "a", "region": "r"}}
HTTP = {"functionId": "f", "type": "http", "provider": {"url": "http://host"}}
DOCUMENTS = {
    EventType: {"name": "u", "authorizerId": "f"},
    Function: HTTP,
    Subscription: {"type": "sync", "eventType": "u", "functionId": "f", "path": "/p"},
    CorsRule: {"method": "GET", "path": "/p"},
}
EVENT = Event("u", "urn:x", "1")


def read(model, change):
    """The answer to a document with a change, None if it is taken."""
    return refusal(parse, model.kind, "default", DOCUMENTS[model] | change, PROVIDERS, None)


def refusal(action, *arguments):
    try:
        action(*arguments)
    except InvalidRequest as refused:
        return refused.message
    return None


def labels(count=1, name=1, value=0):
    return {"metadata": {f"{number:0{name}}": "v" * value for number in range(count)}}


def path(length):
    return {"path": "/" + "p" * (length - 1)}


def parameters(count):
    return {"path": "".join(f"/:{number}" for number in range(count))}


TEXTS = [
    (EventType, "Name", lambda n: {"name": "ä" * n}, 256, "characters"),
    (EventType, "AuthorizerID", lambda n: {"authorizerId": "a" * n}, 256, "characters"),
    (Function, "ID", lambda n: {"functionId": "f" * n}, 256, "characters"),
    (Subscription, "EventType", lambda n: {"eventType": "u" * n}, 256, "characters"),
    (Subscription, "FunctionID", lambda n: {"functionId": "f" * n}, 256, "characters"),
    (CorsRule, "AllowedOrigins", lambda n: {"allowedOrigins": ["a"] * n}, 100, "items"),
    (CorsRule, "AllowedMethods", lambda n: {"allowedMethods": ["a"] * n}, 100, "items"),
    (CorsRule, "AllowedHeaders", lambda n: {"allowedHeaders": ["a"] * n}, 100, "items"),
    (CorsRule, "AllowedOrigins", lambda n: {"allowedOrigins": ["a", "a" * n]}, 512, "characters in an item"),
    (CorsRule, "AllowedMethods", lambda n: {"allowedMethods": ["a", "a" * n]}, 512, "characters in an item"),
    (CorsRule, "AllowedHeaders", lambda n: {"allowedHeaders": ["a", "a" * n]}, 512, "characters in an item"),
    *((model, "Path", path, 512, "characters") for model in (Subscription, CorsRule)),
    *((model, "Path", lambda n: {"path": "/" * n}, 64, "segments") for model in (Subscription, CorsRule)),
    *((model, "Path", parameters, 32, "parameters") for model in (Subscription, CorsRule)),
    *((model, "Metadata", lambda n: labels(count=n), 64, "labels") for model in DOCUMENTS),
    *((model, "Metadata", lambda n: labels(name=n), 128, "characters in the name of a label") for model in DOCUMENTS),
    *((model, "Metadata", lambda n: labels(value=n), 1024, "characters in the value of a label") for model in DOCUMENTS),
]
STRUCTURES = {EventType: "Type", Function: "Function", Subscription: "Subscription", CorsRule: "CORS"}


def too_much(structure, field, limit, unit="characters"):
    return f"Key: '{structure}.{field}' Error:Field validation for '{field}' failed on the 'max' tag (at most {limit} {unit})"


@pytest.mark.parametrize(("model", "field", "change", "limit", "unit"), TEXTS)
def test_documents_are_bounded(model, field, change, limit, unit):
    assert read(model, change(limit)) is None
    assert read(model, change(limit + 1)).endswith(f"Validation error: {too_much(STRUCTURES[model], field, limit, unit)}")


@pytest.mark.parametrize("model", DOCUMENTS)
def test_the_name_of_a_space_is_bounded_wherever_it_counts(model):
    assert refusal(parse, model.kind, "s" * 256, DOCUMENTS[model], PROVIDERS, None) is None
    refused = refusal(parse, model.kind, "s" * 257, DOCUMENTS[model], PROVIDERS, None)
    assert refused.endswith(too_much(STRUCTURES[model], "Space", 256))


def test_an_update_cannot_make_an_id_longer_either():
    for model, field in ((EventType, "Name"), (Function, "ID")):
        refused = refusal(parse, model.kind, "default", DOCUMENTS[model], PROVIDERS, "x" * 257)
        assert refused.endswith(too_much(STRUCTURES[model], field, 256))


SETTINGS = [(each, field.metadata) for each in PROVIDERS.values() for field in fields(each)]


@pytest.mark.parametrize(("provider", "setting"), SETTINGS, ids=lambda each: each.get("key") if hasattr(each, "get") else each.type)
def test_every_setting_of_every_provider_is_bounded(provider, setting):
    required = {field.metadata["key"]: "http://x/" for field in fields(provider) if field.metadata["required"]} | {"region": "us-east-1"}
    limit, name = setting["length"], f"{setting['key']}.a" if setting["names"] else setting["key"]

    def write(length):
        text = "http://x/".ljust(length, "x")
        return provider.restore(required | {setting["key"]: {"a": text} if setting["names"] else text}).validate

    assert "at most" not in (refusal(write(limit)) or "")
    assert refusal(write(limit + 1)) == too_much("Provider", name, limit)


def test_a_field_that_breaks_several_rules_is_named_once():
    refused = read(Function, {"functionId": "/" * 1000} | labels(count=65, name=129, value=1025))
    assert refused.partition("error: ")[2].splitlines() == [
        too_much("Function", "ID", 256),
        too_much("Function", "Metadata", 64, "labels"),
    ]


def test_an_unknown_type_of_function_is_not_repeated_at_length():
    assert read(Function, {"type": "x" * 100_000}).endswith(f"provider {'x' * 256} not supported")


def test_what_is_stored_is_read_whatever_the_limits_are_today():
    long = {"name": "n" * 5000, "metadata": {"k" * 5000: "v" * 5000}}
    assert EventType.restore("default", long).stored() == {"space": "default", **long}


ATTRIBUTES = [
    ("type", "EventType", "a", 256, "characters"),
    ("type_version", "EventTypeVersion", "1", 128, "characters"),
    ("version", "CloudEventsVersion", "0", 128, "characters"),
    ("source", "Source", "/", 2048, "characters"),
    ("id", "EventID", "ä", 1024, "characters"),
    ("schema_url", "SchemaURL", "s", 2048, "characters"),
    ("content_type", "ContentType", "c", 1024, "characters"),
]


@pytest.mark.parametrize(("name", "field", "letter", "limit", "unit"), ATTRIBUTES)
def test_attributes_of_events_are_bounded(name, field, letter, limit, unit):
    assert refusal(replace(EVENT, **{name: letter * limit}).validate) is None
    refused = refusal(replace(EVENT, **{name: letter * (limit + 1)}).validate)
    assert refused == f"CloudEvent doesn't validate: {too_much('Event', field, limit, unit)}"


def test_extensions_of_events_are_bounded():
    for extensions, limit, unit in (
        (lambda n: {str(number): 1 for number in range(n)}, 100, "extensions"),
        (lambda n: {"e" * n: "v" * 10_000}, 256, "characters in the name of an extension"),
    ):
        assert refusal(replace(EVENT, extensions=extensions(limit)).validate) is None
        assert refusal(replace(EVENT, extensions=extensions(limit + 1)).validate).endswith(too_much("Event", "Extensions", limit, unit))


def test_times_of_events_are_bounded():
    document = {"eventType": "u", "source": "/", "eventID": "1", "cloudEventsVersion": "0.1"}
    longest = f"2018-04-05T17:31:00.{'0' * 43}Z"
    assert Event.parse(document | {"eventTime": longest}).time == "2018-04-05T17:31:00Z"
    assert refusal(Event.parse, document | {"eventTime": longest[:-1] + "0Z"}) == "parsing time: must have at most 64 characters"


def headers(count=1, name=1, value=0):
    return {"headers": {f"{number:0{name}}": "v" * value for number in range(count)}}


REQUESTS = [
    (lambda n: {"method": "M" * n}, 32, "method has {} characters"),
    (lambda n: {"path": "ä" * n}, 10_240, "path has {} characters"),
    (lambda n: {"path": "/" * n}, 256, "path has {} segments"),
    (lambda n: {"query": "q" * n}, 10_240, "query string has {} characters"),
    (lambda n: {"query": "&" * (n - 1)}, 1000, "query string has {} parameters"),
    (lambda n: {"query": ";" * (n - 1)}, 1000, "query string has {} parameters"),
    (lambda n: headers(count=n), 256, "request has {} headers"),
    (lambda n: headers(name=n), 256, "name of a header has {} characters"),
    (lambda n: headers(value=n - 1), 32_768, "request has {} bytes in its headers"),
    (lambda n: {"headers": {"content-type": "c" * n}}, 1024, "header Content-Type has {} characters"),
    (lambda n: {"headers": {"event": "e" * n}}, 256, "header Event has {} characters"),
]


@pytest.mark.parametrize(("change", "limit", "what"), REQUESTS)
def test_requests_are_bounded(change, limit, what):
    request = HttpRequest("POST", "/", "", {})
    assert refusal(replace(request, **change(limit)).check) is None
    assert refusal(replace(request, **change(limit + 1)).check) == f"The {what.format(limit + 1)}, the limit is {limit}."


def test_headers_are_counted_in_bytes():
    request = HttpRequest("POST", "/", "", {"a": "ä" * 20_000})
    assert refusal(request.check) == "The request has 40001 bytes in its headers, the limit is 32768."


@pytest.mark.parametrize("part", [{"method": "\ud800"}, {"path": "/\udfff"}, {"query": "\ud800"}, {"headers": {"a": "\ud800"}}])
def test_a_lone_surrogate_is_no_text(part):
    assert refusal(replace(HttpRequest("GET", "/", "", {}), **part).check) == "The request holds lone surrogates, which are no text."


def test_a_content_type_is_bounded_wherever_it_comes_from():
    assert media_type("a/" + "b" * 1022) == "a/" + "b" * 1022
    assert refusal(media_type, "a/" + "b" * 1023) == "mime: more than 1024 characters"


def test_every_kind_of_resource_has_a_capacity_that_hurts_nobody():
    assert set(CAPACITY) == set(COLLECTIONS)
    assert CAPACITY[Subscription.kind] >= 200_000


@each_kind
def test_a_space_has_room_for_so_many_resources_of_a_kind(manager, monkeypatch, kind, document, identifier, named):  # noqa: PLR0917 - as parametrized
    monkeypatch.setitem(CAPACITY, kind, len(manager.list(kind, "default", {})) + 1)
    create(manager, kind, document)
    other = {"name": "y", "functionId": "f" if kind is Subscription.kind else "y", "path": "/other"}
    with pytest.raises(InvalidRequest) as refused:
        create(manager, kind, document | other)
    assert message(refused) == f"{kind.label} cannot be created because a space has at most {CAPACITY[kind]} of them."
    update(manager, kind, identifier, document)
    manager.delete(kind, "default", identifier)
    create(manager, kind, document | other)


def test_two_writers_cannot_overfill_a_space(gateway, manager, monkeypatch):
    monkeypatch.setitem(CAPACITY, EventType.kind, 2)
    gateway.store.rivals = [lambda: create(rival_of(gateway), EventType.kind, {"name": "faster"})]
    with pytest.raises(InvalidRequest, match="at most 2 of them"):
        create(manager, EventType.kind, {"name": "slower"})
    assert {each.id for each in manager.list(EventType.kind, "default", {})} == {"u", "faster"}


def test_every_limit_is_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs/configuration.md").read_text(encoding="utf-8").partition("## Limits")[2]
    values = {name: value for name, value in vars(limits).items() if name.isupper()} | {kind.label: CAPACITY[kind] for kind in COLLECTIONS}
    assert {name for name, value in values.items() if f"{value:,}" not in page and f"{value // 1024} KiB" not in page} == set()
