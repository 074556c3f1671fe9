"""The configuration in DynamoDB: what happens when it is away."""

from time import monotonic
from types import SimpleNamespace

import botocore.endpoint
import pytest

from eventgateway.core.errors import Unavailable, WriteConflict
from eventgateway.core.event_type import EventType
from eventgateway.core.ports import Change
from eventgateway.storage import dynamodb
from eventgateway.storage.dynamodb import DynamoConfigStore
from tests.contract.backends import aws_error
from tests.contract.config import (
    event_type,
    outcome,
)
from tests.contract.conftest import set_aws_environment
from tests.loopback import Loopback, Then, answer, refused_url

THROTTLED = "ProvisionedThroughputExceededException"
AWAY = {
    "throttled": [aws_error(400, THROTTLED, "secret text")],
    "access denied": [aws_error(400, "AccessDeniedException", "secret text")],
    "no table": [aws_error(400, "ResourceNotFoundException", "secret text")],
    "expired": [aws_error(400, "ExpiredTokenException", "secret text")],
    "broken": [aws_error(500, "InternalServerError", "secret text")],
    "refused request": [aws_error(400, "ValidationException", "secret text")],
    "load balancer": [answer(b"<html>secret text</html>", status="503 Service Unavailable")],
    "hang up": [Then.CLOSE],
    "silence": [2.0],
}
METHODS = {
    "gateway_version": lambda store: store.gateway_version(),
    "space_versions": lambda store: store.space_versions(),
    "space_version": lambda store: store.space_version("any"),
    "head": lambda store: store.head("any"),
    "load": lambda store: store.load("any"),
    "changes": lambda store: store.changes("any", 0),
    "commit": lambda store: store.commit(Change("any", 1, EventType.kind, "u", None, event_type())),
}


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
        store = DynamoConfigStore("config")
        outcome(lambda: store.space_version("any"))  # connects
        outcome(lambda: METHODS["commit"](store))
        return store


@pytest.fixture
def away(away_store, server, aws_environment, monkeypatch):
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    server.requests.clear()
    return away_store


class TestAway:
    @pytest.mark.parametrize("method", METHODS)
    @pytest.mark.parametrize("how", AWAY)
    def test_every_failure_is_unavailable(self, away, server, how, method):
        server.script = lambda _: AWAY[how]
        start = monotonic()
        with pytest.raises(Unavailable) as caught:
            METHODS[method](away)
        assert monotonic() - start < 5
        assert caught.value.message == "The configuration is not available. Please try again."
        assert not isinstance(caught.value, WriteConflict)
        assert 1 <= len(server.requests) <= 3

    def test_refused(self, away, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", refused_url())
        with pytest.raises(Unavailable):
            DynamoConfigStore("config").space_version("any")

    @pytest.mark.parametrize("reason", ["ConditionalCheckFailed", "TransactionConflict"])
    def test_conflict_is_told_apart(self, away, server, reason):
        body = f'{{"__type":"TransactionCanceledException","CancellationReasons":[{{"Code":"None"}},{{"Code":"{reason}"}}]}}'
        server.script = lambda _: [answer(body.encode(), status="400 Bad Request")]
        with pytest.raises(WriteConflict):
            METHODS["commit"](away)

    def test_transaction_in_progress_is_a_conflict(self, away, server):
        server.script = lambda _: [aws_error(400, "TransactionInProgressException")]
        with pytest.raises(WriteConflict):
            METHODS["commit"](away)

    @pytest.mark.parametrize(
        "reason", ["ThrottlingError", "ProvisionedThroughputExceeded", "ValidationError", "ItemCollectionSizeLimitExceeded"]
    )
    def test_other_cancellations_are_no_conflict(self, away, server, reason):
        body = f'{{"__type":"TransactionCanceledException","CancellationReasons":[{{"Code":"{reason}"}}]}}'
        server.script = lambda _: [answer(body.encode(), status="400 Bad Request")]
        with pytest.raises(Unavailable) as caught:
            METHODS["commit"](away)
        assert not isinstance(caught.value, WriteConflict)

    def test_retries_of_a_transaction_carry_one_token(self, away, server):
        """So a transaction whose answer was lost is not written twice
        (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html, ClientRequestToken)."""
        server.script = lambda _: [Then.CLOSE]
        with pytest.raises(Unavailable):
            METHODS["commit"](away)
        bodies = [request.body for request in server.requests]
        assert len(bodies) == 3
        assert len(set(bodies)) == 1
        assert b"ClientRequestToken" in bodies[0]

    def test_no_credentials(self, away, server, monkeypatch):
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        with pytest.raises(Unavailable):
            DynamoConfigStore("config").space_version("any")
        assert server.requests == []

    def test_comes_back(self, away, server):
        server.script = lambda _: AWAY["access denied"]
        with pytest.raises(Unavailable):
            away.space_version("any")
        server.script = lambda _: [answer(b'{"Item":{"pk":{"S":"space#any"},"sk":{"S":"meta"},"version":{"N":"7"}}}')]
        assert away.space_version("any") == 7
