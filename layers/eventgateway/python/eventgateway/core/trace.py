"""Unexpected errors as logs may show them: kinds and places. What an error says is left out: it may quote a payload or a secret."""

from traceback import extract_tb
from types import TracebackType

FRAMES = 20  # the innermost ones
CAUSES = 5
CODE_LIMIT = 100  # characters


def trace(error: BaseException) -> dict[str, object]:
    """Extra fields for a log line: the type of the error, where it was raised, and the types of those that led to it."""
    return {"errorType": type(error).__name__, "at": _places(error.__traceback__), **causes(error)}


def causes(error: BaseException) -> dict[str, list[str]]:
    """One more field, if other errors led to it: their types, or what a service calls them."""
    found, cause = list[str](), _cause(error)
    while cause is not None and len(found) < CAUSES:
        found.append(_kind(cause))
        cause = _cause(cause)
    return {"causes": found} if found else {}


def _kind(error: BaseException) -> str:
    """An SDK has one type for all answers of a service, and the service's own code in it."""
    response = getattr(error, "response", None)
    said = response.get("Error") if isinstance(response, dict) else None
    code = said.get("Code") if isinstance(said, dict) else None
    return f"{type(error).__name__}: {code[:CODE_LIMIT]}" if isinstance(code, str) else type(error).__name__


def _cause(error: BaseException) -> BaseException | None:
    return error.__cause__ or error.__context__


def _places(traceback: TracebackType | None) -> list[str]:
    return [f"{each.filename}:{each.lineno} {each.name}" for each in extract_tb(traceback)[-FRAMES:]]
