import pytest

from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import AlreadyExists, InUse, InvalidRequest, InvalidUpdate, NotFound, PathConflict
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.space import COLLECTIONS
from eventgateway.core.subscription import Subscription
from tests.unit.management import RULE, SYNC, SYNC_ID, create, each_kind, message, update


@each_kind
def test_what_was_created_can_be_read_and_listed(manager, kind, document, identifier, named):
    created = create(manager, kind, document)
    assert created.id == identifier
    assert manager.get(kind, "default", identifier) == created
    assert created in manager.list(kind, "default", {})


@each_kind
def test_what_exists_cannot_be_created_again(manager, kind, document, identifier, named):
    first = create(manager, kind, document)
    with pytest.raises(AlreadyExists) as refused:
        create(manager, kind, document | {"metadata": {"a": "b"}})
    assert message(refused) in (f"{named} already exists.", f"{named} already registered.")
    assert manager.get(kind, "default", identifier) == first


@each_kind
def test_what_is_not_there_cannot_be_read_changed_or_deleted(manager, kind, document, identifier, named):
    for write in (
        lambda: manager.get(kind, "default", identifier),
        lambda: update(manager, kind, identifier, document),
        lambda: manager.delete(kind, "default", identifier),
    ):
        with pytest.raises(NotFound) as refused:
            write()
        assert message(refused) == f"{named} not found."


@each_kind
def test_what_was_deleted_is_gone_and_can_be_created_again(manager, kind, document, identifier, named):
    create(manager, kind, document)
    manager.delete(kind, "default", identifier)
    with pytest.raises(NotFound):
        manager.get(kind, "default", identifier)
    assert create(manager, kind, document).id == identifier


@each_kind
def test_metadata_is_replaced_by_an_update(manager, kind, document, identifier, named):
    create(manager, kind, document | {"metadata": {"a": "1"}})
    assert update(manager, kind, identifier, document | {"metadata": {"b": "2"}}).metadata == {"b": "2"}
    assert manager.get(kind, "default", identifier).metadata == {"b": "2"}
    assert update(manager, kind, identifier, document).metadata == {}


@each_kind
def test_spaces_do_not_share_resources(manager, kind, document, identifier, named):
    create(manager, kind, document)
    assert manager.list(kind, "other", {}) == []
    with pytest.raises(NotFound):
        manager.delete(kind, "other", identifier)
    assert manager.get(kind, "default", identifier)


@pytest.mark.parametrize("kind", COLLECTIONS, ids=lambda kind: kind.path)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"metadata":1}', b"nope"])
def test_an_invalid_document_is_refused_before_anything_is_read(gateway, kind, body):
    gateway.store.away = True
    with pytest.raises(InvalidRequest) as refused:
        gateway.manager.create(kind, "default", body)
    assert message(refused).startswith(f"{kind.label} doesn't validate. Validation error: ")


def test_an_illegal_space_can_be_listed_but_not_written(manager):
    assert manager.list(EventType.kind, "a", {}) == []
    with pytest.raises(InvalidRequest, match="'min' tag"):
        create(manager, EventType.kind, {"name": "u"}, "a")


@pytest.mark.parametrize(
    ("labels", "names"),
    [({}, {"a", "b", "c"}), ({"k": "v"}, {"a", "b"}), ({"k": "v", "l": "w"}, {"a"}), ({"k": "zz"}, set()), ({"x": ""}, set())],
)
def test_lists_are_filtered_by_all_labels(gateway, labels, names):
    for name, metadata in (("a", {"k": "v", "l": "w"}), ("b", {"k": "v"}), ("c", {})):
        create(gateway.manager, EventType.kind, {"name": name, "metadata": metadata})
    assert {each.id for each in gateway.manager.list(EventType.kind, "default", labels)} == names


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"eventType": "nope"}, 'Event Type "nope" not found.'),
        ({"functionId": "nope"}, 'Function "nope" not found.'),
        ({"functionId": "a b"}, 'Function "a b" not found.'),
    ],
)
def test_a_subscription_needs_its_event_type_and_function(manager, change, reason):
    with pytest.raises(InvalidRequest) as refused:
        create(manager, Subscription.kind, SYNC | change)
    assert message(refused) == reason
    assert manager.list(Subscription.kind, "default", {}) == []


@pytest.mark.parametrize("authorizer", ["nope", ""])
def test_an_event_type_needs_its_authorizer(manager, authorizer):
    for write in (
        lambda: create(manager, EventType.kind, {"name": "v", "authorizerId": authorizer}),
        lambda: update(manager, EventType.kind, "u", {"authorizerId": authorizer}),
    ):
        with pytest.raises(InvalidRequest) as refused:
            write()
        assert message(refused) == "Authorizer function doesn't exists."
    assert [each.id for each in manager.list(EventType.kind, "default", {})] == ["u"]


def test_an_authorizer_of_another_space_does_not_count(gateway):
    gateway.function("auth", "other")
    with pytest.raises(InvalidRequest):
        gateway.event_type("u", "auth")


def test_a_duplicate_is_reported_before_an_unknown_function(manager):
    create(manager, Subscription.kind, SYNC)
    with pytest.raises(AlreadyExists):
        create(manager, Subscription.kind, SYNC | {"functionId": "nope"})


def test_a_duplicate_is_reported_before_its_path_could_conflict_with_itself(manager):
    create(manager, Subscription.kind, SYNC | {"path": "/*x"})
    with pytest.raises(AlreadyExists):
        create(manager, Subscription.kind, SYNC | {"path": "/*x"})


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/:x", "static route already defined for route: /:x"),
        ("/*x", 'wildcard with different name ("") already defined: for route: /*x'),
    ],
)
def test_a_conflicting_path_is_refused_and_nothing_is_stored(manager, path, reason):
    create(manager, Subscription.kind, SYNC)
    with pytest.raises(PathConflict) as refused:
        create(manager, Subscription.kind, SYNC | {"path": path})
    assert message(refused) == f"Subscription path conflict: {reason}"
    assert [each.path for each in manager.list(Subscription.kind, "default", {})] == ["/p"]


def test_a_wildcard_must_be_last_even_in_the_first_path(manager):
    with pytest.raises(PathConflict) as refused:
        create(manager, Subscription.kind, SYNC | {"path": "/*w/b"})
    assert message(refused) == "Subscription path conflict: wildcard must be the last parameter"


@pytest.mark.parametrize("change", [{"type": "async"}, {"method": "POST"}])
def test_a_path_conflicts_only_within_sync_subscriptions_of_a_method(manager, change):
    create(manager, Subscription.kind, SYNC)
    assert create(manager, Subscription.kind, SYNC | {"path": "/:x"} | change).path == "/:x"


def test_a_path_is_free_again_when_its_subscription_is_deleted(manager):
    create(manager, Subscription.kind, SYNC)
    manager.delete(Subscription.kind, "default", SYNC_ID)
    assert create(manager, Subscription.kind, SYNC | {"path": "/:x"}).path == "/:x"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"eventType": "nope"}, "EventType"),
        ({"functionId": "nope"}, "FunctionID"),
        ({"method": "POST"}, "Method"),
        ({"path": "/*w/b"}, "Path"),
        ({"type": "async"}, "Type"),
    ],
)
def test_only_the_metadata_of_a_subscription_may_change(manager, change, field):
    create(manager, Subscription.kind, SYNC)
    with pytest.raises(InvalidUpdate) as refused:
        update(manager, Subscription.kind, SYNC_ID, SYNC | change)
    assert message(refused) == f"Invalid update. '{field}' of existing subscription cannot be updated."


@pytest.mark.parametrize(("change", "field"), [({"method": "POST"}, "Method"), ({"path": "/x"}, "Path")])
def test_method_and_path_of_a_cors_rule_may_not_change(manager, change, field):
    create(manager, CorsRule.kind, RULE)
    with pytest.raises(InvalidUpdate, match=f"'{field}' of existing CORS configuration"):
        update(manager, CorsRule.kind, "GET%2Fh", RULE | change)


def test_an_updated_subscription_delivers_once(gateway, manager):
    create(manager, Subscription.kind, SYNC | {"type": "async", "path": "/", "method": "POST"})
    [subscription] = manager.list(Subscription.kind, "default", {})
    update(manager, Subscription.kind, subscription.id, subscription.stored() | {"metadata": {"a": "b"}})
    gateway.spaces.expire()
    gateway.emit()
    assert len(gateway.queue.waiting) == 1


def test_an_event_type_or_function_in_use_cannot_be_deleted(manager):
    create(manager, Subscription.kind, SYNC)
    with pytest.raises(InUse, match="there are subscriptions using it"):
        manager.delete(EventType.kind, "default", "u")
    with pytest.raises(InUse, match="subscribed to a least one event"):
        manager.delete(Function.kind, "default", "f")
    manager.delete(Subscription.kind, "default", SYNC_ID)
    manager.delete(EventType.kind, "default", "u")
    manager.delete(Function.kind, "default", "f")


def test_an_authorizer_in_use_cannot_be_deleted(manager):
    update(manager, EventType.kind, "u", {"authorizerId": "f"})
    with pytest.raises(InUse, match="used as an authorizer for u event type"):
        manager.delete(Function.kind, "default", "f")
    update(manager, EventType.kind, "u", {})
    manager.delete(Function.kind, "default", "f")


def test_secrets_are_kept_by_sending_the_mask(gateway, manager):
    keys = {"awsAccessKeyId": "id", "awsSecretAccessKey": "sec", "awsSessionToken": "tok"}
    document = {"functionId": "l", "type": "awslambda", "provider": {"arn": "a", "region": "r", **keys}}
    shown = create(manager, Function.kind, document).shown()
    assert shown["provider"]["awsSecretAccessKey"] == "*****"
    shown["provider"]["arn"] = "b"
    assert update(manager, Function.kind, "l", shown).shown() == shown
    changes = gateway.store.log["default"]
    assert changes[-1].after["provider"] == shown["provider"]
    assert changes[-1].after["sealed"] == changes[-2].after["sealed"] == "ciphertext-1"
    assert update(manager, Function.kind, "l", shown | {"provider": {"arn": "b", "region": "r", **keys}}).shown() == shown
    assert gateway.store.log["default"] == changes


def test_a_refused_function_is_not_sealed(gateway, manager):
    document = {"functionId": "f", "type": "http", "provider": {"url": "http://host/f", "headers": {"X-A": "secret"}}}
    with pytest.raises(AlreadyExists):
        create(manager, Function.kind, document)
    assert gateway.vault.sealed == {}


def test_an_update_takes_effect_for_the_next_event(gateway, manager):
    gateway.subscribe("sync", "f")
    update(manager, Function.kind, "f", {"type": "http", "provider": {"url": "http://host/g"}})
    gateway.spaces.expire()
    gateway.emit()
    assert gateway.functions.called() == ["g"]


def test_a_subscription_remembers_which_version_created_it(manager):
    assert create(manager, Subscription.kind, SYNC).since == 3
    assert update(manager, Subscription.kind, SYNC_ID, SYNC | {"metadata": {"a": "b"}, "since": 9}).since == 3
    manager.delete(Subscription.kind, "default", SYNC_ID)
    assert create(manager, Subscription.kind, SYNC).since == 6


def test_every_write_is_one_change_with_what_it_refers_to(gateway, manager):
    create(manager, Subscription.kind, SYNC)
    manager.delete(Subscription.kind, "default", SYNC_ID)
    *_, created, deleted = gateway.store.log["default"]
    assert [change.version for change in gateway.store.log["default"]] == [1, 2, 3, 4]
    assert [(each.kind, each.id) for each in created.references] == [(EventType.kind, "u"), (Function.kind, "f")]
    assert (created.before, created.after["path"]) == (None, "/p")
    assert (deleted.before, deleted.after, deleted.references) == (created.after, None, ())
