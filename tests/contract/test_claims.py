"""What every store of claims promises: the real one on an emulated DynamoDB, and the tests' own."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from itertools import count
from types import SimpleNamespace
from uuid import uuid4

import boto3
import botocore.endpoint
import pytest

from eventgateway.core.claim import Claim
from eventgateway.core.errors import Unavailable
from eventgateway.storage import dynamodb
from eventgateway.storage.claims import DynamoClaims
from local.resources import create_table
from tests.contract.backends import aws_error
from tests.contract.conftest import set_aws_environment
from tests.loopback import Loopback, Then, answer
from tests.memory import NOON
from tests.records import MemoryClaims

FINGERPRINTS = (f"{number:064x}" for number in count())
WINDOW = 60


def new_table() -> str:
    name = f"records-{uuid4()}"
    create_table(boto3.client("dynamodb"), name)
    return name


@pytest.fixture(scope="class", params=["dynamodb", "memory"])
def store(request, emulator):
    """Tests of one class share it, each with an event of its own."""
    return MemoryClaims() if request.param == "memory" else DynamoClaims(new_table())


@pytest.fixture
def mine():
    return Claim.new("default", next(FINGERPRINTS), WINDOW, "me", NOON + 0.25)


def of_rival(claim: Claim) -> Claim:
    return replace(claim, owner="rival", receipt="rival", leased_until=NOON + 100.5, expires=claim.expires + 70)


def found(store, claim: Claim) -> Claim | None:
    return store.find(claim.space, claim.fingerprint)


class TestContract:
    def test_what_nobody_has_claimed_is_not_there(self, store, mine):
        assert found(store, mine) is None

    def test_the_first_claim_is_kept(self, store, mine):
        assert store.create(mine)
        assert found(store, mine) == mine

    def test_the_second_claim_is_refused(self, store, mine):
        store.create(mine)
        assert not store.create(of_rival(mine))
        assert found(store, mine) == mine

    @pytest.mark.parametrize("other", [{"space": "other"}, {"fingerprint": "f" * 64}])
    def test_other_spaces_and_events_do_not_matter(self, store, mine, other):
        store.create(mine)
        assert store.create(replace(of_rival(mine), **other))
        assert found(store, mine) == mine

    def test_an_accepted_claim_is_kept(self, store, mine):
        store.create(mine)
        accepted = mine.accepted(NOON + 2)
        assert store.replace(mine, accepted)
        assert found(store, mine) == accepted
        assert not store.create(of_rival(mine))

    def test_a_claim_that_was_given_back_is_kept(self, store, mine):
        store.create(mine)
        assert store.replace(mine, mine.given_back(NOON + 2))
        assert found(store, mine) == mine.given_back(NOON + 2)

    def test_a_claim_is_taken_over(self, store, mine):
        store.create(mine)
        taken = replace(of_rival(mine), receipt=mine.receipt)
        assert store.replace(mine, taken)
        assert found(store, mine) == taken

    def test_of_two_that_take_over_one_wins(self, store, mine):
        store.create(mine)
        assert store.replace(mine, of_rival(mine))
        assert not store.replace(mine, replace(of_rival(mine), owner="late"))
        assert found(store, mine) == of_rival(mine)

    def test_an_owner_that_was_overtaken_changes_nothing(self, store, mine):
        store.create(mine)
        store.replace(mine, of_rival(mine))
        assert not store.replace(mine, mine.accepted(NOON + 2))
        assert not store.replace(mine, mine.given_back(NOON + 2))
        assert found(store, mine) == of_rival(mine)

    def test_what_was_accepted_meanwhile_is_not_taken_over(self, store, mine):
        store.create(mine)
        store.replace(mine, mine.accepted(NOON + 31))
        assert not store.replace(mine, of_rival(mine))
        assert found(store, mine) == mine.accepted(NOON + 31)

    def test_what_was_deleted_meanwhile_is_not_replaced(self, store, mine):
        assert not store.replace(mine, mine.accepted(NOON + 2))
        assert found(store, mine) is None

    def test_a_write_that_is_made_twice_is_one_write(self, store, mine):
        """The SDK repeats a request whose answer was lost."""
        accepted = mine.accepted(NOON + 2)
        assert [store.create(mine), store.create(mine)] == [True, True]
        assert [store.replace(mine, accepted), store.replace(mine, accepted)] == [True, True]
        assert found(store, mine) == accepted


class TestRivals:
    """Conditional writes of many requests at once: on DynamoDB only, since a fake is not thread-safe."""

    @pytest.fixture(scope="class")
    @classmethod
    def claims(cls, emulator):
        return DynamoClaims(new_table())

    def test_one_of_many_creates(self, claims, mine):
        assert won(claims.create, [replace(of_rival(mine), owner=f"rival {number}") for number in range(16)]) == 1

    def test_one_of_many_takes_over(self, claims, mine):
        claims.create(mine)
        rivals = [replace(of_rival(mine), owner=f"rival {number}") for number in range(16)]
        assert won(lambda rival: claims.replace(mine, rival), rivals) == 1


def won(write, rivals):
    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(write, rivals))


class TestRow:
    def test_row(self, emulator, mine):
        table = new_table()
        DynamoClaims(table).create(mine)
        [row] = boto3.resource("dynamodb").Table(table).scan()["Items"]
        assert row == {
            "pk": f"dedup#default#{mine.fingerprint}", "sk": "claim", "state": "pending", "owner": "me", "receipt": "me",
            "window": WINDOW, "made_at": Decimal("1800000000.25"), "leased_until": NOON + 30.25, "ttl": NOON + 91,
        }  # fmt: skip

    def test_table_is_gone(self, emulator, mine):
        with pytest.raises(Unavailable, match="The store of claims is not available"):
            DynamoClaims("gone").create(mine)


@pytest.fixture(scope="class")
def server():
    with Loopback() as server:
        yield server


@pytest.fixture(scope="class")
def away_store(server):
    """A store whose DynamoDB is the served backend."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        set_aws_environment(monkeypatch)
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url())
        monkeypatch.setattr(dynamodb, "READ_SECONDS", 0.1)
        store = DynamoClaims("records")
        server.script = lambda _: [answer(b"{}")]
        store.find("default", "f")  # connects
        return store


@pytest.fixture
def away(away_store, server, aws_environment, monkeypatch):
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    server.requests.clear()
    return away_store


METHODS = {
    "create": lambda store, claim: store.create(claim),
    "find": lambda store, claim: store.find(claim.space, claim.fingerprint),
    "replace": lambda store, claim: store.replace(claim, claim.accepted(NOON)),
}
AWAY = {
    "throttled": [aws_error(400, "ProvisionedThroughputExceededException", "secret text")],
    "access denied": [aws_error(400, "AccessDeniedException", "secret text")],
    "broken": [aws_error(500, "InternalServerError", "secret text")],
    "hang up": [Then.CLOSE],
    "silence": [2.0],
}


class TestAway:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("how", AWAY)
    def test_every_failure_is_unavailable(self, away, server, mine, how, method):
        server.script = lambda _: AWAY[how]
        with pytest.raises(Unavailable) as caught:
            METHODS[method](away, mine)
        assert caught.value.message == "The store of claims is not available. Please try again."
        assert 1 <= len(server.requests) <= 3

    @pytest.mark.parametrize("method", ["create", "replace"])
    def test_a_condition_that_does_not_hold_is_no_failure(self, away, server, mine, method):
        server.script = lambda _: [aws_error(400, "ConditionalCheckFailedException")]
        assert METHODS[method](away, mine) is False
        assert len(server.requests) == 1

    @pytest.mark.parametrize("method", ["create", "replace"])
    def test_a_write_is_one_call(self, away, server, mine, method):
        server.script = lambda _: [answer(b"{}")]
        assert METHODS[method](away, mine) is True
        assert [request.headers["x-amz-target"] for request in server.requests] == ["DynamoDB_20120810.PutItem"]
