"""The router function in a process of its own, which ends at a step as if the power had failed: no cleanup, no answer.

`python -m tests.faults.router STEP TIME`, with the request on standard input. TIME, in seconds since the epoch, does not pass.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

from eventgateway.clock import SystemClock
from eventgateway.operations.receive import Receiver
from eventgateway.web.events_api import EventsApi
from functions.router import handler

DIED = 86  # exit status
STEPS: dict[str, Callable[[Receiver], tuple[Any, str]]] = {
    "claimed": lambda receiver: (receiver.claims, "create"),
    "half queued": lambda receiver: (receiver.outbox.queue._client, "send_message_batch"),
    "queued": lambda receiver: (receiver.outbox.queue, "send"),
    "accepted": lambda receiver: (receiver.claims, "replace"),
}


class StoppedClock(SystemClock):
    """The real clock, but its time does not pass."""

    def __init__(self, now: float) -> None:
        self._now = now

    def time(self) -> float:
        return self._now


def at(api: EventsApi, now: float) -> EventsApi:
    """A router that takes some moment for now."""
    return replace(api, receiver=replace(api.receiver, clock=StoppedClock(now)))


def end_after(step: Callable[..., object]) -> Callable[..., NoReturn]:
    def last(*args: object, **options: object) -> NoReturn:
        step(*args, **options)
        os._exit(DIED)

    return last


def main(step: str, now: float) -> None:
    owner, name = STEPS[step](handler.api().receiver)
    setattr(owner, name, end_after(getattr(owner, name)))
    print(json.dumps(at(handler.api(), now).handle(json.load(sys.stdin))))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
