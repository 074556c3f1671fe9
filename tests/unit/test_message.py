"""Bodies of the delivery queue: each kind is read by its own reader, and what is not ours never comes through as anything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.delivery import Delivery
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.fan_out import FanOut
from eventgateway.core.json import dumps, loads
from eventgateway.core.message import parse
from tests.unit.attempts import attempt
from tests.unit.strategies import JSON_VALUES

DELIVERY = Delivery("d", "default", "s", "f", 3, b'{"a":1}', "e", "u", 1.5)
STORED = DELIVERY.stored_at("default/key")
FAN_OUT = FanOut((DELIVERY, Delivery("d2", "default", "s2", "f2", 4, b'{"a":1}', "e", "u", 1.5)))
HEAD = loads(FAN_OUT.message())


@pytest.mark.parametrize("message", [DELIVERY, STORED, FAN_OUT, FanOut((STORED,))], ids=["delivery", "stored", "fan-out", "stored fan-out"])
def test_every_kind_is_read_back_as_what_it_was(message):
    assert parse(message.message()) == message


def test_a_message_without_a_kind_is_a_delivery():
    assert "kind" not in loads(DELIVERY.message())
    assert parse(DELIVERY.message().replace('{"version"', '{"kind":"delivery","version"', 1)) == DELIVERY


def test_a_stored_event_is_not_in_the_message():
    document = loads(STORED.message())
    assert document["payload"] == "default/key"
    assert "event" not in document


@given(st.dictionaries(st.sampled_from([*sorted(HEAD), "payload", "failures", "notBefore"]), JSON_VALUES))
def test_any_body_is_a_message_or_refused(change):
    outcome = attempt(parse, dumps(HEAD | change).decode())
    assert isinstance(outcome, InvalidRequest | Delivery | FanOut)


@pytest.mark.parametrize("body", ["[" * 2000, "1e999", '"\\ud800"', "{" * 10, '{"kind":"delivery"}', '{"kind":"fan-out"}', '{"kind":null}'])
def test_a_body_that_is_not_ours_is_refused(body):
    with pytest.raises(InvalidRequest):
        parse(body)
