import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.media_type import is_json, media_type
from tests.unit.attempts import attempt

TOKENS = st.text("abcxyz0189.+-_", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("header", "type_"),
    [
        pytest.param("", "", id="no header"),
        pytest.param(";", "", id="only a semicolon"),
        pytest.param("application/json", "application/json", id="plain"),
        pytest.param("application/json; charset=utf-8", "application/json", id="parameter"),
        pytest.param("Application/CloudEvents+JSON", "application/cloudevents+json", id="any case"),
        pytest.param("text", "text", id="without slash"),
        pytest.param("text/plain;", "text/plain", id="trailing semicolon"),
        pytest.param("  text/plain  ", "text/plain", id="blanks around"),
        pytest.param("*/*", "*/*", id="stars are token characters"),
        pytest.param('multipart/form-data; boundary="a b"', "multipart/form-data", id="quoted value"),
        pytest.param(r'text/plain; a="\""; b=1', "text/plain", id="quoted quote"),
        pytest.param("text/plain;a=1;a=1", "text/plain", id="the same parameter twice"),
    ],
)
def test_the_media_type_is_lower_case_and_without_parameters(header, type_):
    assert media_type(header) == type_


@pytest.mark.parametrize(
    ("header", "message"),
    [
        pytest.param("text/", "mime: expected token after slash", id="no subtype"),
        pytest.param("/plain", "mime: no media type", id="no type"),
        pytest.param("text plain", "mime: expected slash after first token", id="blank instead of slash"),
        pytest.param("text/plain x", "mime: unexpected content after media subtype", id="two words"),
        pytest.param("application/json,text/plain", "mime: unexpected content after media subtype", id="a list"),
        pytest.param("text/plain; a=1; a=2", "mime: duplicate parameter name", id="contradiction"),
        pytest.param("text/plain; A=1; a=2", "mime: duplicate parameter name", id="contradiction in another case"),
        pytest.param('text/plain; charset="utf-8', "mime: invalid media parameter", id="unfinished quote"),
        pytest.param("text/plain; charset", "mime: invalid media parameter", id="parameter without value"),
        pytest.param("text/plain; =x", "mime: invalid media parameter", id="parameter without name"),
        pytest.param("text/plain; a=", "mime: invalid media parameter", id="empty value"),
        pytest.param('text/plain; a="x"y', "mime: invalid media parameter", id="text after a quoted value"),
    ],
)
def test_a_malformed_content_type_is_refused_with_gos_message(header, message):
    with pytest.raises(InvalidRequest) as refused:
        media_type(header)
    assert refused.value.message == message


@pytest.mark.parametrize("type_", ["application/json", "application/vnd.api+json", "application/cloudevents+json"])
def test_json_types_are_json(type_):
    assert is_json(type_)


@pytest.mark.parametrize("type_", ["", "text/json", "application/jsonp", "application/json5", "text/plain", "json"])
def test_other_types_are_not_json(type_):
    assert not is_json(type_)


@given(TOKENS, TOKENS, st.dictionaries(TOKENS, st.text("abc xyz;=,/", min_size=1), max_size=4))
def test_any_well_formed_header_is_read(type_, subtype, parameters):
    header = "".join([f"{type_}/{subtype}", *(f'; {name}="{value}"' for name, value in parameters.items())])
    assert media_type(header) == f"{type_}/{subtype}"


@given(st.text(max_size=30) | st.text(' ;="\\/,ab\r\n\t', max_size=30))
def test_any_text_is_read_or_refused(header):
    outcome = attempt(media_type, header)
    if isinstance(outcome, InvalidRequest):
        assert outcome.message.startswith("mime: ")
    else:
        assert outcome == outcome.strip().lower()
