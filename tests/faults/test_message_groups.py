"""Every message carries its space as message group, whatever way it takes: so SQS treats spaces fairly."""

from collections import Counter

import pytest

from eventgateway.core.delivery import Delivery
from eventgateway.core.fan_out import FanOut
from eventgateway.core.message import parse
from tests.loopback import answer

LARGE = "ä" * 600_000


def groups(gateway):
    """Number of messages by kind, space of the message, and group."""
    messages = ((parse(each.body), each.group_id) for each in gateway.waiting)
    return Counter((type(message), message.space, group) for message, group in messages)


@pytest.mark.parametrize("data", [None, LARGE], ids=["small", "large"])
def test_single_deliveries(gateway, data):
    gateway.subscribe("a", "b", space="one")
    gateway.subscribe("c", space="two")
    gateway.emit(data)
    assert groups(gateway) == {(Delivery, "one", "one"): 2, (Delivery, "two", "two"): 1}


def test_fan_outs_their_parts_and_their_copies(gateway):
    gateway.subscribe(*(f"f{number}" for number in range(51)), space="one")
    gateway.subscribe("c", space="two")
    gateway.functions.script = lambda _: [answer(b"", status="500 No")]
    gateway.emit(LARGE)
    assert groups(gateway) == {(FanOut, "one", "one"): 1, (Delivery, "two", "two"): 1}
    gateway.pump_once()
    assert groups(gateway) == {(Delivery, "one", "one"): 51, (Delivery, "two", "two"): 1}
    while any(parse(each.body).attempt == 1 for each in gateway.waiting):
        gateway.pump_once()
    assert groups(gateway) == {(Delivery, "one", "one"): 51, (Delivery, "two", "two"): 1}


@pytest.mark.parametrize("status", ["200 OK", "500 No"])
def test_system_events(gateway, status):
    gateway.subscribe("a", space="one")
    for type_ in ("event.received", "function.invoking", "function.invoked", "function.invocationFailed"):
        gateway.subscribe(type_.replace(".", "-"), type_=f"eventgateway.{type_}", space="two")
    gateway.functions.script = lambda request: [answer(status=status if request.target == "/a" else "500 No")]
    gateway.emit()
    assert groups(gateway) == {(Delivery, "one", "one"): 1, (Delivery, "two", "two"): 1}
    gateway.pump_all()
    failed = status.startswith("5")
    assert groups(gateway) == {(Delivery, "two", "two"): 3} | ({(Delivery, "one", "one"): 1} if failed else {})
