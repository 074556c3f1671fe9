"""Attempts that must not be made twice, in DynamoDB on the emulator, and the fake of it; a DynamoDB that fails is on the loopback."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from json import loads
from types import SimpleNamespace

import botocore.endpoint
import pytest

from eventgateway.core.errors import Unavailable
from eventgateway.storage import dynamodb
from eventgateway.storage.attempts import DynamoAttempts
from tests.contract.backends import aws_error
from tests.contract.conftest import set_aws_environment
from tests.contract.samples import NOON, delivery
from tests.loopback import Loopback, Then, answer, refused_url
from tests.records import MemoryAttempts


class TestContract:
    """What both implementations of `Attempts` do."""

    @pytest.fixture(scope="class", params=["dynamodb", "memory"])
    @classmethod
    def attempts(cls, request, table):
        return DynamoAttempts(table.name) if request.param == "dynamodb" else MemoryAttempts()

    def test_only_the_first_begins(self, attempts):
        once = delivery()
        assert [attempts.begin(once) for _ in range(3)] == [True, False, False]

    def test_deliveries_do_not_stand_in_each_others_way(self, attempts):
        first = delivery()
        others = [delivery(), replace(delivery(), accepted_at=NOON + 7200), replace(delivery(), space="other")]
        assert [attempts.begin(each) for each in (first, *others)] == [True] * 4

    def test_the_number_of_the_attempt_does_not_count(self, attempts):
        """A copy of a delivery is the same delivery, whatever happened to it before."""
        once = delivery()
        assert attempts.begin(once)
        assert not attempts.begin(once.failed(NOON, "x").at(NOON + 1))

    def test_what_was_accepted_anew_begins_anew(self, attempts):
        once = delivery()
        assert attempts.begin(once)
        assert attempts.begin(replace(once, accepted_at=once.accepted_at + 0.001))


class TestEmulated:
    def test_of_many_at_once_one_begins(self, table):
        once, attempts = delivery(), DynamoAttempts(table.name)
        with ThreadPoolExecutor(8) as pool:
            begun = list(pool.map(lambda _: attempts.begin(once), range(24)))
        assert begun.count(True) == 1

    def test_a_row_lives_longer_than_the_queue_keeps_a_message(self, table):
        once = delivery(space="lasting")
        DynamoAttempts(table.name).begin(once)
        rows = table.scan()["Items"]
        [row] = [each for each in rows if each["pk"] == f"attempt#lasting#{int(NOON // 3600)}"]
        assert row["ttl"] - row["at"] == 15 * 86400

    def test_no_table(self, emulator):
        with pytest.raises(Unavailable, match="The store of attempts is not available"):
            DynamoAttempts("gone").begin(delivery())


AWAY = {
    "throttled": [aws_error(400, "ProvisionedThroughputExceededException", "secret text")],
    "access denied": [aws_error(400, "AccessDeniedException", "secret text")],
    "broken": [aws_error(500, "InternalServerError", "secret text")],
    "load balancer": [answer(b"<html>secret text</html>", status="503 Service Unavailable")],
    "hang up": [Then.CLOSE],
    "reset": [Then.RESET],
    "half a head": [b"HTTP/1.1 20", Then.CLOSE],
    "silence": [1.0],
}
TAKEN = aws_error(400, "ConditionalCheckFailedException")


@pytest.fixture(scope="module")
def server():
    with Loopback() as server:
        yield server


@pytest.fixture
def away(server, monkeypatch):
    set_aws_environment(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url())
    monkeypatch.setattr(dynamodb, "READ_SECONDS", 0.1)
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    server.requests.clear()
    return DynamoAttempts("records")


def one_row(server, *, loses=0, kept=""):
    """A table that keeps the first put, loses the answers to some, and says to others that the row is there."""
    kept_by = [kept] if kept else []

    def script(request):
        parameters = loads(request.body)
        if request.headers["x-amz-target"].endswith("GetItem"):
            item = {"pk": {"S": "p"}, "sk": {"S": "s"}, "by": {"S": kept_by[0]}}
            return [answer(b'{"Item":' + str(item).replace("'", '"').encode() + b"}")]
        is_first = not kept_by
        kept_by.append(parameters["Item"]["by"]["S"])
        if len(server.requests) <= loses:
            return [Then.CLOSE]
        return [answer(b"{}")] if is_first else [TAKEN]

    return script


class TestAway:
    @pytest.mark.parametrize("how", AWAY)
    def test_every_failure_is_unavailable(self, away, server, how):
        """Regression: PynamoDB stumbled over errors of the connection, which came through as AttributeError."""
        server.script = lambda _: AWAY[how]
        with pytest.raises(Unavailable) as caught:
            away.begin(delivery())
        assert caught.value.message == "The store of attempts is not available. Please try again."
        assert 1 <= len(server.requests) <= 3

    def test_refused(self, away, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", refused_url())
        with pytest.raises(Unavailable):
            DynamoAttempts("records").begin(delivery())

    @pytest.mark.parametrize("loses", [1, 2])
    def test_whose_own_put_was_answered_late_begins(self, away, server, loses):
        """The SDK puts again what was put already, and hears that it is there: that is no other attempt."""
        server.script = one_row(server, loses=loses)
        assert away.begin(delivery())
        assert len(server.requests) == loses + 2

    @pytest.mark.parametrize("loses", [0, 1])
    def test_whom_another_one_forestalled_does_not_begin(self, away, server, loses):
        server.script = one_row(server, loses=loses, kept="another")
        assert not away.begin(delivery())

    def test_if_nobody_can_say_whose_row_it_is_nothing_begins(self, away, server):
        server.script = lambda request: [TAKEN] if request.headers["x-amz-target"].endswith("PutItem") else [Then.CLOSE]
        with pytest.raises(Unavailable):
            away.begin(delivery())
