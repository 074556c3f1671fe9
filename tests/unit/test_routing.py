import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import PathConflict
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.provider import Provider
from eventgateway.core.routing import RoutingTable
from eventgateway.core.space import Space
from eventgateway.core.subscription import Subscription
from tests.unit.strategies import naive_match

SPACES = ("one", "three", "two")


def sync(path, space="one", event_type="u", function="f", method="GET"):
    return Subscription(space, "sync", event_type, function, path, method)


def asynchronous(path, space="one", event_type="u", function="f", method="GET"):
    return Subscription(space, "async", event_type, function, path, method)


def table_of(*resources):
    table = RoutingTable()
    for resource in resources:
        table.put(resource)
    return table


def ids(subscribers):
    return [(each.space.name, each.subscription.function_id) for each in subscribers]


def test_a_sync_subscriber_is_found_by_method_pattern_and_event_type():
    table = table_of(sync("/users/:id"))
    found = table.synchronous("GET", "/users/7", "u")
    assert (found.subscription, found.params) == (sync("/users/:id"), {"id": "7"})
    for other in (("POST", "/users/7", "u"), ("GET", "/users", "u"), ("GET", "/users/7", "v")):
        assert table.synchronous(*other) is None


def test_async_subscribers_are_found_by_the_exact_path():
    table = table_of(asynchronous("/:id"), asynchronous("/a"), asynchronous("/a", function="g"))
    assert ids(table.asynchronous("GET", "/a", "u")) == [("one", "f"), ("one", "g")]
    assert ids(table.asynchronous("GET", "/:id", "u")) == [("one", "f")]
    for other in (("GET", "/a/", "u"), ("POST", "/a", "u"), ("GET", "/a", "v")):
        assert table.asynchronous(*other) == []


def test_a_subscriber_knows_its_function_and_event_type():
    function, event_type = Function("one", "f", Provider()), EventType("one", "u", "auth")
    subscriber = table_of(function, event_type, sync("/")).synchronous("GET", "/", "u")
    assert (subscriber.function, subscriber.event_type) == (function, event_type)


def test_a_function_of_the_same_name_in_another_space_is_not_meant():
    subscriber = table_of(Function("two", "f", Provider()), sync("/")).synchronous("GET", "/", "u")
    assert subscriber.function is None


def test_async_subscribers_of_all_spaces_are_called():
    table = table_of(*(asynchronous("/", space) for space in ("two", "one", "three")))
    assert ids(table.asynchronous("GET", "/", "u")) == [("one", "f"), ("three", "f"), ("two", "f")]


def test_of_two_spaces_that_claim_a_sync_path_the_first_by_name_answers():
    table = table_of(sync("/a", "two"), sync("/a", "one"))
    assert table.synchronous("GET", "/a", "u").space.name == "one"


def test_the_other_space_takes_over_when_the_first_is_gone():
    table = table_of(sync("/a", "two"), sync("/a", "one"))
    table.remove("one", Subscription.kind, sync("/a").id)
    assert table.synchronous("GET", "/a", "u").space.name == "two"


def test_patterns_of_different_spaces_do_not_conflict():
    table = table_of(sync("/:x", "two"), sync("/a", "one"))
    assert table.synchronous("GET", "/a", "u").space.name == "one"
    assert table.synchronous("GET", "/b", "u").space.name == "two"


@pytest.mark.parametrize("type_", ["eventgateway.event.received", "eventgateway.function.invoked"])
def test_system_events_go_to_async_subscribers_of_post_at_the_root(type_):
    root = {"event_type": type_, "method": "POST"}
    table = table_of(
        asynchronous("/", function="heard", **root),
        asynchronous("/x", function="path", **root),
        asynchronous("/", function="method", event_type=type_, method="GET"),
        sync("/", function="sync", **root),
    )
    assert ids(table.system(type_)) == [("one", "heard")]


def test_a_cors_rule_is_found_by_method_and_pattern():
    rule = CorsRule("one", "GET", "/u/:id")
    table = table_of(rule)
    assert table.cors("GET", "/u/1") == rule
    assert (table.cors("PUT", "/u/1"), table.cors("GET", "/u"), table.cors("GET", "/u/1/x")) == (None, None, None)


def test_removing_what_is_not_there_changes_nothing():
    table = table_of(sync("/a"))
    table.remove("nowhere", Subscription.kind, sync("/a").id)
    table.remove("one", Subscription.kind, "no such id")
    assert table.synchronous("GET", "/a", "u")


def test_a_replaced_space_answers_with_what_it_holds_now():
    table = table_of(sync("/old"), asynchronous("/"), sync("/old", "two"))
    space = Space("one")
    space.put(sync("/new"))
    table.replace(space)
    assert table.synchronous("GET", "/new", "u").space.name == "one"
    assert table.synchronous("GET", "/old", "u").space.name == "two"
    assert table.asynchronous("GET", "/", "u") == []


PATTERNS = ("/", "/a", "/a/", "/:x", "/a/:y", "/a/*w", "/*w", "/b/c")
PATHS = ("/", "/a", "/a/", "/a/1", "/a/1/2", "/b", "/b/c")
SUBSCRIPTIONS = st.builds(
    Subscription,
    st.sampled_from(SPACES),
    st.sampled_from(["sync", "async"]),
    st.sampled_from(["u", "eventgateway.event.received"]),
    st.sampled_from(["f", "g"]),
    st.sampled_from(PATTERNS),
    st.sampled_from(["GET", "POST"]),
    st.dictionaries(st.just("k"), st.sampled_from(["1", "2"])),
)
RULES = st.builds(
    CorsRule, st.sampled_from(SPACES), st.sampled_from(["GET", "POST"]), st.sampled_from(["/", "/a", "/b/:x"]), st.just(("*",))
)
STEPS = st.lists(st.tuples(st.sampled_from(["put", "put", "put", "remove", "replace"]), SUBSCRIPTIONS | RULES), max_size=25)


def play(steps):
    """A table after some steps, and a plain dictionary of what it should hold. Conflicting paths are left out, as the Config API does."""
    table, model = RoutingTable(), {}
    for action, resource in steps:
        space = table.spaces.get(resource.space, Space(resource.space))
        if action == "put" and (resource.id in space.of(resource.kind) or not conflicts(space, resource)):
            table.put(resource)
            model[resource.space, resource.kind, resource.id] = resource
        elif action == "remove":
            table.remove(resource.space, resource.kind, resource.id)
            model.pop((resource.space, resource.kind, resource.id), None)
        elif action == "replace":
            table.replace(rebuilt(resource.space, model))
    return table, list(model.values())


def conflicts(space, resource):
    try:
        if isinstance(resource, Subscription):
            space.check_path(resource)
    except PathConflict:
        return True
    return False


def rebuilt(name, model):
    space = Space(name)
    for resource in model.values():
        if resource.space == name:
            space.put(resource)
    return space


def naive_sync(subscriptions, method, path, event_type):
    for each in sorted((each for each in subscriptions if each.is_sync), key=lambda each: each.space):
        params = naive_match(each.path, path)
        if (each.method, each.event_type) == (method, event_type) and params is not None:
            return each, params
    return None


@settings(max_examples=120)
@given(STEPS)
def test_the_table_agrees_with_a_filter_over_all_subscriptions(steps):
    table, resources = play(steps)
    subscriptions = [each for each in resources if isinstance(each, Subscription)]
    for method in ("GET", "POST"):
        for path in PATHS:
            for event_type in ("u", "eventgateway.event.received"):
                target = (method, path, event_type)
                wanted = {
                    (each.space, each.id)
                    for each in subscriptions
                    if not each.is_sync and (each.method, each.path, each.event_type) == target
                }
                found = table.asynchronous(*target)
                assert {(each.space.name, each.subscription.id) for each in found} == wanted
                assert len(found) == len(wanted)
                assert [each.space.name for each in found] == sorted(each.space.name for each in found)
                one = table.synchronous(*target)
                assert (one and (one.subscription, one.params or {})) == naive_sync(subscriptions, *target)


@given(STEPS)
def test_the_table_agrees_with_a_filter_over_all_cors_rules(steps):
    table, resources = play(steps)
    rules = sorted((each for each in resources if isinstance(each, CorsRule)), key=lambda each: each.space)
    for method in ("GET", "POST"):
        for path in (*PATHS, "/b/1"):
            wanted = [each for each in rules if each.method == method and naive_match(each.path, path) is not None]
            assert table.cors(method, path) == (wanted[0] if wanted else None)
