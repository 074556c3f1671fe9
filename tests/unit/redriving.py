"""Gateways with dead letters, and redrives of them slice by slice."""

from dataclasses import replace

import pytest

from eventgateway.core.dead_letter import LetterFilter
from eventgateway.core.errors import FunctionUnreachable, RedriveRefused, Unavailable
from eventgateway.core.message import parse
from eventgateway.core.redrive import RedriveSlice
from eventgateway.operations.deadline import Deadline
from tests.fakes import Gateway

AWAY = Unavailable("The delivery queue is not available. Please try again.")
PLENTY = Deadline.after(900)
ALL = LetterFilter()


def with_letters(number):
    """A gateway with dead letters of function `f`, which is well again; they were accepted a second apart."""
    gateway = Gateway()
    gateway.subscription = gateway.subscribe("async", "f")
    gateway.functions.answers["f"] = FunctionUnreachable("refused")
    for each in range(number):
        gateway.clock.advance(1)
        gateway.emit(data=each)
        die(gateway, gateway.queue.waiting.pop())
    gateway.clock.advance(60)
    del gateway.functions.answers["f"]
    return gateway


def die(gateway, delivery):
    gateway.deliverer.bury(delivery.failed(gateway.clock.now, "refused"), "why")


def run(gateway, deadline=PLENTY):
    """Do the slice that waits first, as it comes out of its message."""
    place = next(number for number, each in enumerate(gateway.queue.waiting) if isinstance(each, RedriveSlice))
    gateway.runner.run(parse(gateway.queue.waiting.pop(place).message()), deadline)


def run_all(gateway, redrive):
    slices = 0
    while any(isinstance(each, RedriveSlice) for each in gateway.queue.waiting):
        run(gateway)
        slices += 1
        assert slices < 100
    return gateway.office.progress("default", redrive.id)


def data(gateway):
    return [each["data"] for each in gateway.queue.events("f")]


def refuses(gateway, reason):
    [letter] = gateway.dead_letters.letters
    with pytest.raises(RedriveRefused, match=f"Dead letter cannot be redriven: {reason}."):
        gateway.office.redrive("default", letter.id)
    assert (gateway.dead_letters.letters, gateway.queue.waiting) == ([letter], [])


def stored(gateway):
    """Put the event of the only letter into the payload store."""
    [letter] = gateway.dead_letters.letters
    event = letter.delivery.event
    kept = letter.delivery.stored_at(gateway.payloads.put("default", event))
    gateway.dead_letters.letters = [replace(letter, delivery=kept)]
    return event
