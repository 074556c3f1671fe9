"""Python Lambda functions in files of the developer, run in this process and loaded anew when they change."""

import logging
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from json import dumps
from pathlib import Path
from threading import Lock, Thread
from traceback import StackSummary, format_list, walk_tb
from types import ModuleType, TracebackType
from typing import Any

from local.lambda_context import LambdaContext

log = logging.getLogger(__name__)

FUNCTION_SECONDS = 30.0
# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#lambda-Invoke-request-FunctionName
REFERENCE = re.compile(r"(?:arn:[^:]*:lambda:)?(?:[a-z]+(?:-[a-z]+)+-\d+:)?(?:\d{12}:)?(?:function:)?(?P<name>[^:]+)(?::[^:]*)?")

Handler = Callable[[Any, LambdaContext], Any]
Version = tuple[int, int]  # time of the last change in nanoseconds, size in bytes


class InvalidFunction(ValueError):
    """A `--function` that cannot be served; the message says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a function did: a result as JSON, or an error document as Lambda makes it."""

    payload: bytes
    failed: bool = False


@dataclass(slots=True)
class LocalFunction:
    """A handler in a file. The file is loaded with the first call and again whenever it has changed; modules it imports are not."""

    name: str
    path: Path
    attribute: str
    seconds: float = FUNCTION_SECONDS
    _loaded: tuple[Version, Handler] | None = None
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def parse(cls, text: str) -> "LocalFunction":
        """Read `NAME=path/to/file.py:handler`. Raises InvalidFunction."""
        name, equals, place = text.partition("=")
        file, colon, attribute = place.rpartition(":")
        if not (equals and colon and re.fullmatch(r"[\w-]+", name) and file and attribute):
            raise InvalidFunction(f"{text!r} is not NAME=path/to/file.py:handler")
        return cls(name, Path(file).expanduser().resolve(), attribute)

    def handler(self) -> Handler:
        """The current version of the handler. Raises InvalidFunction."""
        with self._lock:
            version = self._version()
            if self._loaded is None or self._loaded[0] != version:
                self._loaded = version, self._load()
            return self._loaded[1]

    def run(self, event: object, context: LambdaContext) -> Outcome:
        """Call the handler as Lambda does: exceptions, results that are no JSON, and overtime are failures. Never raises."""
        outcomes: list[Outcome] = []
        thread = Thread(target=lambda: outcomes.append(self._outcome(event, context)), name=f"function-{self.name}", daemon=True)
        thread.start()
        thread.join(self.seconds)
        if outcomes:
            return outcomes[0]
        log.error("function %s: timed out after %.2f seconds; it keeps its thread until it ends", self.name, self.seconds)
        return _failure("Sandbox.Timedout", f"RequestId: {context.aws_request_id} Error: Task timed out after {self.seconds:.2f} seconds")

    def _outcome(self, event: object, context: LambdaContext) -> Outcome:
        try:
            handler = self.handler()
        except InvalidFunction as error:
            log.error("function %s: %s", self.name, error)  # noqa: TRY400 - the message says it all
            return _failure("Runtime.ImportModuleError", str(error), context)
        try:
            result = handler(event, context)
        except BaseException as error:
            log.exception("function %s failed", self.name)
            return _failure(type(error).__name__, str(error), context, _stack(error.__traceback__, self.path))
        try:
            return Outcome(dumps(result, ensure_ascii=False).encode())
        except (TypeError, ValueError) as error:
            log.error("function %s: the result is no JSON: %s", self.name, error)  # noqa: TRY400 - the message says it all
            return _failure("Runtime.MarshalError", f"Unable to marshal response: {error}", context)

    def _version(self) -> Version:
        try:
            status = self.path.stat()
        except OSError as error:
            raise InvalidFunction(f"{self.path}: {error.strerror}") from error
        return status.st_mtime_ns, status.st_size

    def _load(self) -> Handler:
        handler = getattr(self._module(), self.attribute, None)
        if not callable(handler):
            raise InvalidFunction(f"{self.path} has no function {self.attribute!r}")
        found: Handler = handler
        return found

    def _module(self) -> ModuleType:
        """The file as a module of its own. Compiled here: Python's cache of compiled files overlooks two changes in one second."""
        module = ModuleType("function_" + re.sub(r"\W", "_", self.name))
        module.__file__ = str(self.path)
        sys.modules[module.__name__] = module
        sys.path.insert(0, str(self.path.parent))
        try:
            exec(compile(self.path.read_bytes(), self.path, "exec"), module.__dict__)  # noqa: S102 - the developer's own code
        except SyntaxError as error:
            raise InvalidFunction(f"{self.path}, line {error.lineno}: {error.msg}") from error
        except Exception as error:
            raise InvalidFunction(f"{self.path} cannot be imported: {type(error).__name__}: {error}") from error
        finally:
            sys.path.remove(str(self.path.parent))
        return module


@dataclass(frozen=True, slots=True)
class Functions:
    """All functions that are served."""

    functions: Sequence[LocalFunction] = ()

    def find(self, reference: str) -> LocalFunction | None:
        """The function that serves a name or ARN: the one of just that name, else the longest name that it ends in, so that
        `--function greet=…` also serves `shop-dev-greet`; of two with one name the last."""
        match = REFERENCE.fullmatch(reference)
        name = match["name"] if match else reference
        serving = [each for each in self.functions if name.endswith(each.name)]
        return max(reversed(serving), key=lambda each: len(each.name), default=None)

    def check(self) -> None:
        """Load every file now. Raises InvalidFunction."""
        for function in self.functions:
            function.handler()


def _failure(kind: str, message: str, context: LambdaContext | None = None, stack: Sequence[str] = ()) -> Outcome:
    """The error document of https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html."""
    document = {"errorMessage": message, "errorType": kind}
    trace = {"requestId": context.aws_request_id, "stackTrace": list(stack)} if context else {}
    return Outcome(dumps(document | trace).encode(), failed=True)


def _stack(traceback: TracebackType | None, path: Path) -> list[str]:
    """The frames from the function's file on."""
    frames = StackSummary.extract(walk_tb(traceback))
    first = next((number for number, frame in enumerate(frames) if frame.filename == str(path)), 0)
    return format_list(frames[first:])
