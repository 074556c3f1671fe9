"""What every ConfigStore keeps of secrets and identities: the real one on an emulated DynamoDB, and the tests' own."""

from concurrent.futures import ThreadPoolExecutor

from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.resource import MASK
from tests.contract.config import create, fresh_state, prepare, update, writer


class TestContract:
    def test_secrets_are_stored_and_a_mask_keeps_them(self, store, space, manager):
        provider = {"arn": "a", "region": "r", "awsAccessKeyId": "k", "awsSecretAccessKey": "the-secret"}
        document = {"functionId": "l", "type": "awslambda", "provider": provider}
        created = create(manager, Function.kind, document, space)
        assert created.shown()["provider"]["awsSecretAccessKey"] == MASK
        updated = update(
            writer(store), Function.kind, "l", document | {"provider": created.shown()["provider"], "metadata": {"a": "b"}}, space
        )
        assert fresh_state(store, space)["function", "l"] == updated.stored()
        assert (updated.sealed, updated.provider) == (created.sealed, created.provider)
        assert "the-secret" not in str([fresh_state(store, space), store.changes(space, 0)])

    def test_space_has_one_identity_for_good(self, store, space, manager):
        assert [store.identify(space, candidate) for candidate in ("one", "two")] == ["one", "one"]
        prepare(manager, space)
        assert store.space_version(space) == 2
        assert set(fresh_state(store, space)) == {("eventtype", "u"), ("function", "f")}
        for kind, identifier in ((EventType.kind, "u"), (Function.kind, "f")):
            manager.delete(kind, space, identifier)
        assert store.identify(space, "three") == "one"
        assert store.identify(f"{space}-more", "other") == "other"

    def test_two_give_a_space_its_identity_at_once(self, store, space):
        with ThreadPoolExecutor(8) as pool:
            given = set(pool.map(lambda candidate: store.identify(space, str(candidate)), range(8)))
        assert len(given) == 1
