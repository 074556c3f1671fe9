"""Deliveries for the tests of the queue and of dead letters."""

import re
from dataclasses import replace
from itertools import count
from json import dumps

from hypothesis import strategies as st

from eventgateway.core.delivery import Attempt, Delivery

BASIC_PLANE = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x10000)]))
XML_TEXT = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")  # https://www.w3.org/TR/xml/#charsets
NOON = 1_800_000_000.0
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
IDS = count()


def delivery(data=None, **fields):
    event = dumps({"eventType": "u", "data": data}, ensure_ascii=False, separators=(",", ":")).encode()
    usual = {
        "id": f"delivery-{next(IDS)}", "space": "default", "subscription_id": "s", "function_id": "f", "since": 3, "event": event,
        "event_id": "e", "event_type": "u", "accepted_at": NOON,
    }  # fmt: skip
    return Delivery(**(usual | fields))


def tried(times, **fields):
    """A delivery that has failed some times."""
    return delivery(**fields, failures=tuple(Attempt(NOON + number, "HTTP status code: 500", 500) for number in range(times)))


def of_size(size):
    """A delivery whose message has so many bytes."""
    small = delivery("")
    return replace(small, event=small.event.replace(b'""', b'"' + b"x" * (size - len(small.message())) + b'"'))
