"""Errors as HTTP answers: one table from class to status."""

from eventgateway.core import errors
from eventgateway.core.result import Result
from eventgateway.web.payload import json_result

CALL_FAILED = "Function call failed. Please check logs."
SILENT = (errors.SystemEventRefused, errors.NotAuthorized)  # answered without a body, as the original did
CHALLENGE = {"www-authenticate": "Bearer"}  # https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2
TRY_LATER = (errors.Unavailable, errors.EventPending, errors.LimitExceeded)
STATUS: dict[type[errors.GatewayError], int] = {
    errors.InvalidRequest: 400,
    errors.KeyMissing: 401,
    errors.AccessRefused: 403,
    errors.NotAuthorized: 403,
    errors.SpaceSuspended: 403,
    errors.NotFound: 404,
    errors.AlreadyExists: 409,
    errors.EventPending: 409,
    errors.RedriveRefused: 409,
    errors.PayloadTooLarge: 413,
    errors.FunctionOverflow: 413,
    errors.LimitExceeded: 429,
    errors.MalformedResult: 500,
    errors.ProviderError: 500,
    errors.Unavailable: 503,
}


def error_result(error: errors.GatewayError) -> Result:
    """The answer that an error becomes."""
    status = _status(error)
    if isinstance(error, SILENT):
        return Result(status)
    result = json_result(status, {"errors": [{"message": _message(error)}]})
    if isinstance(error, errors.KeyMissing):
        return result.behind(CHALLENGE)
    return result.behind({"retry-after": str(error.retry_after)}) if isinstance(error, TRY_LATER) else result


def _status(error: errors.GatewayError) -> int:
    """By the table, but a plugin chooses its own."""
    if isinstance(error, errors.PluginError):
        return error.status
    return next(STATUS[each] for each in type(error).__mro__ if each in STATUS)


def _message(error: errors.GatewayError) -> str:
    """What a client may know. The reasons of a failed call are the function owner's business, but for refused credentials and sizes."""
    if isinstance(error, errors.FunctionAccessDenied) and error.advice:
        return error.advice
    is_secret = isinstance(error, errors.ProviderError) and not isinstance(error, errors.FunctionOverflow)
    return CALL_FAILED if is_secret else error.message


def no_route() -> Result:
    """The answer to a path that there is not."""
    return json_result(404, {"errors": [{"message": "No such route."}]})


def not_allowed(*methods: str) -> Result:
    """The answer to a method that a path does not have; it has `methods`."""
    result = json_result(405, {"errors": [{"message": f"Method not allowed. Use {' or '.join(methods)}."}]})
    return result.behind({"allow": ", ".join(methods)})


def internal_error() -> Result:
    """The answer to a bug of ours."""
    return json_result(500, {"errors": [{"message": "Internal error. Please try again."}]})
