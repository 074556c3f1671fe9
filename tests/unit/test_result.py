import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.errors import MalformedResult
from eventgateway.core.json import dumps
from eventgateway.core.result import Result, parse_result
from tests.unit.attempts import attempt
from tests.unit.strategies import JSON_OBJECTS, JSON_VALUES


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        pytest.param(
            b'{"statusCode":201,"headers":{"X-Custom":"a","content-type":"text/html"},"body":"<p>hi</p>"}',
            Result(201, {"x-custom": "a", "content-type": "text/html"}, "<p>hi</p>"),
            id="status, headers and body",
        ),
        pytest.param(b'{"body":"hi"}', Result(200, {}, "hi"), id="no status"),
        pytest.param(b"{}", Result(200), id="empty object"),
        pytest.param(b"null", Result(200), id="null"),
        pytest.param(b'{"statusCode":null,"headers":null,"body":null}', Result(200), id="nulls"),
        pytest.param(b' \n{"body":"x"}\n', Result(200, {}, "x"), id="white space around"),
        pytest.param(b'{"statusCode":204,"body":"x"}', Result(204), id="204 has no body"),
        pytest.param(b'{"statusCode":304,"body":"x"}', Result(304), id="304 has no body"),
        pytest.param(b'{"statusCode":299,"body":"x"}', Result(299, {}, "x"), id="unknown status"),
        pytest.param(b'{"statusCode":599,"body":"x"}', Result(599, {}, "x"), id="greatest status"),
        pytest.param(b'{"statusCode":302,"headers":{"Location":"http://a/"}}', Result(302, {"location": "http://a/"}), id="redirect"),
        pytest.param(b'{"headers":{"X-A":null},"body":"x"}', Result(200, {"x-a": ""}, "x"), id="header is null"),
        pytest.param(b'{"headers":{"X A":"a","":"b","X-Ok":"c"}}', Result(200, {"x-ok": "c"}), id="illegal names of headers"),
        pytest.param(b'{"headers":{"X-A":"a\\r\\nb\\u0000"}}', Result(200, {"x-a": "a  b "}), id="line breaks in a header"),
        pytest.param(
            b'{"headers":{"Content-Length":"9","Transfer-Encoding":"chunked","Connection":"close"}}',
            Result(200),
            id="headers of the connection",
        ),
        pytest.param(b'{"foo":1,"body":"x"}', Result(200, {}, "x"), id="unknown keys"),
    ],
)
def test_an_http_response_object_becomes_the_answer(answer, result):
    assert parse_result(answer) == result


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"nope", b"[]", b'"x"', b"1", b"true", b'{"body":"x"} y', b'{"body":1}', b'{"body":[1]}', b'{"headers":[]}',
        b'{"headers":{"a":1}}',
        b'{"statusCode":0}', b'{"statusCode":-1}', b'{"statusCode":99}', b'{"statusCode":600}', b'{"statusCode":999}',
        b'{"statusCode":200.5}',
        b'{"statusCode":"200"}', b'{"statusCode":true}', b'{"statusCode":[]}', b'{"statusCode":1e9}', b"\xff\xfe",
    ],
)  # fmt: skip
def test_anything_else_is_malformed(answer):
    with pytest.raises(MalformedResult, match="HTTP response object malformed"):
        parse_result(answer)


@pytest.mark.parametrize("status", [100, 101, 199])
def test_an_interim_status_ends_no_exchange_so_it_is_malformed(status):
    with pytest.raises(MalformedResult):
        parse_result(dumps({"statusCode": status}))


def test_headers_of_the_result_count_more_than_those_behind_it():
    result = Result(200, {"vary": "X"}, "x").behind({"vary": "Origin", "access-control-allow-origin": "*"})
    assert result == Result(200, {"vary": "X", "access-control-allow-origin": "*"}, "x")


@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_no_answer_raises_anything_but_malformed(answer):
    outcome = attempt(parse_result, answer)
    assert isinstance(outcome, MalformedResult) or 200 <= outcome.status < 600


@given(JSON_VALUES, JSON_VALUES | JSON_OBJECTS, JSON_VALUES)
def test_what_is_not_malformed_can_be_sent(status, headers, body):
    outcome = attempt(parse_result, dumps({"statusCode": status, "headers": headers, "body": body}))
    if isinstance(outcome, Result):
        assert isinstance(outcome.body, str)
        assert all(name == name.lower() and not {"\r", "\n", "\0"} & set(text) for name, text in outcome.headers.items())
    else:
        assert isinstance(outcome, MalformedResult)
