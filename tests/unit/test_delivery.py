import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eventgateway.core.delivery import Attempt, Delivery, deliveries
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.event import Event
from eventgateway.core.json import dumps, loads
from eventgateway.core.message import parse
from eventgateway.core.routing import Subscriber
from eventgateway.core.space import Space
from eventgateway.core.subscription import Subscription
from tests.unit.attempts import attempt
from tests.unit.strategies import JSON_VALUES, TEXTS

XML = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")  # https://www.w3.org/TR/xml/#charsets
BASIC_PLANE = "".join(chr(point) for point in range(0x10000) if not 0xD800 <= point <= 0xDFFF)
EVENT = Event("u", "/s", "id-1", data={"a": 1})
SECONDS = st.floats(0, 1e12)
DELIVERIES = st.builds(
    Delivery,
    id=TEXTS,
    space=TEXTS,
    subscription_id=TEXTS,
    function_id=TEXTS,
    since=st.integers(0, 10**15),
    event=JSON_VALUES.map(dumps),
    event_id=st.text(max_size=10),
    event_type=TEXTS,
    accepted_at=SECONDS,
    failures=st.lists(st.builds(Attempt, SECONDS, st.text(max_size=20), st.integers(0, 999)), max_size=4).map(tuple),
    not_before=SECONDS,
)


def delivery(**more):
    ids = {"id": "d", "space": "default", "subscription_id": "s", "function_id": "f", "since": 3}
    return Delivery(**{**ids, "event": b"{}", "event_id": "e", "event_type": "u", "accepted_at": 1.5, **more})


def subscriber(function, space="default", event_type="u", since=0):
    return Subscriber(Space(space), Subscription(space, "async", event_type, function, since=since))


def test_a_message_is_versioned_json_that_holds_the_event_as_it_is():
    message = delivery(
        event=EVENT.json(), failures=(Attempt(8.5, "HTTP status code: 500", 500), Attempt(8.6, "timed out")), not_before=9.5
    ).message()
    assert loads(message) == {
        "version": 1,
        "id": "d",
        "space": "default",
        "subscriptionId": "s",
        "functionId": "f",
        "since": 3,
        "eventId": "e",
        "eventType": "u",
        "acceptedAt": 1.5,
        "attempt": 3,
        "failures": [{"at": 8.5, "error": "HTTP status code: 500", "status": 500}, {"at": 8.6, "error": "timed out"}],
        "notBefore": 9.5,
        "event": EVENT.document(),
    }


def test_every_code_point_of_the_basic_plane_survives_the_queue():
    sent = delivery(id=BASIC_PLANE, event=dumps({BASIC_PLANE: BASIC_PLANE}))
    assert XML.fullmatch(sent.message())
    assert parse(sent.message()) == sent


@pytest.mark.parametrize("point", [0x00, 0x0B, 0x1F, 0x7F, 0x85, 0x2028, 0xFFFD, 0xFFFE, 0xFFFF, 0x1F638, 0x1FFFE, 0x10FFFF], ids=hex)
def test_a_remarkable_character_survives_the_queue(point):
    sent = delivery(event=dumps(chr(point)))
    assert XML.fullmatch(sent.message())
    assert loads(parse(sent.message()).event) == chr(point)


def test_an_event_that_was_escaped_before_stays_escaped():
    sent = delivery(event=dumps("\\uffff \\ufffe"))
    assert loads(parse(sent.message()).event) == "\\uffff \\ufffe"


@given(DELIVERIES)
@example(delivery(id=BASIC_PLANE[-300:], event=dumps(BASIC_PLANE[:300])))
def test_every_delivery_survives_the_queue(sent):
    message = sent.message()
    assert XML.fullmatch(message)
    assert parse(message) == sent


@pytest.mark.parametrize(
    "message",
    [
        pytest.param("", id="empty"),
        pytest.param("hello", id="text"),
        pytest.param("null", id="null"),
        pytest.param("[]", id="array"),
        pytest.param("{}", id="empty object"),
        pytest.param('{"version":1}', id="only a version"),
        pytest.param(delivery().message().replace('"version":1', '"version":2'), id="another version"),
        pytest.param(delivery().message().replace('"attempt":1', '"failures":[1]'), id="failure is no object"),
        pytest.param(delivery().message().replace('"attempt":1', '"failures":1'), id="failures are no list"),
        pytest.param(delivery().message().replace('"attempt":1', '"kind":"x"'), id="another kind"),
        pytest.param(delivery().message().replace('"attempt":1', '"kind":[]'), id="kind is no text"),
        pytest.param(delivery().message().replace('"since":3', '"since":"x"'), id="since is no number"),
        pytest.param(delivery().message().replace('"acceptedAt":1.5', '"acceptedAt":null'), id="time is no number"),
        pytest.param(delivery().message().replace(',"event":{}', ""), id="no event"),
    ],
)
def test_a_message_that_is_not_ours_is_refused(message):
    with pytest.raises(InvalidRequest, match="not a message of the delivery queue"):
        parse(message)


HEAD = loads(delivery().message())


@given(st.text(max_size=40) | st.dictionaries(st.sampled_from(sorted(HEAD)), JSON_VALUES).map(lambda change: dumps(HEAD | change).decode()))
def test_any_message_is_a_delivery_or_refused(message):
    outcome = attempt(parse, message)
    assert isinstance(outcome, InvalidRequest) or attempt(parse, outcome.message()) == outcome


def test_the_next_attempt_is_the_same_delivery():
    first = delivery()
    second = first.failed(99.0, "refused").at(100.0)
    assert (second.attempt, second.not_before, second.failures) == (2, 100.0, (Attempt(99.0, "refused"),))
    assert (second.id, second.event, second.accepted_at) == (first.id, first.event, first.accepted_at)


def test_there_is_one_delivery_for_each_subscriber():
    made = deliveries([subscriber("f", since=5), subscriber("g", "other", since=9)], EVENT, "receipt", 7.0)
    assert [(each.function_id, each.space, each.since) for each in made] == [("f", "default", 5), ("g", "other", 9)]
    assert {(each.event, each.event_id, each.accepted_at, each.attempt) for each in made} == {(EVENT.json(), "id-1", 7.0, 1)}
    assert made[0].subscription_id == Subscription("default", "async", "u", "f").id


def test_without_subscribers_there_is_nothing_to_deliver():
    assert deliveries([], EVENT, "receipt", 7.0) == []


@pytest.mark.parametrize(("type_", "is_system"), [("u", False), ("eventgateway.event.received", True)])
def test_deliveries_of_system_events_are_marked(type_, is_system):
    made = deliveries([subscriber("f", event_type=type_)], Event(type_, "/s", "1"), "receipt", 7.0)
    assert made[0].is_system is is_system


SUBSCRIBERS = st.lists(st.tuples(TEXTS, st.sampled_from(["abc", "abcd", "default"])), max_size=6, unique=True)


@given(SUBSCRIBERS, TEXTS, TEXTS)
def test_ids_follow_from_receipt_and_subscriber_and_are_distinct(subscribers, receipt, other):
    def ids(of):
        return [each.id for each in deliveries([subscriber(*each) for each in subscribers], EVENT, of, 1.0)]

    assert ids(receipt) == ids(receipt)
    assert len(set(ids(receipt))) == len(subscribers)
    assert other == receipt or not set(ids(receipt)) & set(ids(other))
