import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import InUse, PathConflict
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.provider import Provider
from eventgateway.core.space import Space, references
from eventgateway.core.subscription import Subscription

U, USED_BY_AUTH = EventType("default", "u"), EventType("default", "u", "auth")
F, AUTH = Function("default", "f", Provider()), Function("default", "auth", Provider())
ASYNC = Subscription("default", "async", "u", "f")
SYNC = Subscription("default", "sync", "u", "f", "/a", "GET")
RULE = CorsRule("default", "GET", "/a")


def space_of(*resources):
    space = Space("default")
    for resource in resources:
        space.put(resource)
    return space


def refusal(space, resource):
    with pytest.raises(InUse) as refused:
        space.check_unused(resource)
    return refused.value.message


def test_resources_are_found_by_kind_and_id():
    space = space_of(U, F, ASYNC, SYNC, RULE)
    for resource in (U, F, ASYNC, SYNC, RULE):
        assert space.of(resource.kind)[resource.id] == resource


def test_a_resource_replaces_the_one_with_its_id():
    labelled = Subscription("default", "async", "u", "f", metadata={"a": "b"})
    space = space_of(ASYNC, labelled)
    assert list(space.subscriptions.values()) == [labelled]
    assert space.asynchronous == {("POST", "/", "u"): {"f": labelled}}


def test_removing_what_is_not_there_changes_nothing():
    space = space_of(U)
    for resource in (EventType("default", "v"), F, ASYNC, SYNC, RULE):
        space.remove(resource.kind, resource.id)
    assert space.event_types == {"u": U}


def test_a_removed_resource_leaves_no_trace_in_the_indexes():
    space = space_of(ASYNC, SYNC, RULE)
    for resource in (ASYNC, SYNC, RULE):
        space.remove(resource.kind, resource.id)
    assert (space.asynchronous, space.synchronous, space.cors_paths) == ({}, {}, {})


def test_an_event_type_is_in_use_while_subscribed():
    space = space_of(U, F, ASYNC)
    assert refusal(space, U) == "Event type cannot be deleted because there are subscriptions using it."
    space.remove(ASYNC.kind, ASYNC.id)
    space.check_unused(U)


def test_a_function_is_in_use_while_subscribed():
    space = space_of(U, F, ASYNC, SYNC)
    assert refusal(space, F) == "Function cannot be deleted because it's subscribed to a least one event."
    space.remove(ASYNC.kind, ASYNC.id)
    assert refusal(space, F) == "Function cannot be deleted because it's subscribed to a least one event."
    space.remove(SYNC.kind, SYNC.id)
    space.check_unused(F)


def test_a_function_is_in_use_as_authorizer():
    space = space_of(AUTH, USED_BY_AUTH)
    assert refusal(space, AUTH) == "Function auth cannot be deleted because is used as an authorizer for u event type."
    space.put(U)
    space.check_unused(AUTH)


def test_an_authorizer_that_is_subscribed_too_reports_the_subscription():
    space = space_of(AUTH, USED_BY_AUTH, Subscription("default", "async", "u", "auth"))
    assert "subscribed" in refusal(space, AUTH)


def test_an_authorizer_of_several_event_types_names_the_last():
    space = space_of(AUTH, EventType("default", "aa", "auth"), EventType("default", "zz", "auth"))
    assert refusal(space, AUTH).endswith("for zz event type.")


@pytest.mark.parametrize("resource", [ASYNC, SYNC, RULE])
def test_nothing_refers_to_subscriptions_and_rules(resource):
    space_of(U, F, ASYNC, SYNC, RULE).check_unused(resource)


@pytest.mark.parametrize(
    ("resource", "referred"),
    [
        (ASYNC, [("event_type", "u"), ("function", "f")]),
        (USED_BY_AUTH, [("authorizer", "auth")]),
        (EventType("default", "u", ""), [("authorizer", "")]),
        (U, []),
        (F, []),
        (RULE, []),
        (None, []),
    ],
)
def test_references_are_known(resource, referred):
    assert list(references(resource)) == referred


@pytest.mark.parametrize(
    "newcomer",
    [
        Subscription("default", "async", "u", "f", "/:x", "GET"),
        Subscription("default", "sync", "v", "f", "/:x", "GET"),
        Subscription("default", "sync", "u", "f", "/:x", "POST"),
        Subscription("default", "sync", "u", "f", "/b", "GET"),
    ],
    ids=["async", "another event type", "another method", "another path"],
)
def test_paths_conflict_only_among_sync_subscriptions_of_one_method_and_event_type(newcomer):
    space_of(SYNC).check_path(newcomer)


def test_a_conflicting_path_is_refused():
    with pytest.raises(PathConflict, match="static route already defined for route: /:x"):
        space_of(SYNC).check_path(Subscription("default", "sync", "u", "f", "/:x", "GET"))


def test_even_the_first_path_must_be_a_pattern():
    with pytest.raises(PathConflict, match="wildcard must be the last parameter"):
        Space("default").check_path(Subscription("default", "sync", "u", "f", "/*w/b", "GET"))


def test_a_refused_path_leaves_no_index_behind():
    space = Space("default")
    with pytest.raises(PathConflict):
        space.check_path(Subscription("default", "sync", "u", "f", "/*w/b", "GET"))
    assert space.synchronous == {}


NAMES = st.sampled_from(["f", "g"])
RESOURCES = (
    st.builds(EventType, st.just("default"), st.sampled_from(["u", "v"]), st.none() | NAMES)
    | st.builds(Function, st.just("default"), NAMES, st.just(Provider()))
    | st.builds(Subscription, st.just("default"), st.just("async"), st.sampled_from(["u", "v"]), NAMES, st.sampled_from(["/", "/a"]))
    | st.builds(Subscription, st.just("default"), st.just("sync"), st.just("u"), NAMES, st.sampled_from(["/", "/a", "/a/:x"]))
    | st.builds(CorsRule, st.just("default"), st.sampled_from(["GET", "PUT"]), st.sampled_from(["/", "/a/*w"]), st.just(("*",)))
)


def shape(space):
    """What can be asked of a space, without the order in which it came about."""
    probes = [*(EventType("default", name) for name in ("u", "v")), *(Function("default", name, Provider()) for name in ("f", "g"))]
    in_use = []
    for probe in probes:
        try:
            space.check_unused(probe)
        except InUse as error:
            in_use.append(error.message)
    asynchronous = {key: sorted(each.id for each in found.values()) for key, found in space.asynchronous.items()}
    paths = {(*key, path): tree.resolve(path) for key, tree in space.synchronous.items() for path in ("/", "/a", "/a/1")}
    rules = {(key, path): tree.resolve(path) for key, tree in space.cors_paths.items() for path in ("/", "/a/1")}
    return (
        in_use,
        asynchronous,
        paths,
        rules,
        [space.of(kind) for kind in (EventType.kind, Function.kind, Subscription.kind, CorsRule.kind)],
    )


@given(st.lists(st.tuples(st.booleans(), RESOURCES), max_size=14))
def test_a_space_that_was_changed_is_like_one_that_was_built_anew(steps):
    space, left = Space("default"), {}
    for is_put, resource in steps:
        if is_put:
            space.put(resource)
            left[resource.kind, resource.id] = resource
        else:
            space.remove(resource.kind, resource.id)
            left.pop((resource.kind, resource.id), None)
    assert shape(space) == shape(space_of(*left.values()))
