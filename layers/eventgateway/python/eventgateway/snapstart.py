"""SnapStart: a snapshot of a function holds code that is loaded, and nothing that an instance has learned, opened or counted.

Lambda takes the snapshot when a version is published, and each instance is a copy of it
(https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html). See docs/decisions/0014-snapstart.md.
"""

import gc
import logging
import os
import random
import ssl
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Protocol, TypeVar

from eventgateway.aws_session import read_descriptions
from eventgateway.core.errors import GatewayError

log = logging.getLogger(__name__)

HOOKS = "snapshot_restore_py"  # Lambda has it from Python 3.12 on
SEED_BYTES = 32


T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Build(Protocol[T_co]):
    """Builds what handles events, and keeps it until told otherwise: a function under `lru_cache`."""

    def __call__(self) -> T_co:
        """The object, which has all state of the instance."""

    def cache_clear(self) -> None:
        """Let the next call build another one."""


def prepare(build: Build[T], use: Callable[[T], object]) -> None:
    """Have Lambda call the hooks of a handler; without SnapStart it does not. `use` is a harmless use of what was built, such as a read."""
    if hooks := _hooks():
        hooks.register_before_snapshot(before_snapshot, build, use)
        hooks.register_after_restore(after_restore, build)


def before_snapshot(build: Build[T], use: Callable[[T], object]) -> None:
    """Do once what is slow for the first time, and keep none of it but code and descriptions. What `build` raises ends the deployment."""
    built = build()
    try:
        use(built)
    except GatewayError as error:
        log.warning("not everything could be tried before the snapshot", extra={"error": error.log_text})
    read_descriptions()
    del built
    build.cache_clear()
    gc.collect()  # closes connections
    gc.freeze()  # no collection in a copy has to touch what the snapshot holds


def after_restore(build: Build[object]) -> None:
    """Build anew, with credentials of this copy and random numbers of its own."""
    build.cache_clear()
    random.seed()
    ssl.RAND_add(os.urandom(SEED_BYTES), float(SEED_BYTES))
    build()


def _hooks() -> ModuleType | None:
    try:
        return import_module(HOOKS)
    except ModuleNotFoundError:
        return None
