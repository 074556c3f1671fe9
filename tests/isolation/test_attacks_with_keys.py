"""What somebody might try with keys: elsewhere than where they belong, spelt otherwise, guessed."""

from hmac import compare_digest

import pytest

from eventgateway.operations import admission, key_ring
from tests.isolation.parties import REFUSED
from tests.isolation.world import DOMAIN, OPERATOR_KEY

pytestmark = pytest.mark.xdist_group("isolation")


@pytest.mark.parametrize("query", ["access_key={key}", "authorization=Bearer%20{key}", "key={key}", "accessKey={key}", "api_key={key}"])
def test_a_key_in_the_query_opens_nothing(world, victim, query):
    answer = world.configure("GET", f"/v1/spaces/{victim.space}/functions", query=query.format(key=victim.key))
    assert (answer.status, answer.document) == (401, REFUSED)


@pytest.mark.parametrize(
    "change", [str.upper, str.lower, lambda key: key[:-1], lambda key: key + "A", lambda key: key[4:], lambda key: f"{key} {key}"]
)
def test_a_key_counts_as_it_was_made_and_no_other_way(world, victim, change):
    answer = world.configure("GET", f"/v1/spaces/{victim.space}/functions", key=change(victim.key))
    assert answer.status in {401, 403}
    assert answer.document == REFUSED


@pytest.mark.parametrize(
    "headers", [{"authorization": "Basic {key}"}, {"x-api-key": "{key}"}, {"cookie": "key={key}"}, {"authorization": "{key}"}]
)
def test_a_key_elsewhere_than_in_its_header_is_none(world, victim, headers):
    given = {name: value.format(key=victim.key) for name, value in headers.items()}
    assert world.configure("GET", f"/v1/spaces/{victim.space}/functions", **given).status == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "beaReR"])
def test_the_scheme_may_be_in_any_case(world, victim, scheme):
    given = {"authorization": f"{scheme} {victim.key}"}
    assert world.configure("GET", f"/v1/spaces/{victim.space}/functions", **given).status == 200


def test_keys_are_compared_as_digests_of_one_length_in_constant_time(world, victim, monkeypatch):
    """What is compared tells nothing of how much of a guess was right: it is looked up and compared as a digest."""
    compared = []

    def compare(one, other):
        compared.append((len(one), len(other)))
        return compare_digest(one, other)

    for module in (admission, key_ring):
        monkeypatch.setattr(module, "compare_digest", compare)
    guesses = ("e", "the-operatoR", "x" * 1000, OPERATOR_KEY)
    assert [world.configure("GET", "/v1/tenants", key=each).status for each in guesses] == [403, 403, 403, 200]
    assert set(compared) == {(32, 32)}
    assert len(compared) == len(guesses)


def test_a_key_of_one_space_does_not_emit_to_another(world):
    keys = {}
    for tenant in (world.join(0), world.join(1)):
        made = world.configure("POST", f"/v1/spaces/{tenant.space}/access/keys", {}, tenant.key)
        keys[tenant.space] = made.document["key"]
    for space in keys:
        for owner, key in keys.items():
            answer = world.emit("POST", "/a", f"{space}.{DOMAIN}", "{}", x_api_key=key)
            assert answer.status == (202 if owner == space else 403)
        assert world.emit("POST", "/a", f"{space}.{DOMAIN}", "{}").status == 401
