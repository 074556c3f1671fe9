from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core import instant
from eventgateway.core.dead_letter import HOUR, KEY_LIMIT, DeadLetter, LetterFilter, hour, letter_id, position, read_id
from eventgateway.core.delivery import Attempt, Delivery
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.message import parse
from eventgateway.core.redrive import ID, Redrive, RedriveSlice

NOON = 1_800_000_000.0
TIMES = st.floats(0, 5_000_000_000)


def letter(delivery_id="d-1", accepted_at=NOON, failures=(), died_at=NOON + 9):
    delivery = Delivery(delivery_id, "default", "s", "f", 3, b'{"a":1}', "e", "u", accepted_at, "", failures)
    return DeadLetter(delivery, "why", died_at)


@given(st.datetimes(datetime(1970, 1, 2), datetime(2286, 1, 1), timezones=st.timezones()))  # noqa: DTZ001 - hypothesis wants them so
def test_instants_are_what_their_texts_say(time):
    text = time.astimezone(timezone(timedelta(minutes=330))).isoformat()
    shown = instant.show(instant.parse(text))
    assert datetime.fromisoformat(shown) == time.astimezone(UTC)  # an hour that comes twice equals nothing in other zones
    assert shown.endswith("Z")


@given(TIMES)
def test_an_instant_comes_back_from_its_text(seconds):
    micros = instant.microseconds(seconds)
    assert instant.parse(instant.show(micros)) == micros


def test_instants_that_cannot_be_are_moved_to_the_nearest_that_can():
    assert instant.parse("0001-01-01T00:00:00+23:59") == 0
    assert instant.parse("9999-12-31T23:59:59-23:59") == instant.LAST


@given(st.text(min_size=1, max_size=80), TIMES)
def test_an_id_leads_back_to_its_key_and_is_safe_in_urls(delivery_id, accepted_at):
    key = letter(delivery_id, accepted_at).key
    identifier = letter_id(key)
    assert read_id(identifier) == key
    assert identifier.replace("-", "").replace("_", "").isalnum()
    assert identifier.isascii()


@given(st.text() | st.binary().map(lambda raw: urlsafe_b64encode(raw).decode().rstrip("=")) | st.just("redrive"))
def test_what_is_no_id_of_ours_is_none(text):
    key = read_id(text)
    assert key is None or letter_id(key) == text


@pytest.mark.parametrize("change", [lambda text: f"{text}=", lambda text: f"{text}!", lambda text: f" {text}", lambda text: text[:-1]])
def test_an_id_counts_in_its_own_form_only(change):
    assert read_id(change(letter_id(f"{position(5)}#ab"))) != f"{position(5)}#ab"


def test_a_key_that_the_storage_cannot_have_is_none():
    fits = f"{position(5)}#{'x' * (KEY_LIMIT - 17)}"
    assert read_id(letter_id(fits)) == fits
    assert read_id(letter_id(f"{fits}x")) is None
    assert read_id(letter_id("5#x")) is read_id(letter_id(position(5))) is None


@given(TIMES, TIMES)
def test_keys_are_in_the_order_of_time_and_belong_to_an_hour(one, other):
    first, second = sorted([instant.microseconds(one), instant.microseconds(other)])
    assert letter(accepted_at=one).key >= position(first)
    assert hour(letter(accepted_at=one).key) == instant.microseconds(one) // HOUR
    if first < second:
        assert max(letter("z", first / 1e6).key, letter("a", first / 1e6).key) < position(second)


def test_what_is_kept_comes_back():
    full = letter(failures=(Attempt(NOON, "refused"), Attempt(NOON + 1.5, "HTTP status code: 500", 500)))
    assert DeadLetter.restore(full.stored()) == full


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"delivery":1}', '{"delivery":{"version":1}}', '{"delivery":{"version":9}}'])
def test_what_was_not_kept_by_us_is_refused(text):
    with pytest.raises((TypeError, KeyError, ValueError)):
        DeadLetter.restore(text)


def test_a_summary_has_no_event_and_the_last_attempt_only():
    full = letter(failures=(Attempt(NOON, "HTTP status code: 500", 500), Attempt(NOON + 1.5, "refused")))
    summary = full.summary()
    assert summary == {
        "id": letter_id(full.key),
        "space": "default",
        "deliveryId": "d-1",
        "subscriptionId": "s",
        "functionId": "f",
        "eventType": "u",
        "eventId": "e",
        "acceptedAt": "2027-01-15T08:00:00Z",
        "diedAt": "2027-01-15T08:00:09Z",
        "reason": "why",
        "attemptCount": 2,
        "lastError": "refused",
    }
    assert full.document() == summary | {
        "attempts": [
            {"at": "2027-01-15T08:00:00Z", "error": "HTTP status code: 500", "status": 500},
            {"at": "2027-01-15T08:00:01.500000Z", "error": "refused"},
        ]
    }
    assert "lastError" not in letter().summary()
    assert letter(failures=(Attempt(NOON, "x", 503),)).summary()["lastStatus"] == 503


FILTERS = st.builds(LetterFilter, st.sampled_from(["", "s", "t"]), st.sampled_from(["", "u"]), *[st.integers(0, instant.LAST)] * 2)


@given(FILTERS)
def test_a_filter_comes_back_from_its_document(wanted):
    assert LetterFilter.restore(wanted.document()) == wanted


@pytest.mark.parametrize("text", ["now", "2026-11-23", "2026-13-01T00:00:00Z", "2026-11-23T12:00:00", "2026-11-23T12:00:00+99:99", "1"])
@pytest.mark.parametrize("name", ["acceptedAfter", "acceptedBefore"])
def test_a_time_must_be_one(name, text):
    with pytest.raises(InvalidRequest, match=f"The parameter '{name}' must be a time"):
        LetterFilter.restore({name: text})


@given(
    FILTERS, TIMES, st.lists(st.tuples(st.integers(0, 9), st.dictionaries(st.sampled_from("ab"), st.integers(1, 5)), st.text()), max_size=4)
)
def test_a_redrive_comes_back_from_its_document_and_adds_up(wanted, now, slices):
    redrive = Redrive.start("default", "0-a", wanted, now)
    assert ID.fullmatch(redrive.id)
    for redriven, skipped, before in slices:
        redrive = redrive.after(redriven, skipped, before, now + 1)
    assert Redrive.restore("default", redrive.id, redrive.stored()) == redrive
    shown = redrive.shown()
    assert shown["redriven"] == sum(each[0] for each in slices)
    assert shown["skipped"] == sum(sum(each[1].values()) for each in slices) == sum(shown["skippedBecause"].values())
    assert shown["matched"] == shown["redriven"] + shown["skipped"]
    assert (shown["state"] == "done") == ("finishedAt" in shown) == (redrive.before == "")


def test_a_slice_comes_out_of_its_message():
    sent = RedriveSlice("default", "0001800000000000-a", 7)
    assert parse(sent.message()) == sent
    for broken in ('{"kind":"redrive"}', sent.message().replace('"version":1', '"version":2'), sent.message().replace("7", '"x"')):
        with pytest.raises(InvalidRequest):
            parse(broken)


def test_only_what_was_dead_when_it_began_is_wanted():
    redrive = Redrive.start("default", "a", LetterFilter(), NOON)
    assert [redrive.wants(letter(died_at=at)) for at in (NOON - 1, NOON, NOON + 0.001)] == [True, True, False]
    assert datetime.fromtimestamp(NOON, UTC).isoformat() in redrive.shown()["startedAt"].replace("Z", "+00:00")
