from base64 import urlsafe_b64decode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.errors import InvalidRequest, InvalidUpdate
from eventgateway.core.subscription import Subscription, escape_path

SYNC = {"type": "sync", "eventType": "http.request", "functionId": "f", "path": "/p", "method": "GET"}
ASYNC = {**SYNC, "type": "async"}
INVALID = "Subscription doesn't validate. Validation error: "
METHODS = "eq=GET|eq=POST|eq=DELETE|eq=PUT|eq=PATCH|eq=HEAD|eq=OPTIONS"


def line(field, tag):
    return f"Key: 'Subscription.{field}' Error:Field validation for '{field}' failed on the '{tag}' tag"


def without(name):
    return {key: value for key, value in SYNC.items() if key != name}


@pytest.mark.parametrize(
    ("fields", "identifier"),
    [
        (("sync", "http.request", "f", "/p", "GET"), "c3luYyxodHRwLnJlcXVlc3QsJTJGcCxHRVQ"),
        (("async", "http.request", "f", "/p", "GET"), "YXN5bmMsaHR0cC5yZXF1ZXN0LGYsJTJGcCxHRVQ"),
        (("async", "http.request", "g", "/p", "GET"), "YXN5bmMsaHR0cC5yZXF1ZXN0LGcsJTJGcCxHRVQ"),
        (("sync", "http.request", "f", "/", "POST"), "c3luYyxodHRwLnJlcXVlc3QsJTJGLFBPU1Q"),
        (("async", "eventgateway.event.received", "f", "/", "POST"), "YXN5bmMsZXZlbnRnYXRld2F5LmV2ZW50LnJlY2VpdmVkLGYsJTJGLFBPU1Q"),
        (("sync", "u", "f", "/x", "POST"), "c3luYyx1LCUyRngsUE9TVA"),
        (("sync", "http.request", "f", "/p", "DELETE"), "c3luYyxodHRwLnJlcXVlc3QsJTJGcCxERUxFVEU"),
        (("sync", "http.request", "f", "/foo/bar", "GET"), "c3luYyxodHRwLnJlcXVlc3QsJTJGZm9vJTJGYmFyLEdFVA"),
        (("sync", "http.request", "f", "/foo?x=1", "GET"), "c3luYyxodHRwLnJlcXVlc3QsJTJGZm9vJTNGeD0xLEdFVA"),
        (("sync", "http.request", "f", "/foo#x", "GET"), "c3luYyxodHRwLnJlcXVlc3QsJTJGZm9vJTIzeCxHRVQ"),
        (("sync", "http.request", "f", "/a b", "GET"), "c3luYyxodHRwLnJlcXVlc3QsJTJGYSUyMGIsR0VU"),
        (("sync", "http.request", "f", "/%41%2Fb", "GET"), "c3luYyxodHRwLnJlcXVlc3QsJTJGJTI1NDElMjUyRmIsR0VU"),
        (("sync", "http.request", "f", "/:", "GET"), "c3luYyxodHRwLnJlcXVlc3QsJTJGOixHRVQ"),
        (("sync", "http.request", "f", "/*", "GET"), "c3luYyxodHRwLnJlcXVlc3QsJTJGJTJBLEdFVA"),
        (("sync", "http.request", "f", "/:x/c", "GET"), "c3luYyxodHRwLnJlcXVlc3QsJTJGOnglMkZjLEdFVA"),
        (("async", "my.event_type-1", "f", "/a b/ü/:x/*y", "PATCH"),
         "YXN5bmMsbXkuZXZlbnRfdHlwZS0xLGYsJTJGYSUyMGIlMkYlQzMlQkMlMkY6eCUyRiUyQXksUEFUQ0g"),
        (("sync", "my.event_type-1", "f", "/a,b", "PATCH"), "c3luYyxteS5ldmVudF90eXBlLTEsJTJGYSUyQ2IsUEFUQ0g"),
        (("sync", "u", "f", "/$&+,:;=?@~", "PUT"), "c3luYyx1LCUyRiQmKyUyQzolM0I9JTNGQH4sUFVU"),
        (("async", "u", "g", "/!'()*", "PUT"), "YXN5bmMsdSxnLCUyRiUyMSUyNyUyOCUyOSUyQSxQVVQ"),
    ],
)  # fmt: skip
def test_ids_are_those_of_the_original(fields, identifier):
    assert Subscription("default", *fields).id == identifier


@pytest.mark.parametrize("absent", [{}, {"path": "", "method": ""}, {"path": None, "method": None}])
def test_path_and_method_have_defaults(absent):
    subscription = Subscription.parse("default", {"type": "sync", "eventType": "u", "functionId": "f", **absent})
    assert (subscription.path, subscription.method) == ("/", "POST")


@pytest.mark.parametrize(("given_path", "path"), [("foo/bar", "/foo/bar"), ("?x", "/?x"), ("/FOO", "/FOO"), (" ", "/ ")])
def test_a_path_gets_its_leading_slash(given_path, path):
    assert Subscription.parse("default", SYNC | {"path": given_path}).path == path


def test_a_method_is_upper_case():
    assert Subscription.parse("default", SYNC | {"method": "Post"}).method == "POST"


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        pytest.param(without("type"), [line("Type", "required")], id="no type"),
        pytest.param(SYNC | {"type": "foo"}, [line("Type", "eq=async|eq=sync")], id="unknown type"),
        pytest.param(SYNC | {"type": "Sync"}, [line("Type", "eq=async|eq=sync")], id="type in another case"),
        pytest.param(without("eventType"), [line("EventType", "required")], id="no event type"),
        pytest.param(SYNC | {"eventType": ""}, [line("EventType", "required")], id="empty event type"),
        pytest.param(SYNC | {"eventType": "a b"}, [line("EventType", "eventType")], id="illegal event type"),
        pytest.param(without("functionId"), [line("FunctionID", "required")], id="no function"),
        pytest.param(SYNC | {"method": "CONNECT"}, [line("Method", METHODS)], id="unknown method"),
        pytest.param({}, [line("Type", "required"), line("EventType", "required"), line("FunctionID", "required")], id="nothing"),
    ],
)
def test_every_failing_field_is_named(document, lines):
    with pytest.raises(InvalidRequest) as refused:
        Subscription.parse("default", document)
    assert refused.value.message == INVALID + "\n".join(lines)


@pytest.mark.parametrize("field", ["type", "eventType", "functionId", "path", "method", "metadata"])
def test_a_field_of_a_wrong_type_is_refused(field):
    with pytest.raises(InvalidRequest, match=f"^{INVALID}json: field '{field}' must be"):
        Subscription.parse("default", SYNC | {field: 1})


def test_the_space_is_validated_too():
    with pytest.raises(InvalidRequest) as refused:
        Subscription.parse("ab", SYNC)
    assert refused.value.message == INVALID + line("Space", "min")


def test_a_function_id_may_hold_anything_since_it_must_exist():
    assert Subscription.parse("default", SYNC | {"functionId": "a b"}).function_id == "a b"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": "async"}, "Type"), ({"eventType": "u"}, "EventType"), ({"functionId": "g"}, "FunctionID"), ({"path": "/"}, "Path"),
        ({"method": "POST"}, "Method"),
    ],
)  # fmt: skip
def test_what_identifies_a_subscription_cannot_change(change, field):
    with pytest.raises(InvalidUpdate) as refused:
        Subscription.parse("default", SYNC | change).check_update_of(Subscription.parse("default", SYNC))
    assert refused.value.message == f"Invalid update. '{field}' of existing subscription cannot be updated."


@pytest.mark.parametrize("change", [{"metadata": {"b": "2"}}, {"method": "get"}, {"path": "p"}, {}])
def test_an_update_that_means_the_same_subscription_is_fine(change):
    new = Subscription.parse("default", SYNC | change)
    new.check_update_of(Subscription.parse("default", SYNC | {"metadata": {"a": "1"}}))
    assert new.id == Subscription.parse("default", SYNC).id


def test_the_document_of_a_subscription_names_its_id():
    subscription = Subscription.parse("default", SYNC | {"metadata": {"a": "b"}})
    expected = {"space": "default", "subscriptionId": "c3luYyxodHRwLnJlcXVlc3QsJTJGcCxHRVQ", **SYNC, "metadata": {"a": "b"}}
    assert subscription.shown() == expected


def test_the_version_that_created_a_subscription_is_stored_and_not_shown():
    subscription = replace(Subscription.parse("default", SYNC), since=7)
    assert subscription.stored() == subscription.shown() | {"since": 7}
    assert Subscription.restore("default", subscription.stored()) == subscription


@pytest.mark.parametrize("since", [7, "x", None, [], -1])
def test_clients_have_no_say_in_it_as_with_any_unknown_field(since):
    assert Subscription.parse("default", SYNC | {"since": since, "x": 1}) == Subscription.parse("default", SYNC)


def test_empty_metadata_is_left_out():
    assert "metadata" not in Subscription.parse("default", SYNC | {"metadata": {}}).stored()


@given(
    st.sampled_from(["sync", "async"]),
    st.text(min_size=1),
    st.text(),
    st.sampled_from(["GET", "PUT"]),
    st.dictionaries(st.text(), st.text()),
)
def test_a_stored_subscription_comes_back_as_it_was(type_, function, path, method, metadata):
    document = {"type": type_, "eventType": "u", "functionId": function, "path": path, "method": method, "metadata": metadata}
    subscription = Subscription.restore("default", document)
    assert Subscription.restore("default", subscription.stored()) == subscription


@given(st.text(), st.text())
def test_different_paths_have_different_ids_which_are_safe_in_urls(one, other):
    ids = {path: Subscription("default", "sync", "u", "f", f"/{path}", "GET").id for path in (one, other)}
    assert len(set(ids.values())) == len({one, other})
    for path, identifier in ids.items():
        assert identifier.replace("-", "").replace("_", "").isalnum()
        assert urlsafe_b64decode(identifier + "==").decode() == f"sync,u,{escape_path('/' + path)},GET"
