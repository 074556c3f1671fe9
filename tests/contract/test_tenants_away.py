"""The tenants in DynamoDB: what happens when it is away, or somebody else is writing the same."""

from time import monotonic
from types import SimpleNamespace

import botocore.endpoint
import pytest

from eventgateway.core.errors import AlreadyExists, NotFound, Unavailable, WriteConflict
from eventgateway.core.tenant import App, Member, Role, State
from eventgateway.storage import dynamodb
from eventgateway.storage.tenants import ATTEMPTS, DynamoTenants
from tests.contract.backends import aws_error
from tests.contract.config import outcome
from tests.contract.conftest import set_aws_environment
from tests.contract.tenants import create, key_of
from tests.contract.test_dynamodb_away import AWAY
from tests.loopback import Loopback, answer
from tests.memory import NOON

KEY = key_of("acme")
METHODS = {
    "create": lambda store: create(store, "acme"),
    "find": lambda store: store.find("acme"),
    "page": lambda store: store.page("", 10),
    "some": lambda store: store.some(["acme", "umbrella"]),
    "set_state": lambda store: store.set_state("acme", State.SUSPENDED),
    "set_space_state": lambda store: store.set_space_state("acme-shop", State.SUSPENDED),
    "add_app": lambda store: store.add_app(App("acme", "blog", NOON)),
    "remove_app": lambda store: store.remove_app(App("acme", "blog", NOON)),
    "apps": lambda store: store.apps("acme"),
    "put_member": lambda store: store.put_member(Member("acme", "ada@example.com", Role.ADMIN, NOON)),
    "remove_member": lambda store: store.remove_member("acme", "ada@example.com"),
    "members": lambda store: store.members("acme"),
    "add_key": lambda store: store.add_key(KEY),
    "find_key": lambda store: store.find_key(KEY.digest),
    "keys": lambda store: store.keys("acme"),
    "remove_key": lambda store: store.remove_key("acme", KEY.id),
    "note_use": lambda store: store.note_use(KEY, NOON),
}


@pytest.fixture(scope="module")
def backend():
    with Loopback() as server:
        yield server


@pytest.fixture(scope="module")
def connected(backend):
    """A store whose DynamoDB is the served backend."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        set_aws_environment(monkeypatch)
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", backend.url())
        monkeypatch.setattr(dynamodb, "READ_SECONDS", 0.1)
        monkeypatch.setattr("eventgateway.storage.tenants.READ_SECONDS", 0.1)
        store = DynamoTenants("config", "records")
        for name in ("find", "create"):
            outcome(lambda name=name: METHODS[name](store))
        return store


@pytest.fixture
def store(connected, backend, aws_environment, monkeypatch):
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    backend.requests.clear()
    return connected


def cancelled(*codes):
    reasons = ",".join(f'{{"Code":"{code}"}}' for code in codes)
    return answer(f'{{"__type":"TransactionCanceledException","CancellationReasons":[{reasons}]}}'.encode(), status="400 Bad Request")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("how", AWAY)
def test_every_failure_is_unavailable(store, backend, how, method):
    backend.script = lambda _: AWAY[how]
    start = monotonic()
    with pytest.raises(Unavailable) as caught:
        METHODS[method](store)
    assert monotonic() - start < 5
    assert caught.value.message == "The store of tenants is not available. Please try again."
    assert 1 <= len(backend.requests) <= 3


@pytest.mark.parametrize(
    ("codes", "error", "message"),
    [
        (["ConditionalCheckFailed"], AlreadyExists, 'Tenant "acme" already exists.'),
        (["ConditionalCheckFailed", "ConditionalCheckFailed"], AlreadyExists, 'Tenant "acme" already exists.'),
        (["None", "ConditionalCheckFailed", "None"], AlreadyExists, 'The name "acme-shop" is taken.'),
        (["None", "None", "ConditionalCheckFailed"], AlreadyExists, 'The name "acme-shop" is taken.'),
        (["None", "ThrottlingError"], Unavailable, "The store of tenants is not available. Please try again."),
        (["ValidationError"], Unavailable, "The store of tenants is not available. Please try again."),
    ],
)
def test_why_a_tenant_was_not_created(store, backend, codes, error, message):
    backend.script = lambda _: [cancelled(*codes)]
    with pytest.raises(error) as caught:
        create(store, "acme")
    assert (type(caught.value), caught.value.message) == (error, message)


def test_why_an_application_was_not_added(store, backend):
    backend.script = lambda _: [cancelled("ConditionalCheckFailed", "ConditionalCheckFailed")]
    with pytest.raises(NotFound):
        METHODS["add_app"](store)
    backend.script = lambda _: [cancelled("None", "ConditionalCheckFailed")]
    with pytest.raises(AlreadyExists):
        METHODS["add_app"](store)


@pytest.mark.parametrize("reply", [cancelled("None", "TransactionConflict"), aws_error(400, "TransactionInProgressException")])
def test_where_somebody_else_is_writing_it_is_tried_again(store, backend, reply):
    backend.script = lambda _: [reply if len(backend.requests) < ATTEMPTS else answer(b"{}")]
    create(store, "acme")
    assert len(backend.requests) == ATTEMPTS


def test_but_not_for_ever(store, backend):
    backend.script = lambda _: [cancelled("TransactionConflict")]
    with pytest.raises(WriteConflict, match="Somebody else is changing the same"):
        create(store, "acme")
    assert len(backend.requests) == ATTEMPTS


def test_a_name_that_was_taken_between_two_attempts_is_taken(store, backend):
    backend.script = lambda _: [cancelled("TransactionConflict") if len(backend.requests) == 1 else cancelled("ConditionalCheckFailed")]
    with pytest.raises(AlreadyExists):
        create(store, "acme")
