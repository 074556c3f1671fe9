"""Requests become the events that API Gateway documents, results become responses; no byte is lost on the way."""

import json
from base64 import b64decode, b64encode
from pathlib import Path
from urllib.parse import parse_qs, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.payload import MalformedResult, Request, Response, decoded_path

SAMPLES = Path(__file__).parents[1] / "events"
ADDED_BY_AWS = {"x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"}
NOW = 1795435200.0
GET = Request("GET", b"/", b"", [(b"host", b"example.com")])

header_values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20)
header_names = st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True).filter(lambda name: name not in {"cookie", "content-type", "te"})


def event(request: Request = GET, **changes: object) -> dict:
    values = {name: getattr(request, name) for name in Request.__slots__}
    return Request(**values | changes).event("id-1", NOW)


def sample(name: str) -> dict:
    """A documented event without what only AWS can know."""
    document = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    document["headers"] = {name: value for name, value in document["headers"].items() if name not in ADDED_BY_AWS}
    document["requestContext"]["apiId"] = "local"
    return document


def sent(document: dict, target: bytes, extra: tuple[tuple[bytes, bytes], ...] = ()) -> Request:
    """The request that a documented event came from."""
    names = {name for name, _ in extra}
    headers = [(name.encode(), value.encode()) for name, value in document["headers"].items() if name.encode() not in names]
    text = document.get("body", "")
    body = b64decode(text) if document["isBase64Encoded"] else text.encode()
    http = document["requestContext"]["http"]
    query = document["rawQueryString"].encode()
    return Request(http["method"], target, query, [*headers, *extra], body, http["protocol"], http["sourceIp"])


@pytest.mark.parametrize(
    ("name", "target", "extra"),
    [
        ("http_get", b"/users/a%20b/100%25", ((b"x-tags", b"one"), (b"x-tags", b"two"), (b"cookie", b"session=abc; theme=dark"))),
        ("http_post_json", b"/", ()),
        ("http_post_binary", b"/upload", ()),
        ("cloudevent_structured", b"/", ()),
    ],
)
def test_documented_events_are_built(name, target, extra):
    document = sample(name)
    assert sent(document, target, extra).event(document["requestContext"]["requestId"], NOW) == document


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/", "/"),
        (b"/a%2Fb", "/a/b"),
        (b"/a%252Fb", "/a%252Fb"),
        (b"/100%", "/100%"),
        (b"/%zz", "/%zz"),
        (b"/a%3Fb=c", "/a"),
        (b"/%C3%A4", "/ä"),
        (b"/%ff", "/\ufffd"),
        (b"/a/../b/./c", "/a/../b/./c"),
        (b"//a//", "//a//"),
        (b"/a+b", "/a+b"),
        (b"http://example.com/a%20b", "/a b"),
        (b"http://example.com", "/"),
    ],
)
def test_paths_are_decoded_as_by_http_apis(target, path):
    assert decoded_path(target) == path


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="?"), max_size=30))
def test_any_path_arrives_decoded(path):
    assert decoded_path(b"/" + quote(path, safe="/").encode()) == "/" + path.replace("%", "%25")


@given(st.binary(max_size=40))
def test_bodies_keep_every_byte(body):
    for content_type in (b"text/plain", b"application/json; charset=utf-8", b"application/octet-stream", b""):
        built = event(headers=[(b"content-type", content_type)], body=body)
        text = built.get("body", "")
        assert (b64decode(text) if built["isBase64Encoded"] else text.encode()) == body
        assert ("body" in built) == bool(body)


@pytest.mark.parametrize(
    ("content_type", "encoded"),
    [
        ("text/html", False),
        ("TEXT/Plain; charset=utf-8", False),
        ("application/json", False),
        ("application/json;charset=utf-8", False),
        ("application/xml", False),
        ("application/javascript", False),
        ("application/cloudevents+json", True),
        ("application/x-www-form-urlencoded", True),
        ("application/octet-stream", True),
        ("", True),
    ],
)
def test_the_media_type_says_what_is_text(content_type, encoded):
    assert event(headers=[(b"content-type", content_type.encode())], body=b"{}")["isBase64Encoded"] is encoded


def test_text_that_is_no_utf8_is_base64():
    assert event(headers=[(b"content-type", b"text/plain")], body=b"\xff")["body"] == "/w=="


@given(st.lists(st.tuples(header_names, header_values), max_size=6))
def test_headers_are_joined_without_blanks(pairs):
    joined = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    kept = {name: value for name, value in joined.items() if name not in {"connection", "upgrade", "trailer"}}
    assert event(headers=[(name.encode(), value.encode("latin-1")) for name, value in pairs])["headers"] == kept


def test_empty_header_values_stay():
    assert event(headers=[(b"x-empty", b"")])["headers"] == {"x-empty": ""}


def test_hop_by_hop_headers_end_here():
    assert event(headers=[(b"transfer-encoding", b"chunked"), (b"connection", b"close"), (b"x", b"1")])["headers"] == {"x": "1"}


def test_cookies_of_several_lines_come_apart():
    assert event(headers=[(b"cookie", b"a=1; b=2"), (b"cookie", b"c=3;;")])["cookies"] == ["a=1", "b=2", "c=3"]
    assert "cookies" not in event()


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), min_size=1, max_size=5), st.text(st.characters(codec="utf-8"), max_size=5)))
def test_queries_come_raw_and_decoded(parameters):
    raw = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters.items())
    built = event(query=raw.encode())
    assert built["rawQueryString"] == raw
    assert built.get("queryStringParameters", {}) == {
        name: ",".join(values) for name, values in parse_qs(raw, keep_blank_values=True).items()
    }


def test_repeated_parameters_are_joined():
    assert event(query=b"a=1&b=&a=%2C2")["queryStringParameters"] == {"a": "1,,2", "b": ""}
    assert "queryStringParameters" not in event()


@pytest.mark.parametrize(
    ("host", "domain", "prefix"),
    [(b"shop.example.com:4000", "shop.example.com", "shop"), (b"[::1]:4000", "[::1]", "[::1]"), (b"localhost", "localhost", "localhost")],
)
def test_the_domain_is_the_host_without_a_port(host, domain, prefix):
    context = event(headers=[(b"host", host)])["requestContext"]
    assert (context["domainName"], context["domainPrefix"]) == (domain, prefix)


def test_events_are_json():
    request = Request("POST", b"/%ff", b"a=%ff", [(b"x", b"\xe4"), (b"cookie", b"\xe4")], b"\xff")
    assert json.loads(json.dumps(request.event("id-1", NOW))) == request.event("id-1", NOW)


def test_a_result_becomes_a_response():
    result = {"statusCode": 201, "headers": {"X-A": "1", "x-n": 2, "x-b": True}, "cookies": ["a=1", "b=2"], "body": "ä"}
    response = Response.of(result)
    assert (response.status, response.body) == (201, "ä".encode())
    assert response.headers == [
        (b"x-a", b"1"),
        (b"x-n", b"2"),
        (b"x-b", b"true"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"content-type", b"text/plain;charset=UTF-8"),
        (b"content-length", b"2"),
    ]


@given(st.binary(max_size=40))
def test_base64_bodies_keep_every_byte(body):
    assert Response.of({"statusCode": 200, "body": b64encode(body).decode(), "isBase64Encoded": True}).body == body


@given(header_values)
def test_header_values_go_out_as_the_bytes_they_came_as(value):
    assert Response.of({"statusCode": 200, "headers": {"x": value}}).headers[0] == (b"x", value.strip(" ").encode("latin-1"))


def test_a_header_beyond_latin_1_is_utf8():
    assert Response.of({"statusCode": 200, "headers": {"x": "€"}}).headers[0] == (b"x", "€".encode())


@pytest.mark.parametrize("status", [204, 304])
def test_some_statuses_have_no_body(status):
    response = Response.of({"statusCode": status, "headers": {"content-length": "5"}, "body": "hello"})
    assert (response.body, [name for name, _ in response.headers]) == (b"", [b"content-type"])


def test_the_length_of_the_body_is_ours_to_say():
    headers = {"Content-Length": "999", "Transfer-Encoding": "chunked", "Connection": "close"}
    assert Response.of({"statusCode": 200, "headers": headers}).headers == [(b"content-length", b"0")]


@pytest.mark.parametrize("result", [None, "text", [1], {"a": 1}, 5])
def test_a_result_without_a_status_is_json(result):
    response = Response.of(result)
    assert (response.status, json.loads(response.body)) == (200, result)


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": 100},
        {"statusCode": 600},
        {"statusCode": "abc"},
        {"statusCode": True},
        {"statusCode": 200.5},
        {"statusCode": None},
        {"statusCode": 200, "body": b"bytes"},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "!", "isBase64Encoded": True},
        {"statusCode": 200, "headers": {"a b": "1"}},
        {"statusCode": 200, "headers": {"a": "1\r\nb: 2"}},
        {"statusCode": 200, "headers": {"a": ["1", "2"]}},
        {1, 2},
    ],
)
def test_nonsense_is_refused(result):
    with pytest.raises(MalformedResult):
        Response.of(result)


def test_a_status_may_be_text():
    assert Response.of({"statusCode": "404"}).status == 404
