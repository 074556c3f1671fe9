from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.event import SOURCE, Event, Stamp, normal_time
from eventgateway.core.json import loads
from tests.unit.attempts import attempt
from tests.unit.strategies import JSON_OBJECTS, JSON_VALUES, TEXTS

STAMP = Stamp("id-1", "2018-04-05T17:31:00Z")
FULL = {
    "eventType": "u", "eventTypeVersion": "1.0", "cloudEventsVersion": "0.1", "source": "http://example.com/src", "eventID": "id-1",
    "eventTime": "2018-04-05T17:31:00Z", "schemaURL": "http://example.com/schema", "extensions": {"a": "b"},
    "contentType": "application/json", "data": {"k": "v"},
}  # fmt: skip
MINIMAL = {"eventType": "u", "cloudEventsVersion": "0.1", "source": "/s", "eventID": "1", "data": None}
AUTHORIZATION = {"principalId": "id1", "context": {"k": "v"}}

TIMES = st.datetimes(timezones=st.just(None)).map(lambda time: normal_time(f"{time.isoformat()}Z"))
SOURCES = st.sampled_from(["/s", "urn:x:y", "//host", "a:b", "http://example.com/a?b#c"])
EVENTS = st.builds(
    Event,
    type=TEXTS,
    source=SOURCES,
    id=TEXTS,
    version=TEXTS,
    type_version=st.text(max_size=5),
    time=st.just("") | TIMES,
    schema_url=st.text(max_size=10),
    extensions=st.none() | JSON_OBJECTS.filter(bool),
    content_type=st.text(max_size=20),
    data=JSON_VALUES,
)


def line(field, tag):
    return f"Key: 'Event.{field}' Error:Field validation for '{field}' failed on the '{tag}' tag"


def refusal(document):
    with pytest.raises(InvalidRequest) as refused:
        Event.parse(document)
    return refused.value.message


@pytest.mark.parametrize("document", [FULL, MINIMAL], ids=["full", "minimal"])
def test_an_event_leaves_as_it_came(document):
    assert Event.parse(document).document() == document


def test_the_document_keeps_the_order_of_the_original():
    assert list(Event.parse(FULL).document()) == list(FULL)


@pytest.mark.parametrize("name", ["eventTypeVersion", "eventTime", "schemaURL", "contentType", "extensions"])
def test_an_optional_attribute_that_is_absent_stays_absent(name):
    document = {key: value for key, value in FULL.items() if key != name}
    assert Event.parse(document).document() == document


@pytest.mark.parametrize(
    "change",
    [{"extensions": {}}, {"extensions": None}, {"contentType": ""}, {"schemaURL": None}, {"eventTypeVersion": ""}, {"eventTime": None}],
)
def test_an_optional_attribute_that_is_empty_is_left_out(change):
    assert not change.keys() & Event.parse(FULL | change).document().keys()


def test_data_is_always_there():
    document = {key: value for key, value in FULL.items() if key != "data"}
    assert Event.parse(document).document()["data"] is None


def test_unknown_attributes_are_dropped():
    assert Event.parse(FULL | {"foo": "bar", "comExampleExt": 1}).document() == FULL


def test_extensions_may_be_nested():
    extensions = {"a": {"b": 1}, "c": [1], "d": None}
    assert Event.parse(FULL | {"extensions": extensions}).document()["extensions"] == extensions


@pytest.mark.parametrize("content_type", ["text/plain", "application/json; charset=utf-8", "garbage", "application/octet-stream"])
def test_the_content_type_of_a_structured_event_is_not_looked_at(content_type):
    change = {"contentType": content_type, "data": '{"a":1}'}
    assert Event.parse(FULL | change).document() == FULL | change


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        pytest.param(FULL | {"eventType": ""}, [line("EventType", "required")], id="empty type"),
        pytest.param(FULL | {"eventType": None}, [line("EventType", "required")], id="type is null"),
        pytest.param(FULL | {"cloudEventsVersion": ""}, [line("CloudEventsVersion", "required")], id="empty version"),
        pytest.param(FULL | {"source": ""}, [line("Source", "uri")], id="empty source"),
        pytest.param(FULL | {"source": "NOT URI"}, [line("Source", "uri")], id="source is no URI"),
        pytest.param(FULL | {"eventID": ""}, [line("EventID", "required")], id="empty id"),
        pytest.param(
            {},
            [line("EventType", "required"), line("CloudEventsVersion", "required"), line("Source", "uri"), line("EventID", "required")],
            id="nothing",
        ),
    ],
)
def test_every_missing_attribute_is_named(document, lines):
    assert refusal(document) == "CloudEvent doesn't validate: " + "\n".join(lines)


@pytest.mark.parametrize(
    "name",
    ["eventType", "eventTypeVersion", "cloudEventsVersion", "source", "eventID", "eventTime", "schemaURL", "contentType", "extensions"],
)
def test_an_attribute_of_a_wrong_type_is_refused(name):
    assert refusal(FULL | {name: 5}).startswith(f"json: field '{name}' must be")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2018-04-05T17:31:00Z", "2018-04-05T17:31:00Z"),
        ("2018-04-05T17:31:00+02:00", "2018-04-05T17:31:00+02:00"),
        ("2018-04-05T17:31:00+00:00", "2018-04-05T17:31:00Z"),
        ("2018-04-05T17:31:00.123456789Z", "2018-04-05T17:31:00.123456789Z"),
        ("2018-04-05T17:31:00.5Z", "2018-04-05T17:31:00.5Z"),
        ("2018-04-05T17:31:00.120Z", "2018-04-05T17:31:00.12Z"),
        ("2018-04-05T17:31:00.000Z", "2018-04-05T17:31:00Z"),
        ("2018-04-05T17:31:00.1234567891Z", "2018-04-05T17:31:00.123456789Z"),
        ("2016-02-29T00:00:00-07:00", "2016-02-29T00:00:00-07:00"),
        ("0000-02-29T00:00:00Z", "0000-02-29T00:00:00Z"),
    ],
)
def test_times_lose_only_what_means_nothing(text, time):
    assert normal_time(text) == time


@pytest.mark.parametrize(
    "text",
    [
        "", "nottime", "5", "2018-04-05", "2018-04-05 17:31:00Z", "2018-04-05T17:31:00z", "2018-04-05t17:31:00Z", "2018-04-05T17:31:00",
        "2018-04-05T24:00:00Z", "2018-04-05T17:31:60Z", "2018-04-05T17:31:61Z", "2018-04-05T17:60:00Z", "2018-13-05T17:31:00Z",
        "2018-02-29T17:31:00Z", "2018-04-05T17:31:00.Z", "2018-04-05T17:31:00+0200", " 2018-04-05T17:31:00Z", "2018-04-05T17:31:00Z\n",
        "٢٠١٨-04-05T17:31:00Z",
    ],
)  # fmt: skip
def test_what_is_no_time_of_rfc_3339_is_refused(text):
    with pytest.raises(InvalidRequest, match="parsing time"):
        normal_time(text)


def test_an_event_of_the_gateway_says_so():
    event = Event.new("u", {"a": 1}, STAMP, "text/plain")
    assert event.document() == {
        "eventType": "u",
        "cloudEventsVersion": "0.1",
        "source": "https://serverless.com/event-gateway/#transformationVersion=0.1",
        "eventID": "id-1",
        "eventTime": "2018-04-05T17:31:00Z",
        "extensions": {"eventgateway": {"transformed": "true", "transformation-version": "0.1"}},
        "contentType": "text/plain",
        "data": {"a": 1},
    }


@pytest.mark.parametrize(
    ("extensions", "after"),
    [
        pytest.param(None, {"eventgateway": {"authorization": AUTHORIZATION}}, id="none"),
        pytest.param({"a": "b"}, {"a": "b", "eventgateway": {"authorization": AUTHORIZATION}}, id="others"),
        pytest.param(
            {"a": "b", "eventgateway": {"x": 1}},
            {"a": "b", "eventgateway": {"x": 1, "authorization": AUTHORIZATION}},
            id="ours already there",
        ),
        pytest.param({"eventgateway": "x"}, {"eventgateway": {"authorization": AUTHORIZATION}}, id="ours is no object"),
        pytest.param({"eventgateway": {"authorization": 1}}, {"eventgateway": {"authorization": AUTHORIZATION}}, id="forged"),
    ],
)
def test_an_authorization_is_added_and_other_extensions_stay(extensions, after):
    event = Event("u", "/s", "1", extensions=extensions)
    assert event.with_authorization(AUTHORIZATION).extensions == after
    assert event.extensions == extensions


def test_params_are_set_for_functions_behind_a_pattern():
    event = Event.new("http.request", {"path": "/x/1", "params": None}, STAMP)
    assert event.with_params({"id": "1"}).data == {"path": "/x/1", "params": {"id": "1"}}
    assert event.with_params({}).data == {"path": "/x/1", "params": {}}
    assert event.with_params(None).data == {"path": "/x/1", "params": None}


@pytest.mark.parametrize(
    ("event", "is_raw"),
    [
        (Event.new("http.request", {}, STAMP), True),
        (Event.new("u", {}, STAMP), False),
        (Event("http.request", "/s", "1"), False),
    ],
)
def test_only_events_the_gateway_made_of_requests_have_params(event, is_raw):
    assert event.is_http_request is is_raw


@pytest.mark.parametrize(("type_", "system"), [("eventgateway.x", True), ("eventgateway", False), ("EventGateway.x", False)])
def test_system_events_are_told_apart(type_, system):
    assert Event(type_, SOURCE, "1").is_system is system


@given(EVENTS)
def test_every_valid_event_survives_its_document(event):
    assert Event.parse(event.document()) == event


@given(EVENTS)
def test_every_valid_event_survives_its_json(event):
    assert Event.parse(loads(event.json())) == event


@given(EVENTS, JSON_VALUES)
def test_data_of_any_json_value_survives(event, data):
    assert Event.parse(loads(replace(event, data=data).json())).data == data


@given(st.dictionaries(st.sampled_from([*FULL, "other"]), JSON_VALUES | TIMES | SOURCES))
def test_any_document_is_an_event_or_refused(document):
    outcome = attempt(Event.parse, document)
    assert isinstance(outcome, InvalidRequest) or Event.parse(loads(outcome.json())).document() == outcome.document()


@given(TIMES)
def test_a_normal_time_is_normal(time):
    assert normal_time(time) == time
