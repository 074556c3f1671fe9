"""No input yields a 5xx: neither API, whatever the event of API Gateway holds, and no decoder raises anything but a refusal."""

import json
from functools import cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eventgateway import providers
from eventgateway.core.cors import CorsRule
from eventgateway.core.decode import decode, structured
from eventgateway.core.document import Fields
from eventgateway.core.errors import GatewayError, InvalidRequest
from eventgateway.core.event import Event, Stamp, normal_time
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.http_request import HttpRequest, canonical_name, count_parameters, parse_query
from eventgateway.core.json import JsonError, dumps, loads
from eventgateway.core.media_type import media_type
from eventgateway.core.path import PathTree
from eventgateway.core.space import COLLECTIONS
from eventgateway.core.subscription import Subscription
from eventgateway.core.uri import http_url, is_uri
from eventgateway.operations.manage import parse
from eventgateway.web.config_api import ConfigApi
from eventgateway.web.errors import error_result
from eventgateway.web.events_api import EventsApi
from eventgateway.web.paging import read_page
from eventgateway.web.payload import http_request
from tests.fakes import Gateway
from tests.unit.attempts import attempt
from tests.unit.hostile import ANY_TEXT, HOSTILE_TEXT, LONG, ODD_BODIES, documents, requests
from tests.unit.samples import sample
from tests.unit.strategies import JSON_VALUES

PROVIDERS = providers.load()
CLOUD_EVENT = {"eventType": "u", "cloudEventsVersion": "0.1", "source": "/", "eventID": "1", "eventTime": "2018-04-05T17:31:00Z",
    "schemaURL": "s", "contentType": "text/plain", "extensions": {"eventgateway": 1}, "data": {}}  # fmt: skip
DOCUMENTS = {
    EventType.kind: [{"name": "v"}, {"name": "v", "authorizerId": "f"}],
    Function.kind: [
        {"functionId": "g", "type": "http", "provider": {"url": "http://host/g"}},
        {"functionId": "g", "type": "awslambda", "provider": {"arn": "a", "region": "r", "awsAccessKeyId": "k"}},
    ],
    Subscription.kind: [{"type": type_, "eventType": "u", "functionId": "f", "path": "/p/:x"} for type_ in ("sync", "async")],
    CorsRule.kind: [{"method": "GET", "path": "/p/:x", "allowedOrigins": ["*"], "allowedMethods": ["GET"], "allowedHeaders": ["a"]}],
}

HEADERS = {
    "content-type": ["application/json", "application/cloudevents+json", "text/plain; a=1", "multipart/form-data", "a/b+json", ""],
    "event": ["u", "http.request", "eventgateway.x", "denied"],
    "ce-eventtype": ["u", "denied"],
    "ce-cloudeventsversion": ["0.1"],
    "ce-source": ["/"],
    "ce-eventid": ["1"],
    "ce-eventtime": ["2018-04-05T17:31:00Z"],
    "ce-x-a": ["1"],
    "origin": ["https://a.example.com"],
    "access-control-request-method": ["GET", "POST", ""],
    "access-control-request-headers": ["x-a, ,y"],
    "host": ["example.com"],
}
PATHS = ["/", "/sync/a", "/sync/%25", "/async", "/v1/status"]
EVENTS = requests(PATHS, HEADERS, [CLOUD_EVENT])


@cache
def gateway():
    """One for all examples: events change nothing but the queue."""
    gateway = Gateway()
    gateway.function("judge")
    gateway.event_type("denied", "judge")
    for method in ("GET", "POST"):
        for event_type in ("http.request", "u", "denied", "eventgateway.event.received"):
            gateway.subscribe("sync", "f", event_type, "/sync/*rest", method)
            gateway.subscribe("async", "g", event_type, "/async", method)
        gateway.cors({"method": method, "path": "/*rest", "allowedOrigins": ["https://*.example.com"], "allowedHeaders": ["*"]})
    return gateway


def check(answer):
    assert 200 <= answer["statusCode"] < 500, answer
    assert json.loads(dumps(answer)) == answer
    if answer["statusCode"] in (400, 413) and answer["body"]:
        assert json.loads(answer["body"])["errors"][0]["message"]


@given(EVENTS)
@example(sample("http_get") | {"rawPath": "/" * 5000})
@example(sample("http_get") | {"rawPath": "/sync" + "/%25" * 3000})
@example(sample("http_post_binary") | {"body": "a"})
@example(sample("http_post_binary") | {"body": "ä"})
@example(sample("http_post_json") | {"body": "\ud800"})
@example(sample("http_get") | {"rawPath": "/\ud800"})
@example(sample("http_get") | {"cookies": ["\ud800"]})
def test_no_request_makes_the_events_api_fail(event):
    try:
        check(EventsApi(gateway().receiver).handle(event))
    finally:
        gateway().queue.waiting.clear()
        gateway().functions.calls.clear()


def config_requests(kind):
    collections = [f"/v1/spaces/{space}/{kind.path}" for space in ("default", "default", "ab", "s" * 257)]
    singles = [f"{collections[0]}/{identifier}" for identifier in ("u", "f", "g", "v", "GET/p/:x", "GET%252Fp%252F:x", "missing")]
    return requests(collections * 3 + singles, HEADERS, DOCUMENTS[kind])


@given(st.data())
@pytest.mark.parametrize("kind", COLLECTIONS, ids=lambda kind: kind.path)
def test_no_request_makes_the_config_api_fail(kind, data):
    fresh = Gateway()
    fresh.function("f")
    fresh.event_type("u")
    api = ConfigApi(fresh.manager)
    for event in data.draw(st.lists(config_requests(kind), min_size=1, max_size=3)):
        check(api.handle(event))


@pytest.mark.parametrize("kind", COLLECTIONS, ids=lambda kind: kind.path)
@given(st.data())
def test_any_document_is_a_resource_or_refused(kind, data):
    document = data.draw(documents(DOCUMENTS[kind]))
    outcome = attempt(parse, kind, "default", document, PROVIDERS, data.draw(st.none() | HOSTILE_TEXT))
    if isinstance(outcome, GatewayError):
        assert error_result(outcome).status == 400
    else:
        assert outcome.id


REQUESTS = st.builds(
    HttpRequest,
    st.just("POST"),
    st.sampled_from(PATHS) | HOSTILE_TEXT,
    st.just("") | HOSTILE_TEXT,
    st.fixed_dictionaries({}, optional={name: st.sampled_from(usual) | HOSTILE_TEXT for name, usual in HEADERS.items()}),
    ODD_BODIES,
)


@given(REQUESTS)
def test_any_request_in_bounds_is_an_event_or_refused(request):
    if attempt(request.check) is None:
        outcome = attempt(decode, request, lambda: Stamp("1", "2018-04-05T17:31:00Z"), error=InvalidRequest)
        assert isinstance(outcome, InvalidRequest) or loads(outcome.json()) == outcome.document()


@given(EVENTS)
def test_any_event_of_api_gateway_is_a_request_in_bounds_or_refused(event):
    request = attempt(http_request, event, error=InvalidRequest)
    assert isinstance(request, InvalidRequest) or request.check() is None


@given(ODD_BODIES)
def test_any_body_is_a_value_an_event_or_refused(body):
    assert isinstance(attempt(structured, body), Event | InvalidRequest)
    value = attempt(loads, body, error=JsonError)
    assert isinstance(value, JsonError) or loads(dumps(value)) == value


@given(HOSTILE_TEXT)
def test_any_text_is_read_or_refused(text):
    if attempt(HttpRequest("GET", "", text, {}).check) is None:
        assert sum(map(len, parse_query(text).values())) <= count_parameters(text)
        for kind in COLLECTIONS:
            attempt(read_page, kind, text, error=InvalidRequest)
    assert canonical_name(text).lower() == text.lower() or not text.isascii()
    assert isinstance(attempt(media_type, text, error=InvalidRequest), str | InvalidRequest)
    assert isinstance(attempt(normal_time, text, error=InvalidRequest), str | InvalidRequest)
    assert is_uri(text) or http_url(text) is None


@given(st.lists((ANY_TEXT | LONG).map("/{}".format), max_size=4), HOSTILE_TEXT)
def test_any_pattern_is_added_or_refused_and_any_path_is_looked_up(patterns, path):
    tree = PathTree()
    for pattern in patterns:
        if attempt(tree.add, pattern, pattern) is None:
            assert tree.resolve(pattern) is not None or pattern == "/"
    found = tree.resolve(path)
    assert found is None or found[0] in patterns


@given(st.dictionaries(st.sampled_from(["a", "metadata"]), JSON_VALUES))
def test_any_field_is_of_the_type_that_is_asked_for_or_refused(document):
    fields = Fields(document)
    for read, type_ in ((fields.text, str), (fields.texts, tuple), (fields.flag, bool), (fields.whole, int), (fields.object, dict | None)):
        assert isinstance(attempt(read, "a", error=InvalidRequest), type_ | InvalidRequest)
    assert isinstance(attempt(fields.metadata, error=InvalidRequest), dict | InvalidRequest)
