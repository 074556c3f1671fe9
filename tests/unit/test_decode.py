from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.decode import body_value, decode, structured
from eventgateway.core.errors import GatewayError, InvalidRequest
from eventgateway.core.event import SOURCE, Stamp
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.json import DEPTH_LIMIT, dumps, loads
from tests.unit.attempts import attempt
from tests.unit.strategies import JSON_VALUES

STAMP = Stamp("id-9", "2026-11-23T12:00:00Z")
FULL = {
    "eventType": "u", "eventTypeVersion": "1.0", "cloudEventsVersion": "0.1", "source": "http://example.com/src", "eventID": "id-1",
    "eventTime": "2018-04-05T17:31:00Z", "schemaURL": "http://example.com/schema", "extensions": {"a": "b"},
    "contentType": "application/json", "data": {"k": "v"},
}  # fmt: skip
REQUIRED = {"ce-eventtype": "u", "ce-cloudeventsversion": "0.1", "ce-eventid": "id-1", "ce-source": "http://example.com/s"}
BINARY = REQUIRED | {"ce-eventtypeversion": "1.0", "ce-eventtime": "2018-04-05T17:31:00Z", "ce-schemaurl": "http://example.com/schema"}
STRUCTURED = {"content-type": "application/cloudevents+json"}
JSON = {"content-type": "application/json"}
TEXT = {"content-type": "text/plain"}
MULTIPART = b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--B--\r\n'


def decoded(headers, body=b"", method="POST", path="/", query=""):
    return decode(HttpRequest(method, path, query, headers, body, "gateway.test"), lambda: STAMP)


def refusal(headers, body=b""):
    with pytest.raises(InvalidRequest) as refused:
        decoded(headers, body)
    return refused.value.message


BODIES = [
    pytest.param("application/json", b'{"k":"v"}', {"k": "v"}, id="JSON object"),
    pytest.param("application/json; charset=utf-8", b'{"k":"v"}', {"k": "v"}, id="JSON with charset"),
    pytest.param("application/json", b"[1,2]", [1, 2], id="JSON array"),
    pytest.param("application/json", b'"x"', "x", id="JSON string"),
    pytest.param("application/json", b"true", True, id="JSON true"),
    pytest.param("application/json", b"1.5", 1.5, id="JSON number"),
    pytest.param("application/json", b"null", None, id="JSON null"),
    pytest.param("application/json", '{"a":"<b>&\\u2028ü"}'.encode(), {"a": "<b>&\u2028ü"}, id="JSON with HTML characters"),
    pytest.param("application/json", b"{bad", "e2JhZA==", id="invalid JSON"),
    pytest.param("application/json", b"\xef\xbb\xbf" + b'{"a":1}', "77u/eyJhIjoxfQ==", id="JSON with byte order mark"),
    pytest.param("application/json", b'"\xff"', "Iv8i", id="JSON that is not UTF-8"),
    pytest.param("application/vnd.x+json", b'{"k":"v"}', {"k": "v"}, id="+json"),
    pytest.param("application/vnd.x+json; charset=utf-8", b'{"a":1}', {"a": 1}, id="+json with charset"),
    pytest.param("application/vnd.x+json", b"{", "ew==", id="invalid +json"),
    pytest.param("application/x-www-form-urlencoded", b"a=b&c=d", "a=b&c=d", id="form"),
    pytest.param("application/x-www-form-urlencoded; charset=utf-8", b"a=b", "a=b", id="form with charset"),
    pytest.param("multipart/form-data; boundary=B", MULTIPART, MULTIPART.decode(), id="multipart"),
    pytest.param("application/x-www-form-urlencoded", b"\xff", "\ufffd", id="form that is not UTF-8"),
    pytest.param("text/plain", b"hello", "aGVsbG8=", id="text"),
    pytest.param("application/xml", b"<a/>", "PGEvPg==", id="XML"),
    pytest.param("application/octet-stream", b"\x00\x01\xfe\xff", "AAH+/w==", id="bytes"),
    pytest.param("*/*", b'{"a":1}', "eyJhIjoxfQ==", id="any type"),
    pytest.param(";", b'{"a":1}', "eyJhIjoxfQ==", id="only a semicolon"),
    pytest.param("", "😸".encode(), "8J+YuA==", id="no content type"),
    pytest.param("application/json", b"", "", id="empty JSON"),
    pytest.param("", b"", "", id="empty"),
]


@pytest.mark.parametrize(("content_type", "body", "value"), BODIES)
def test_the_body_of_a_plain_request_is_read_by_its_content_type(content_type, body, value):
    assert decoded({"content-type": content_type}, body).data["body"] == value


@pytest.mark.parametrize(("content_type", "body", "value"), BODIES)
def test_the_body_of_a_binary_event_is_its_data(content_type, body, value):
    assert decoded(BINARY | {"content-type": content_type}, body).data == value


@pytest.mark.parametrize(("content_type", "body", "value"), BODIES)
def test_the_body_of_a_legacy_event_is_its_data(content_type, body, value):
    assert decoded({"event": "u", "content-type": content_type}, body).data == value


def test_a_plain_request_becomes_an_http_request_event():
    headers = {"host": "gateway.test", "x-lower": "2", "cookie": "a=b; c=d", "content-type": "application/json"}
    event = decoded(headers, b'{"a":1}', "PATCH", "/x", "q=1")
    assert (event.type, event.source, event.id, event.time) == ("http.request", SOURCE, "id-9", "2026-11-23T12:00:00Z")
    assert event.content_type == "application/json"
    assert event.data == {
        "headers": {"X-Lower": "2", "Cookie": "a=b; c=d", "Content-Type": "application/json"},
        "query": {"q": ["1"]},
        "body": {"a": 1},
        "host": "gateway.test",
        "path": "/x",
        "method": "PATCH",
        "params": None,
    }


@pytest.mark.parametrize(
    "header", ["application/cloudevents+json", "Application/CloudEvents+JSON", "application/cloudevents+json; charset=utf-8"]
)
def test_structured_mode_is_one_json_object(header):
    assert decoded({"content-type": header}, dumps(FULL)).document() == FULL


def test_structured_mode_counts_more_than_headers():
    assert decoded(STRUCTURED | BINARY | {"event": "other"}, dumps(FULL | {"eventID": "structured"})).id == "structured"


def test_binary_mode_counts_more_than_an_event_header():
    assert decoded(BINARY | {"event": "other"}).type == "u"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"{", "unexpected end of JSON input", id="truncated"),
        pytest.param(b"", "unexpected end of JSON input", id="empty"),
        pytest.param(b"[]", "json: a CloudEvent must be an object", id="array"),
    ],
)
def test_a_structured_event_that_is_no_object_is_refused(body, message):
    assert refusal(STRUCTURED, body) == message


def test_anything_behind_a_structured_event_is_refused():
    assert "JSON" in refusal(STRUCTURED, dumps(FULL) + b"x")


def test_a_structured_event_without_anything_misses_everything():
    for body in (b"{}", b"null"):
        assert refusal(STRUCTURED, body).count("Error:Field validation") == 4


def test_binary_mode_reads_attributes_from_headers():
    event = decoded(BINARY | {"content-type": "application/json; charset=utf-8"}, b'{"k":"v"}')
    assert event.document() == {
        "eventType": "u",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "source": "http://example.com/s",
        "eventID": "id-1",
        "eventTime": "2018-04-05T17:31:00Z",
        "schemaURL": "http://example.com/schema",
        "contentType": "application/json; charset=utf-8",
        "data": {"k": "v"},
    }


def test_binary_mode_needs_only_four_headers():
    document = decoded(REQUIRED).document()
    assert document == {"eventType": "u", "cloudEventsVersion": "0.1", "source": "http://example.com/s", "eventID": "id-1", "data": ""}


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_without_one_of_the_four_it_is_a_plain_request(name):
    assert decoded({key: value for key, value in REQUIRED.items() if key != name}).type == "http.request"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("ce-x-myextension", "myextension"), ("ce-x-my-cool-ext", "my-Cool-Ext"), ("ce-x-extra", "extra"), ("ce-x-xray", "xray"),
        ("ce-x-cell", "cell"), ("ce-x-event", "event"), ("ce-x-ece", "ece"), ("ce-x-xe", "xe"),
    ],
)  # fmt: skip
def test_extension_headers_lose_exactly_their_prefix(header, name):
    assert decoded(BINARY | {header: '{"a":1}'}).extensions == {name: '{"a":1}'}


@pytest.mark.parametrize("source", ["NOT URI", "relative", "#frag", "http://a b"])
def test_binary_mode_needs_a_source_that_is_a_uri(source):
    expected = "CloudEvent doesn't validate: Key: 'Event.Source' Error:Field validation for 'Source' failed on the 'uri' tag"
    assert refusal(BINARY | {"ce-source": source}) == expected


def test_binary_mode_refuses_a_bad_time():
    assert "nottime" in refusal(BINARY | {"ce-eventtime": "nottime"})


def test_other_versions_of_cloudevents_pass():
    assert decoded(BINARY | {"ce-cloudeventsversion": "0.2"}).version == "0.2"


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [
        ("application/json", "application/json"), ("text/plain", "text/plain"), ("text", "text"), ("text/plain;", "text/plain"),
        ("", "application/octet-stream"), ("multipart/form-data; boundary=B", "multipart/form-data"),
        ("application/x-www-form-urlencoded; charset=utf-8", "application/x-www-form-urlencoded"),
    ],
)  # fmt: skip
def test_a_legacy_event_shows_its_media_type_without_parameters(content_type, shown):
    event = decoded({"event": "u", "content-type": content_type}, b"x")
    assert (event.type, event.source, event.id, event.content_type) == ("u", SOURCE, "id-9", shown)


def test_a_legacy_event_whose_body_is_a_cloudevent_is_that_cloudevent():
    assert decoded({"event": "u", **JSON}, dumps(FULL | {"eventType": "other"})).document() == FULL | {"eventType": "other"}


@pytest.mark.parametrize("flaw", [{"source": "NOT URI"}, {"eventTime": "x"}, {"eventID": ""}, {"extensions": 5}])
def test_a_legacy_event_whose_body_is_almost_a_cloudevent_has_it_as_data(flaw):
    event = decoded({"event": "u", **JSON}, dumps(FULL | flaw))
    assert (event.type, event.data) == ("u", FULL | flaw)


def test_a_cloudevent_in_another_media_type_is_just_data():
    assert decoded({"event": "u", **TEXT}, dumps(FULL)).data == b64encode(dumps(FULL)).decode()


@pytest.mark.parametrize("mode", [{}, BINARY, {"event": "u"}], ids=["plain", "binary", "legacy"])
def test_a_malformed_content_type_is_refused_in_every_mode(mode):
    assert refusal(mode | {"content-type": "text/"}, b"x") == "mime: expected token after slash"


NAMES = st.sampled_from([*BINARY, "ce-x-a", "event", "content-type", "host", "ce-x-"]) | st.text(max_size=10)
TYPES = st.sampled_from(["application/json", "application/cloudevents+json", "text/plain", "multipart/form-data; boundary=B", "a/b+json"])
HEADERS = st.dictionaries(NAMES, TYPES | st.sampled_from(sorted(BINARY.values())) | st.text(max_size=20), max_size=8)
REQUESTS = st.builds(
    HttpRequest,
    st.sampled_from(["GET", "POST"]),
    st.text(max_size=10).map("/{}".format),
    st.text(max_size=20),
    HEADERS,
    st.binary(max_size=40) | JSON_VALUES.map(dumps) | st.just(dumps(FULL)),
)


@given(REQUESTS)
def test_every_request_is_an_event_or_refused(request):
    outcome = attempt(decode, request, lambda: STAMP)
    assert isinstance(outcome, GatewayError) or loads(outcome.json()) == outcome.document()


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_random_body_passes_for_a_structured_event(body):
    with pytest.raises(InvalidRequest):
        structured(body)


@given(JSON_VALUES)
def test_every_json_value_is_delivered_parsed(value):
    assert body_value("application/json", dumps(value)) == value


@given(TYPES.filter(lambda type_: "json" not in type_), st.binary(min_size=1, max_size=40))
def test_every_other_body_is_delivered_as_text(type_, body):
    assert isinstance(body_value(type_, body), str)


@pytest.mark.parametrize(("opening", "closing", "levels"), [(b"[", b"]", 1), (b'{"a":', b"}", 1), (b'[{"a":', b"}]", 2)])
def test_json_is_parsed_up_to_a_depth_and_stays_base64_beyond(opening, closing, levels):
    allowed, beyond = (opening * times + b"1" + closing * times for times in (DEPTH_LIMIT // levels, DEPTH_LIMIT // levels + 1))
    assert body_value("application/json", allowed) == loads(allowed)
    assert body_value("application/json", beyond) == b64encode(beyond).decode()


def test_many_brackets_are_not_deep():
    assert body_value("application/json", dumps([[[]] * 500, "[" * 500])) == [[[]] * 500, "[" * 500]


@pytest.mark.parametrize("depth", [200, 254, 1000, 5000])
@pytest.mark.parametrize("mode", [JSON, JSON | {"event": "u"}, JSON | BINARY, STRUCTURED], ids=["plain", "legacy", "binary", "structured"])
def test_deeply_nested_json_never_becomes_an_event_that_cannot_be_written(mode, depth):
    nested = b"[" * depth + b"]" * depth
    body = dumps(FULL)[:-1] + b',"data":' + nested + b"}" if mode is STRUCTURED else nested
    outcome = attempt(decoded, mode, body)
    if isinstance(outcome, InvalidRequest):
        assert depth >= 200
    else:
        assert dumps({"event": outcome.document(), "request": {}})
