import json

import pytest

from eventgateway.core.decode import decode
from eventgateway.core.event import Stamp
from eventgateway.core.result import Result
from eventgateway.web.payload import http_request, json_result, response
from tests.unit.samples import sample

HOST = "k1x2y3z4a5.execute-api.us-east-1.amazonaws.com"


def decoded(name):
    return decode(http_request(sample(name)), lambda: Stamp("id-9", "2026-11-23T12:00:00Z"))


def test_a_get_request_brings_method_path_query_and_host():
    request = http_request(sample("http_get"))
    assert (request.method, request.query, request.host, request.body) == ("GET", "a=1&a=2&name=%C3%A4+b", HOST, b"")


def test_a_percent_sign_is_all_that_is_left_to_decode_in_a_path():
    assert http_request(sample("http_get")).path == "/users/a b/100%"


def test_an_escaped_escape_is_decoded_once():
    assert http_request(sample("http_get") | {"rawPath": "/%252F/%2525"}).path == "/%2F/%25"


def test_an_empty_path_is_the_root():
    assert http_request(sample("http_get") | {"rawPath": ""}).path == "/"


def test_cookies_become_one_header_again():
    assert http_request(sample("http_get")).header("cookie") == "session=abc; theme=dark"
    assert http_request(sample("http_post_json")).header("cookie") == ""


def test_a_get_request_becomes_an_http_request_event():
    data = decoded("http_get").data
    assert data["query"] == {"a": ["1", "2"], "name": ["ä b"]}
    assert (data["path"], data["host"], data["method"], data["body"]) == ("/users/a b/100%", HOST, "GET", "")
    assert (data["headers"]["X-Tags"], data["headers"]["Cookie"]) == ("one,two", "session=abc; theme=dark")
    assert "Host" not in data["headers"]


def test_a_text_body_is_utf_8():
    assert http_request(sample("http_post_json")).body == '{"name":"Äda"}'.encode()


def test_a_legacy_event_comes_out_of_a_json_post():
    event = decoded("http_post_json")
    assert (event.type, event.data, event.content_type) == ("user.created", {"name": "Äda"}, "application/json")


def test_a_base64_body_is_bytes():
    assert http_request(sample("http_post_binary")).body == b"\x00\x01\xfe\xff"


def test_bytes_stay_base64_in_the_event():
    assert decoded("http_post_binary").data["body"] == "AAH+/w=="


def test_a_structured_cloudevent_comes_out_of_its_base64_body():
    event = decoded("cloudevent_structured")
    assert (event.type, event.id, event.source, event.data) == ("user.created", "id-1", "/users", {"name": "Äda"})


@pytest.mark.parametrize("absent", ["body", "rawQueryString", "headers", "cookies", "isBase64Encoded"])
def test_a_part_that_is_absent_or_null_is_empty(absent):
    event = sample("http_post_binary")
    event.pop(absent, None)
    without, null = http_request(event), http_request(event | {absent: None})
    assert without == null
    assert without.method == "POST"


def test_a_result_becomes_a_response():
    assert response(Result(201, {"x-a": "b"}, "hey")) == {
        "statusCode": 201,
        "headers": {"x-a": "b"},
        "body": "hey",
        "isBase64Encoded": False,
    }


def test_a_cookie_that_is_set_stands_apart():
    answer = response(Result(200, {"set-cookie": "a=b", "x-a": "b"}))
    assert (answer["cookies"], answer["headers"]) == (["a=b"], {"x-a": "b"})


def test_a_response_can_be_written_as_json():
    answer = response(json_result(400, {"errors": [{"message": "ünï"}]}))
    assert answer["headers"] == {"content-type": "application/json"}
    assert json.loads(json.loads(json.dumps(answer))["body"]) == {"errors": [{"message": "ünï"}]}
