"""Quotas: what a document of the Config API says, and what is in force."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.errors import InvalidRequest, LimitExceeded
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.quota import MOST, MOST_PER_SECOND, NAMES, Quota
from eventgateway.web.config_api import ConfigApi
from tests.unit.test_handlers import config_request

NUMBERS = st.integers(0, MOST_PER_SECOND)
DEFAULTS = Quota("", 100, 200, 5000, 70_000, 3)
IN_FORCE = {"requestsPerSecond": 100, "burst": 200, "eventsPerDay": 5000, "bytesPerDay": 70_000, "resources": 3}


@pytest.fixture
def ask(gateway):
    def ask(method, body=None, path="quota", defaults=DEFAULTS):
        gateway.manager = type(gateway.manager)(gateway.manager.spaces, limits=defaults)
        answer = ConfigApi(gateway.manager).handle(config_request(method, f"/v1/spaces/default/{path}", body))
        return answer["statusCode"], json.loads(answer["body"] or "null"), answer.get("headers", {})

    return ask


def test_without_a_quota_the_defaults_are_in_force(ask):
    assert ask("GET")[:2] == (200, {"space": "default"} | IN_FORCE)


def test_a_quota_is_put_read_and_deleted(ask, gateway):
    own = {"requestsPerSecond": 5, "eventsPerDay": 60, "burst": None}
    assert ask("PUT", own)[:2] == (200, {"space": "default"} | IN_FORCE | {"requestsPerSecond": 5, "eventsPerDay": 60})
    assert ask("GET")[1]["eventsPerDay"] == 60
    assert gateway.spaces.current("default").single(Quota) == Quota("default", 5, 0, 60)
    assert ask("DELETE")[0] == 204
    assert ask("GET")[1] == {"space": "default"} | IN_FORCE


def test_what_is_put_replaces_what_was_there(ask):
    ask("PUT", {"requestsPerSecond": 5})
    assert ask("PUT", {"burst": 7})[1] == {"space": "default"} | IN_FORCE | {"burst": 7}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"requestsPerSecond": -1}, f"requestsPerSecond must be at least 0 and at most {MOST_PER_SECOND}"),
        ({"requestsPerSecond": MOST_PER_SECOND + 1}, f"at most {MOST_PER_SECOND}"),
        ({"bytesPerDay": MOST + 1}, f"bytesPerDay must be at least 0 and at most {MOST}"),
        ({"burst": 1.5}, "'burst' must be a whole number"),
        ({"burst": True}, "'burst' must be a whole number"),
        ({"requestPerSecond": 1}, "there is no limit 'requestPerSecond'; those there are: requestsPerSecond, burst"),
    ],
)
def test_what_makes_no_sense_is_refused(document, message):
    with pytest.raises(InvalidRequest, match=r"Quota doesn't validate\. Validation error: ") as refused:
        Quota.parse("default", document)
    assert message in refused.value.message


@given(st.builds(Quota, st.just("default"), NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS))
def test_it_survives_its_document(quota):
    assert Quota.restore("default", quota.stored()) == quota
    assert Quota.parse("default", quota.shown()) == quota


@given(st.builds(Quota, st.just("s"), *[NUMBERS] * 5), st.builds(Quota, st.just(""), *[NUMBERS] * 5))
def test_its_own_limits_count_and_others_are_the_defaults(own, defaults):
    in_force = own.over(defaults)
    assert in_force.space == "s"
    for name in set(NAMES) - {"burst"}:
        assert getattr(in_force, name) == (getattr(own, name) or getattr(defaults, name))
    assert in_force.burst == (own.burst or defaults.burst or in_force.requests_per_second)


def test_a_space_that_is_full_names_kind_and_limit_and_what_to_do(ask, gateway):
    for number in range(3):
        assert ask("POST", {"name": f"t{number}"}, "eventtypes")[0] == 201
    status, answer, headers = ask("POST", {"name": "one.too.many"}, "eventtypes")
    assert (status, headers["retry-after"]) == (429, "3600")
    assert answer["errors"][0]["message"] == (
        "Event Type cannot be created because this space may have 3 of them. "
        "Delete one that is not in use, or ask the operator of the gateway for a higher limit."
    )
    assert ask("POST", {"functionId": "f", "type": "http", "provider": {"url": "http://host"}}, "functions")[0] == 201


def test_there_is_room_again_after_a_deletion_and_with_a_higher_quota(ask):
    for number in range(3):
        ask("POST", {"name": f"t{number}"}, "eventtypes")
    assert ask("PUT", {"name": "t0"}, "eventtypes/t0")[0] == 200
    assert ask("DELETE", path="eventtypes/t0")[0] == 204
    assert ask("POST", {"name": "another"}, "eventtypes")[0] == 201
    ask("PUT", {"resources": 4})
    assert ask("POST", {"name": "fourth"}, "eventtypes")[0] == 201


@pytest.mark.parametrize("kind", [EventType.kind, Function.kind])
def test_no_limit_is_no_limit(kind):
    Quota("default").check_room(kind, 10**6)
    with pytest.raises(LimitExceeded):
        Quota("default", resources=1).check_room(kind, 1)


def test_a_space_that_cannot_be_has_no_limits(gateway):
    answer = ConfigApi(gateway.manager).handle(config_request("GET", "/v1/spaces/a/quota"))
    assert answer["statusCode"] == 400
    assert "Key: 'Quota.Space'" in answer["body"]
