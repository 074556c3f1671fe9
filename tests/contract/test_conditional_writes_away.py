"""Conditional writes while DynamoDB is away."""

import pytest

from eventgateway.core.claim import Claim
from eventgateway.core.dead_letter import DeadLetter, LetterFilter
from eventgateway.core.erasure import Erasure, Rests
from eventgateway.core.errors import Unavailable
from eventgateway.core.redrive import Redrive
from eventgateway.core.tenant import App, Member, Role, State
from eventgateway.storage import dynamodb
from eventgateway.storage.attempts import DynamoAttempts
from eventgateway.storage.claims import DynamoClaims
from eventgateway.storage.dead_letters import DynamoDeadLetters
from eventgateway.storage.dynamodb import DynamoConfigStore
from eventgateway.storage.erasures import DynamoErasures
from eventgateway.storage.redrives import DynamoRedrives
from eventgateway.storage.tenants import DynamoTenants
from tests.contract.samples import NOON, delivery
from tests.contract.tenants import create, key_of
from tests.loopback import Then
from tests.records import MemoryPayloads

ERASURE = Erasure.start("tenant", "", "1", NOON, Rests(120, 900))


def tenants():
    return DynamoTenants("config", "records")


LETTER = DeadLetter(delivery(), "x", NOON)
WRITES = {
    "attempt": lambda: DynamoAttempts("records").begin(delivery()),
    "claim": lambda: DynamoClaims("records").create(Claim.new("default", "fingerprint", 60, "owner", NOON)),
    "dead letter": lambda: DynamoDeadLetters("records", MemoryPayloads()).put(LETTER),
    "deleted letter": lambda: DynamoDeadLetters("records", MemoryPayloads()).delete("default", LETTER.key),
    "redrive": lambda: DynamoRedrives("records").save(Redrive.start("default", "1", LetterFilter(), NOON)),
    "tenant": lambda: create(tenants(), "acme"),
    "application": lambda: tenants().add_app(App("acme", "shop", NOON)),
    "state of a space": lambda: tenants().set_space_state("acme-shop", State.SUSPENDED),
    "member": lambda: tenants().put_member(Member("acme", "ada@example.com", Role.ADMIN, NOON)),
    "deleted member": lambda: tenants().remove_member("acme", "ada@example.com"),
    "access key": lambda: tenants().add_key(key_of("acme")),
    "use of a key": lambda: tenants().note_use(key_of("acme"), NOON),
    "erasure": lambda: DynamoErasures("config").save(ERASURE),
    "begun erasure": lambda: DynamoErasures("config").begin(ERASURE),
    "released names": lambda: DynamoErasures("config").release(ERASURE),
    "identity": lambda: DynamoConfigStore("config").identify("default", "candidate"),
}


@pytest.mark.parametrize("trouble", [Then.CLOSE, 0.5], ids=["hang up", "silence"])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_conditional_write_without_an_answer_was_an_attribute_error(server, aws_environment, monkeypatch, write, trouble):
    """Regression: PynamoDB's look at the code of an error stumbles over errors that are no answers."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", server.url())
    monkeypatch.setattr(dynamodb, "READ_SECONDS", 0.1)
    monkeypatch.setattr(dynamodb, "RETRIES", 1)
    server.script = lambda _: [trouble]
    with pytest.raises(Unavailable):
        write()
