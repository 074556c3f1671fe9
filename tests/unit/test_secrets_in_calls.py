"""Functions with secrets, called through the gateway: who gets them, what is signed, and what happens while the vault is away."""

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from eventgateway.core.errors import FunctionUnreachable, Unavailable
from eventgateway.operations.deliver import Outcome

SIGNING = f"whsec_{'c2ln' * 8}"
TOKEN = "the-token"
SECRETS = {"headers": {"X-Token": TOKEN}, "signingSecret": SIGNING}
READ = r"^The secrets of the function cannot be read\. Please try again\.$"


@pytest.fixture
def sealed(gateway):
    """A gateway with functions `f` and `auth` that have secrets."""
    for name in ("f", "auth"):
        gateway.function(name, **SECRETS)
    gateway.functions.answer("auth", {"authorization": {"principalId": "p"}})
    gateway.journal.clear()
    return gateway


def assert_signed_now(gateway, identifier):
    """The last call had the secrets of its function, and a signature of this moment by an id."""
    headers, body = gateway.functions.headers[-1], gateway.functions.bodies[-1].decode()
    now = datetime.fromtimestamp(gateway.clock.now, UTC)
    assert headers["X-Token"] == TOKEN
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (identifier, str(int(gateway.clock.now)))
    assert headers["webhook-signature"] == Webhook(SIGNING).sign(identifier, now, body)


def test_a_sync_function(sealed):
    sealed.subscribe("sync", "f")
    sealed.emit()
    [(_, event)] = sealed.functions.calls
    assert_signed_now(sealed, event["eventID"])


def test_an_authorizer(sealed):
    sealed.event_type("u", "auth")
    sealed.subscribe("async", "f")
    sealed.emit()
    [(_, asked)] = sealed.functions.calls
    assert_signed_now(sealed, asked["event"]["eventID"])


def test_each_attempt_at_a_delivery_is_signed_at_its_time(sealed):
    sealed.subscribe("async", "f")
    sealed.emit()
    delivery = sealed.queue.waiting[0]
    sealed.functions.answers["f"] = FunctionUnreachable("refused")
    for outcome in (Outcome.RETRIED, Outcome.RETRIED):
        sealed.clock.advance(1000)
        assert sealed.deliver_next() is outcome
        assert_signed_now(sealed, delivery.id)
    assert sealed.journal.count("open f") == 2


def test_no_secret_is_in_the_routing_table_or_the_store(sealed):
    sealed.emit()
    known = [repr(sealed.spaces.routing().spaces), repr(sealed.store.log), repr(sealed.manager.spaces.table.spaces)]
    assert not [text for text in known for secret in (TOKEN, SIGNING) if secret in text]


class TestVaultIsAway:
    @pytest.fixture
    def away(self, sealed):
        sealed.vault.away = True
        return sealed

    def test_sync(self, away):
        away.subscribe("sync", "f")
        away.subscribe("async", "other")
        with pytest.raises(Unavailable, match=READ):
            away.emit()
        assert (away.queue.waiting, away.functions.calls) == ([], [])

    def test_authorizer(self, away):
        away.event_type("u", "auth")
        away.subscribe("async", "other")
        with pytest.raises(Unavailable, match=READ):
            away.emit()
        assert (away.queue.waiting, away.functions.calls) == ([], [])

    def test_delivery_comes_again_and_loses_no_attempt(self, away, logged):
        away.subscribe("async", "f")
        away.emit()
        delivery = away.queue.waiting[0]
        for _ in range(20):
            with pytest.raises(Unavailable, match=READ):
                away.deliverer.deliver(delivery)
        assert (away.queue.waiting, away.dead_letters.letters, away.functions.calls) == ([delivery], [], [])
        away.vault.away = False
        assert away.deliver_next() is Outcome.DELIVERED
        assert_signed_now(away, delivery.id)

    def test_no_event_tells_of_a_call_that_is_not_made(self, away):
        away.subscribe("async", "listener", "eventgateway.function.invoking")
        away.subscribe("async", "f")
        away.emit()
        with pytest.raises(Unavailable):
            away.deliverer.deliver(away.queue.waiting[0])
        assert away.queue.events("listener") == []

    def test_functions_without_secrets_are_called(self, away):
        away.subscribe("sync", "open")
        assert away.emit().status == 200
        assert away.functions.called() == ["open"]


def test_no_secret_is_in_what_is_told_of_a_failure(sealed, logged):
    for event in ("invoking", "invocationFailed"):
        sealed.subscribe("async", "listener", f"eventgateway.function.{event}")
    sealed.subscribe("async", "f")
    sealed.emit()
    sealed.functions.answers["f"] = FunctionUnreachable("timed out")
    sealed.clock.advance(90_000)
    assert sealed.deliver_next() is Outcome.DEAD
    told = [logged.text, repr(sealed.dead_letters.letters), repr(sealed.queue.waiting), *(repr(vars(each)) for each in logged.records)]
    assert len(sealed.queue.events("listener")) == 2
    assert not [text for text in told for secret in (TOKEN, SIGNING) if secret in text]
