import re

import pytest

from eventgateway.core import errors
from eventgateway.web.errors import CALL_FAILED, error_result, internal_error

ARGUMENTS = {
    errors.SystemEventRefused: (), errors.NotAuthorized: (), errors.MalformedResult: (), errors.FunctionFailed: ("why", 500),
    errors.FunctionAccessDenied: ("why", "AccessDeniedException"), errors.PluginError: ("name", "why", 418),
    errors.PluginOverdue: ("name",), errors.FunctionOverflow: ("AWS SQS function", 2, 1),
    errors.EventPending: (30,), errors.AccessRefused: (), errors.KeyMissing: (),
    errors.UnknownSpace: (), errors.LimitExceeded: ("why", 30),
}  # fmt: skip
STATUSES = {
    "GatewayError": None, "InvalidRequest": 400, "SystemEventRefused": 400, "InvalidUpdate": 400, "PathConflict": 400, "InUse": 400,
    "NotFound": 404, "SpaceSuspended": 403, "AlreadyExists": 409, "PayloadTooLarge": 413, "NotAuthorized": 403, "MalformedResult": 500,
    "Unavailable": 503, "WriteConflict": 503, "ProviderError": 500, "FunctionFailed": 500, "FunctionUnreachable": 500,
    "FunctionRefused": 500, "FunctionThrottled": 500, "FunctionAccessDenied": 500, "FunctionGone": 500, "FunctionOverflow": 413,
    "PluginError": 418, "PluginOverdue": 503, "EventPending": 409, "RedriveRefused": 409, "AccessRefused": 403, "KeyMissing": 401,
    "UnknownSpace": 404, "LimitExceeded": 429,
}  # fmt: skip


def descendants(class_):
    for child in class_.__subclasses__():
        yield child
        yield from descendants(child)


def drawn_tree():
    """Names and parents as the module's docstring draws them."""
    parents, path = {}, []
    for line in errors.__doc__.splitlines():
        if match := re.match(r"([│ ]*)[├└]── (\w+)", line):
            depth = len(match[1]) // 4
            path = [*path[:depth], match[2]]
            parents[match[2]] = path[depth - 1] if depth else "GatewayError"
    return parents


ALL = [each for each in descendants(errors.GatewayError) if each.__module__ == errors.__name__]


def error(class_):
    return class_(*ARGUMENTS.get(class_, ("why",)))


def test_the_tree_is_the_one_that_is_drawn():
    assert drawn_tree() == {each.__name__: each.__base__.__name__ for each in ALL}


@pytest.mark.parametrize("class_", ALL)
def test_every_error_has_a_message(class_):
    assert error(class_).message == str(error(class_)) != ""


@pytest.mark.parametrize("class_", ALL)
def test_every_error_has_its_status(class_):
    assert error_result(error(class_)).status == STATUSES[class_.__name__]


@pytest.mark.parametrize("class_", [errors.NotAuthorized, errors.SystemEventRefused])
def test_two_refusals_have_no_body(class_):
    result = error_result(class_())
    assert (result.headers, result.body) == ({}, "")


def test_other_errors_tell_their_message():
    result = error_result(errors.NotFound('Function "f" not found.'))
    assert result.body == '{"errors":[{"message":"Function \\"f\\" not found."}]}'
    assert result.headers == {"content-type": "application/json"}


@pytest.mark.parametrize("class_", [each for each in ALL if issubclass(each, errors.ProviderError) and each is not errors.FunctionOverflow])
def test_why_a_function_failed_is_not_told_to_emitters(class_):
    assert error_result(error(class_)).body == f'{{"errors":[{{"message":"{CALL_FAILED}"}}]}}'


def test_the_limit_that_an_event_is_over_is_told():
    assert "AWS SQS function takes at most 1 bytes, the event has 2" in error_result(error(errors.FunctionOverflow)).body


def test_advice_about_refused_credentials_is_told():
    result = error_result(errors.FunctionAccessDenied("secret details", "ExpiredTokenException", "Please update the token."))
    assert result.body == '{"errors":[{"message":"Please update the token."}]}'


@pytest.mark.parametrize("class_", [errors.Unavailable, errors.WriteConflict])
def test_what_is_away_may_be_tried_again(class_):
    assert error_result(error(class_)).headers["retry-after"] == "1"


@pytest.mark.parametrize(("seconds", "wait"), [(30.0, "30"), (29.01, "30"), (1.0, "1"), (0.2, "1"), (0, "1")])
def test_a_pending_event_may_be_tried_again_after_whole_seconds(seconds, wait):
    result = error_result(errors.EventPending(seconds))
    assert (result.headers["retry-after"], result.headers["content-type"]) == (wait, "application/json")
    assert result.body == '{"errors":[{"message":"The event is being accepted already. Please try again."}]}'


def test_a_bug_of_ours_says_nothing_about_itself():
    assert internal_error().status == 500
    assert internal_error().body == '{"errors":[{"message":"Internal error. Please try again."}]}'
