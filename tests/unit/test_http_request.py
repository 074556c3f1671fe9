from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.http_request import HttpRequest, canonical_name, parse_query
from eventgateway.core.json import dumps, loads

REQUEST = HttpRequest("POST", "/users/7", "x=1&x=2", {"host": "api.test", "x-token": "t", "content-type": "text/plain"}, b"hi", "api.test")


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("content-type", "Content-Type"), ("x-lower", "X-Lower"), ("ETAG", "Etag"), ("ce-x-my-cool-ext", "Ce-X-My-Cool-Ext"),
        ("x_a", "X_a"), ("a--b", "A--B"), ("x y", "x y"), ("ünï", "ünï"), ("", ""),
    ],
)  # fmt: skip
def test_header_names_are_written_as_go_writes_them(name, canonical):
    assert canonical_name(name) == canonical


@pytest.mark.parametrize(
    ("query", "values"),
    [
        pytest.param("", {}, id="none"),
        pytest.param(
            "a=1&a=2&b=&c&d=%20x+y&%C3%A4=%F0%9F%98%B8",
            {"a": ["1", "2"], "b": [""], "c": [""], "d": [" x y"], "ä": ["😸"]},
            id="all forms",
        ),
        pytest.param("a=%zz&b=1", {"b": ["1"]}, id="bad escape in a value"),
        pytest.param("%zz=1&b=1", {"b": ["1"]}, id="bad escape in a name"),
        pytest.param("a=%&b=%2&c=%20", {"c": [" "]}, id="unfinished escapes"),
        pytest.param("a=1;b=2", {"a": ["1"], "b": ["2"]}, id="semicolon"),
        pytest.param("&&a=1&", {"a": ["1"]}, id="empty pairs"),
        pytest.param("a=b=c", {"a": ["b=c"]}, id="equals sign in a value"),
        pytest.param("=x", {"": ["x"]}, id="empty name"),
        pytest.param("a=%FF", {"a": ["\ufffd"]}, id="not UTF-8"),
        pytest.param("a=%2B+", {"a": ["+ "]}, id="escaped plus"),
    ],
)
def test_query_parameters_are_lists_of_values(query, values):
    assert parse_query(query) == values


def test_the_data_of_a_request_holds_all_its_parts():
    assert REQUEST.data("aGk=", {"id": "7"}) == {
        "headers": {"X-Token": "t", "Content-Type": "text/plain"},
        "query": {"x": ["1", "2"]},
        "body": "aGk=",
        "host": "api.test",
        "path": "/users/7",
        "method": "POST",
        "params": {"id": "7"},
    }


def test_params_are_null_where_there_is_no_pattern():
    assert REQUEST.data("")["params"] is None


def test_a_header_that_is_not_there_is_empty():
    assert (REQUEST.header("x-token"), REQUEST.header("x-other")) == ("t", "")


@given(st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=8)), max_size=6))
def test_every_encoded_form_reads_as_it_was_written(pairs):
    values = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    assert parse_query(urlencode(pairs)) == values
    assert parse_query(urlencode(pairs, quote_via=quote)) == values


@given(st.text(max_size=40) | st.text("%zf0&=;+ä", max_size=40))
def test_no_query_raises_and_every_answer_is_json(query):
    values = parse_query(query)
    assert loads(dumps(values)) == values
    assert all(isinstance(each, list) and each for each in values.values())


@given(st.text(max_size=20))
def test_canonical_names_are_stable_and_differ_in_case_only(name):
    canonical = canonical_name(name)
    assert canonical_name(canonical) == canonical
    assert canonical.lower() == name.lower()
