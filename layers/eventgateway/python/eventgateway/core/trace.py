"""Unexpected errors as logs may show them: kinds and places. What an error says is left out: it may quote a payload or a secret."""

from traceback import extract_tb
from types import TracebackType

FRAMES = 20  # the innermost ones
CAUSES = 5


def trace(error: BaseException) -> dict[str, object]:
    """Extra fields for a log line: the type of the error, where it was raised, and the types of those that led to it."""
    causes, cause = list[str](), _cause(error)
    while cause is not None and len(causes) < CAUSES:
        causes.append(type(cause).__name__)
        cause = _cause(cause)
    return {"errorType": type(error).__name__, "at": _places(error.__traceback__), **({"causes": causes} if causes else {})}


def _cause(error: BaseException) -> BaseException | None:
    return error.__cause__ or error.__context__


def _places(traceback: TracebackType | None) -> list[str]:
    return [f"{each.filename}:{each.lineno} {each.name}" for each in extract_tb(traceback)[-FRAMES:]]
