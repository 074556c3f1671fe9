import pytest
from botocore.exceptions import ClientError

from eventgateway.core.trace import CAUSES, FRAMES, causes, trace


def raised(action):
    try:
        action()
    except Exception as error:
        return error


def fail(depth=0):
    if depth:
        fail(depth - 1)
    raise ValueError("secret")


def wrap():
    try:
        fail()
    except ValueError as error:
        raise KeyError("secret") from error


def handle():
    try:
        wrap()
    except KeyError:
        raise TypeError("secret")  # noqa: B904 - the context is what is tested


def test_an_error_is_shown_by_its_kind_and_places():
    shown = trace(raised(fail))
    assert shown["errorType"] == "ValueError"
    assert [place.rpartition(" ")[2] for place in shown["at"]] == ["raised", "fail"]
    assert all(f"{__file__}:" in place for place in shown["at"])


def test_what_led_to_it_is_named():
    assert trace(raised(handle))["causes"] == ["KeyError", "ValueError"]


def refused_by_aws():
    try:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "secret"}}, "SendMessageBatch")
    except ClientError as error:
        raise KeyError("secret") from error


def test_what_a_service_of_aws_calls_it_is_named():
    assert causes(raised(refused_by_aws)) == {"causes": ["ClientError: AccessDenied"]}


@pytest.mark.parametrize("response", [None, {}, {"Error": None}, {"Error": {}}, {"Error": {"Code": 7}}, "secret"])
def test_an_answer_that_names_nothing_is_its_type(response):
    strange = ValueError("secret")
    strange.response = response
    error = KeyError()
    error.__cause__ = strange
    assert causes(error) == {"causes": ["ValueError"]}


def test_a_code_without_end_is_cut():
    error = KeyError()
    error.__cause__ = ClientError({"Error": {"Code": "A" * 1000}}, "Send")
    assert len(causes(error)["causes"][0]) < 200


def test_what_it_says_is_left_out():
    assert "secret" not in str(trace(raised(handle)))


def test_an_error_that_was_never_raised_has_no_place():
    assert trace(ValueError("secret")) == {"errorType": "ValueError", "at": []}


def test_the_innermost_places_and_the_first_causes_are_enough():
    assert len(trace(raised(lambda: fail(50)))["at"]) == FRAMES
    error = cause = ValueError()
    for _ in range(10):
        cause.__cause__ = cause = ValueError()
    assert len(trace(error)["causes"]) == CAUSES
