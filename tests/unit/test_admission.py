"""Who may use the Config API, and what becomes of that while nobody knows the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core import limits
from eventgateway.core.bearer import bearer, is_key
from eventgateway.core.errors import AccessRefused, KeyMissing, Unavailable
from eventgateway.operations.admission import KEPT_SECONDS, RETRY_SECONDS, STALE_SECONDS, Admission, GivenKey
from eventgateway.web.config_api import ConfigApi
from tests.memory import FakeClock, MemoryKeySource
from tests.unit.attempts import attempt

KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=limits.KEY)
REFUSAL = '{"errors":[{"message":"You\'re not authorized to access this resource."}]}'
EVENT_TYPES = "/v1/spaces/default/eventtypes"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def source():
    return MemoryKeySource()


@pytest.fixture
def admission(source, clock):
    return Admission(source, clock)


@given(KEYS, st.sampled_from(["Bearer", "bearer", "BEARER", "bEaReR"]), st.integers(1, 3))
def test_a_key_is_read_from_its_header(key, scheme, blanks):
    assert bearer(f"{scheme}{' ' * blanks}{key}") == key
    assert is_key(key)


@pytest.mark.parametrize(
    "header",
    [
        "", "Bearer", "Bearer ", "bearer", "the-key", "Bearerthe-key", "Basic dTpw", "Bearer the key", "Bearer a,Bearer b", " Bearer a",
        "Bearer a ", "Bearer a\n", "Bearer\ta", "Bearer \x00", "Bearer schlüssel", "Bearer \ud800", f"Bearer {'k' * (limits.KEY + 1)}",
    ],
)  # fmt: skip
def test_anything_else_is_no_key(header):
    with pytest.raises(KeyMissing):
        bearer(header)


def test_the_key_lets_in(admission):
    admission.admit("the-key")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20).filter(lambda text: text != "the-key"))
def test_another_key_does_not(key):
    assert isinstance(attempt(Admission(GivenKey("the-key"), FakeClock()).admit, key, error=AccessRefused), AccessRefused)


def test_the_key_is_read_once_and_again_after_a_minute(admission, source, clock):
    for _ in range(3):
        admission.admit("the-key")
    clock.advance(KEPT_SECONDS - 1)
    admission.admit("the-key")
    assert source.reads == 1
    clock.advance(1)
    admission.admit("the-key")
    assert source.reads == 2


def test_a_rotation_counts_within_a_minute(admission, source, clock):
    admission.admit("the-key")
    source.key = "the-new-key"
    clock.advance(60)
    admission.admit("the-new-key")
    with pytest.raises(AccessRefused):
        admission.admit("the-key")


def test_without_its_source_the_last_key_counts_for_fifteen_minutes_and_then_none_does(admission, source, clock):
    admission.admit("the-key")
    source.away = True
    clock.advance(STALE_SECONDS - 1)
    admission.admit("the-key")
    with pytest.raises(AccessRefused):
        admission.admit("another")
    clock.advance(1)
    for key in ("the-key", "another", ""):
        with pytest.raises(Unavailable):
            admission.admit(key)


def test_an_instance_that_never_saw_the_key_lets_nobody_in(admission, source):
    source.away = True
    for key in ("the-key", ""):
        with pytest.raises(Unavailable):
            admission.admit(key)


def test_a_source_that_is_away_is_asked_once_a_second(admission, source, clock):
    source.away = True
    for _ in range(3):
        attempt(admission.admit, "the-key", error=Unavailable)
    assert source.reads == 1
    source.away = False
    clock.advance(RETRY_SECONDS)
    admission.admit("the-key")


def test_a_clock_that_was_set_back_does_not_keep_a_key(admission, source, clock):
    admission.admit("the-key")
    source.key = "the-new-key"
    clock.advance(-3600)
    admission.admit("the-new-key")


def test_neither_key_nor_digest_is_shown():
    assert "the-key" not in repr(GivenKey("the-key"))


@pytest.fixture
def ask(gateway, admission):
    """Status, headers and body that the Config API, with a key, answers."""
    api = ConfigApi(gateway.manager, doors=admission)

    def answer(method="GET", path=EVENT_TYPES, headers=None, **event):
        answered = api.handle({"requestContext": {"http": {"method": method}}, "rawPath": path, "headers": headers, **event})
        return answered["statusCode"], answered["headers"], answered["body"]

    return answer


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_the_config_api_answers_who_has_the_key(ask, scheme):
    assert ask(headers={"authorization": f"{scheme} the-key"})[0] == 200


@pytest.mark.parametrize("headers", [None, {}, {"authorization": ""}, {"authorization": "the-key"}, {"authorization": "Basic dTpw"}])
def test_without_a_key_it_is_a_401(ask, source, headers):
    assert ask(headers=headers) == (401, {"content-type": "application/json", "www-authenticate": "Bearer"}, REFUSAL)
    assert source.reads == 0


def test_with_a_wrong_key_it_is_a_403(ask):
    assert ask(headers={"authorization": "Bearer another"}) == (403, {"content-type": "application/json"}, REFUSAL)


@pytest.mark.parametrize("path", ["/v1/metrics", "/v1/openapi.json", "/v1/spaces/default/deadletters", "/", "/nowhere", "/v1/status/"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_all_other_routes_want_the_key(ask, method, path):
    assert ask(method, path)[0] == 401


def test_the_health_check_is_open(ask):
    assert ask(path="/v1/status")[0] == 200


@pytest.mark.parametrize(("path", "status"), [(EVENT_TYPES, 405), (f"{EVENT_TYPES}/x", 405), ("/v1/metrics", 405), ("/nowhere", 404)])
def test_options_say_what_they_say_without_keys_and_read_nothing(ask, gateway, path, status):
    answered, headers, _ = ask("OPTIONS", path)
    assert answered == status
    assert not [name for name in headers if name.startswith("access-control-")]
    assert gateway.store.journal == []


def test_nothing_else_is_read_before_the_key(ask, gateway):
    assert ask("POST", headers={}, body="no base64!", isBase64Encoded=True)[0] == 401
    assert ask("POST", headers={"authorization": "Bearer another"}, body="\ud800")[0] == 403
    assert gateway.store.journal == []


def test_while_nobody_knows_the_key_it_is_a_503(ask, source):
    source.away = True
    status, headers, body = ask(headers={"authorization": "Bearer the-key"})
    assert (status, headers["retry-after"]) == (503, "1")
    assert "Keys cannot be checked at the moment" in body


def test_no_log_holds_a_key(ask, source, logged):
    ask(headers={"authorization": "Bearer a-wrong-key"})
    source.away = True
    ask(headers={"authorization": "Bearer the-key"})
    assert not [each for each in logged.records if "-key" in str(each.__dict__)]
