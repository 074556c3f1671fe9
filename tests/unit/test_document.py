import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.document import Failures, Fields, decode, is_name
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.json import dumps
from tests.unit.attempts import attempt
from tests.unit.strategies import JSON_OBJECTS, JSON_VALUES

METHODS = "eq=GET|eq=POST|eq=DELETE|eq=PUT|eq=PATCH|eq=HEAD|eq=OPTIONS"


def failure(check):
    failures = Failures("Thing")
    check(failures)
    return list(failures.lines.values())


@pytest.mark.parametrize("body", [b"{}", b"null", b" {} \n"])
def test_an_empty_document_and_null_are_the_same(body):
    assert decode(body) == {}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"", "EOF", id="empty"),
        pytest.param(b"  \n", "EOF", id="blank"),
        pytest.param(b"{", "unexpected EOF", id="truncated object"),
        pytest.param(b'{"type":', "unexpected EOF", id="truncated pair"),
    ],
)
def test_a_body_that_ends_early_is_told_as_go_tells_it(body, message):
    with pytest.raises(InvalidRequest) as refused:
        decode(body)
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("body", "article"),
    [(b"[]", "an array"), (b'"u"', "a string"), (b"1", "a number"), (b"1.5", "a number"), (b"true", "a boolean")],
)
def test_a_document_that_is_no_object_is_refused(body, article):
    with pytest.raises(InvalidRequest, match=f"must be an object, not {article}"):
        decode(body)


@pytest.mark.parametrize("body", [b"{name:1}", b'{"name":"u"} xyz', b'{"name":"u"}{}', b"\xff", b"\xef\xbb\xbf{}"])
def test_anything_but_one_json_value_is_refused(body):
    with pytest.raises(InvalidRequest, match="JSON"):
        decode(body)


@given(JSON_OBJECTS)
def test_every_object_is_read_as_it_was_sent(document):
    assert decode(dumps(document)) == document


@given(st.binary(max_size=30))
def test_no_body_raises_anything_but_a_refusal(body):
    assert isinstance(attempt(decode, body), dict | InvalidRequest)


def test_absent_fields_and_nulls_are_empty():
    for document in ({}, {"x": None}):
        fields = Fields(document)
        assert (fields.text("x"), fields.flag("x"), fields.whole("x"), fields.texts("x"), fields.object("x")) == ("", False, 0, (), None)


def test_fields_of_the_right_type_are_read():
    fields = Fields({"text": "a", "flag": True, "whole": 7, "texts": ["a", None], "object": {"b": 1}, "metadata": {"k": "v", "n": None}})
    assert (fields.text("text"), fields.flag("flag"), fields.whole("whole"), fields.texts("texts")) == ("a", True, 7, ("a", ""))
    assert (fields.object("object"), fields.metadata()) == ({"b": 1}, {"k": "v", "n": ""})


@pytest.mark.parametrize(("text", "number"), [(b"3.0", 3), (b"-0.0", 0), (b"5e2", 500)])
def test_a_number_without_a_fraction_is_a_whole_one_however_it_is_written(text, number):
    """The description of the API says integer, which JSON Schema takes so; 3.0 was refused once."""
    found = Fields(decode(b'{"x": ' + text + b"}")).whole("x")
    assert (found, type(found)) == (number, int)


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        pytest.param(lambda fields: fields.text("x"), 5, "json: field 'x' must be a string, not a number", id="text"),
        pytest.param(lambda fields: fields.flag("x"), "true", "json: field 'x' must be a boolean, not a string", id="flag"),
        pytest.param(lambda fields: fields.flag("x"), 1, "json: field 'x' must be a boolean, not a number", id="number as flag"),
        pytest.param(lambda fields: fields.whole("x"), 1.5, "json: field 'x' must be a whole number, not a number", id="whole"),
        pytest.param(lambda fields: fields.whole("x"), True, "json: field 'x' must be a whole number, not a boolean", id="flag as whole"),
        pytest.param(lambda fields: fields.texts("x"), "*", "json: field 'x' must be an array of strings, not a string", id="texts"),
        pytest.param(lambda fields: fields.texts("x"), [1], "json: field 'x' must be a string, not a number", id="item of texts"),
        pytest.param(lambda fields: fields.object("x"), [], "json: field 'x' must be an object, not an array", id="object"),
    ],
)
def test_a_field_of_a_wrong_type_is_named(read, value, message):
    with pytest.raises(InvalidRequest) as refused:
        read(Fields({"x": value}))
    assert refused.value.message == message


@pytest.mark.parametrize(("labels", "field"), [(1, "'metadata'"), ([], "'metadata'"), ({"a": 1}, "'metadata.a'")])
def test_labels_are_texts_by_name(labels, field):
    with pytest.raises(InvalidRequest, match=f"field {field} must be"):
        Fields({"metadata": labels}).metadata()


@given(JSON_VALUES)
def test_a_field_of_any_type_is_read_or_refused(value):
    for read in (Fields.text, Fields.flag, Fields.whole, Fields.texts, Fields.object):
        outcome = attempt(read, Fields({"x": value}), "x")
        if isinstance(outcome, InvalidRequest):
            assert outcome.message.startswith("json: field 'x' must be a")
        else:
            assert outcome == value or value is None or isinstance(outcome, tuple)


@pytest.mark.parametrize("name", ["f", "user.created", "my.event_type-1", "A-Z_0.9"])
def test_names_are_letters_digits_dots_dashes_and_underscores(name):
    assert is_name(name)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ünï", "a\n", "a,b", "a$"])
def test_other_texts_are_no_names(name):
    assert not is_name(name)


@pytest.mark.parametrize(("space", "tag"), [("", "required"), ("ab", "min"), ("$", "min"), ("a b c", "space"), ("abc/def", "space")])
def test_a_space_breaks_one_rule_at_a_time(space, tag):
    lines = failure(lambda failures: failures.check_space(space))
    assert lines == [f"Key: 'Thing.Space' Error:Field validation for 'Space' failed on the '{tag}' tag"]


@pytest.mark.parametrize("space", ["abc", "default", "my.space_1-x"])
def test_a_space_has_at_least_three_characters(space):
    assert failure(lambda failures: failures.check_space(space)) == []


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS"])
def test_seven_methods_can_be_subscribed_to(method):
    assert failure(lambda failures: failures.check_method(method)) == []


@pytest.mark.parametrize("method", ["", "CONNECT", "TRACE", "get"])
def test_other_methods_cannot(method):
    lines = failure(lambda failures: failures.check_method(method))
    assert lines == [f"Key: 'Thing.Method' Error:Field validation for 'Method' failed on the '{METHODS}' tag"]


def test_every_failing_field_has_its_line():
    failures = Failures("Thing")
    failures.check("A", required=False, other=False)
    failures.check("B", required=True, other=False)
    failures.check("C", required=True)
    with pytest.raises(InvalidRequest) as refused:
        failures.raise_if_any()
    assert refused.value.message == (
        "Key: 'Thing.A' Error:Field validation for 'A' failed on the 'required' tag\n"
        "Key: 'Thing.B' Error:Field validation for 'B' failed on the 'other' tag"
    )
