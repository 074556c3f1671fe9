"""Functions with a role: the external id that their space assumes it with."""

from eventgateway.core.function import Function
from tests.unit.management import create, update

ROLE = "arn:aws:iam::123456789012:role/r"


def with_role(name="l", **provider):
    return {"functionId": name, "type": "awslambda", "provider": {"arn": "a", "region": "r", "roleArn": ROLE, **provider}}


def test_all_functions_of_a_space_have_one_external_id(manager):
    [one, two] = [create(manager, Function.kind, with_role(name)).shown()["provider"] for name in ("l", "m")]
    assert one["externalId"] == two["externalId"] != ""
    other = create(manager, Function.kind, with_role(), "other").shown()["provider"]
    assert other["externalId"] != one["externalId"]


def test_it_outlives_the_functions(manager):
    first = create(manager, Function.kind, with_role()).shown()
    manager.delete(Function.kind, "default", "l")
    assert create(manager, Function.kind, with_role()).shown() == first


def test_it_cannot_be_chosen(manager):
    first = create(manager, Function.kind, with_role(externalId="mine")).shown()
    assert first["provider"]["externalId"] != "mine"
    assert update(manager, Function.kind, "l", with_role(externalId="mine")).shown() == first


def test_an_update_that_changes_nothing_writes_nothing(gateway, manager):
    shown = create(manager, Function.kind, with_role()).shown()
    before = list(gateway.store.log["default"])
    assert update(manager, Function.kind, "l", shown).shown() == shown
    assert gateway.store.log["default"] == before


def test_without_a_role_there_is_none(gateway, manager):
    assert "externalId" not in create(manager, Function.kind, with_role(roleArn="")).shown()["provider"]
    assert gateway.store.identities == {}
    create(manager, Function.kind, with_role("m"))
    assert "externalId" not in update(manager, Function.kind, "m", with_role(roleArn="")).shown()["provider"]
