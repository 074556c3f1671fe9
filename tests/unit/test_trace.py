from eventgateway.core.trace import CAUSES, FRAMES, trace


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
