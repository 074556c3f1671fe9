import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.cors import CorsRule, is_preflight
from eventgateway.core.errors import InvalidRequest, InvalidUpdate

INVALID = "CORS configuration doesn't validate. Validation error: "
METHODS = "eq=GET|eq=POST|eq=DELETE|eq=PUT|eq=PATCH|eq=HEAD|eq=OPTIONS"
DEFAULTS = {
    "allowedOrigins": ["*"], "allowedMethods": ["HEAD", "GET", "POST"], "allowedHeaders": ["Origin", "Accept", "Content-Type"],
    "allowCredentials": False,
}  # fmt: skip
FULL = {
    "method": "POST", "path": "/hello", "allowedOrigins": ["http://example.com"], "allowedMethods": ["GET", "PUT"],
    "allowedHeaders": ["X-A"], "allowCredentials": True, "metadata": {"a": "b"},
}  # fmt: skip
EXAMPLE = "http://example.com"
PREFLIGHT_VARY = {"vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"}
VARY = {"vary": "Origin"}


def rule(**more):
    return CorsRule.parse("default", {"method": "GET", "path": "/h", **more})


def line(field, tag):
    return f"Key: 'CORS.{field}' Error:Field validation for '{field}' failed on the '{tag}' tag"


def asking(origin=EXAMPLE, method="GET", headers=None):
    asked = {"origin": origin, "access-control-request-method": method, "access-control-request-headers": headers}
    return {name: value for name, value in asked.items() if value is not None}


def allow(origin="*", methods=None, headers=None, credentials=None):
    named = {"origin": origin, "methods": methods, "headers": headers, "credentials": credentials}
    return {f"access-control-allow-{name}": value for name, value in named.items() if value}


@pytest.mark.parametrize(
    "lists",
    [
        {},
        {"allowedOrigins": [], "allowedMethods": [], "allowedHeaders": []},
        {"allowedOrigins": None, "allowedMethods": None, "allowedHeaders": None},
    ],
)
def test_absent_and_empty_lists_become_defaults(lists):
    assert rule(**lists).shown() == {"space": "default", "corsId": "GET%2Fh", "method": "GET", "path": "/h", **DEFAULTS}


def test_a_full_rule_is_shown_as_it_was_sent():
    assert CorsRule.parse("default", FULL).shown() == {"space": "default", "corsId": "POST%2Fhello", **FULL}


@pytest.mark.parametrize(
    ("path", "identifier"),
    [
        ("/", "GET%2F"), ("/a/b", "GET%2Fa%2Fb"), ("/:id", "GET%2F:id"), ("/*rest", "GET%2F%2Arest"), ("/foo/", "GET%2Ffoo%2F"),
        ("/a%2Fb", "GET%2Fa%252Fb"),
    ],
)  # fmt: skip
def test_ids_are_method_and_escaped_path(path, identifier):
    assert rule(path=path).id == identifier


@pytest.mark.parametrize(
    ("document", "lines"),
    [
        pytest.param({"method": "GET", "path": "h"}, [line("Path", "path")], id="no leading slash"),
        pytest.param({"method": "GET", "path": "/h?x=1"}, [line("Path", "path")], id="question mark"),
        pytest.param({"method": "get", "path": "/h"}, [line("Method", METHODS)], id="method in lower case"),
        pytest.param({}, [line("Method", METHODS), line("Path", "path")], id="nothing"),
    ],
)
def test_every_failing_field_is_named(document, lines):
    with pytest.raises(InvalidRequest) as refused:
        CorsRule.parse("default", document)
    assert refused.value.message == INVALID + "\n".join(lines)


@pytest.mark.parametrize(
    "change",
    [{"allowedOrigins": "*"}, {"allowedOrigins": [1]}, {"allowCredentials": "true"}, {"allowedMethods": {}}, {"metadata": 1}],
)
def test_a_field_of_a_wrong_type_is_refused(change):
    with pytest.raises(InvalidRequest, match=f"^{INVALID}json: field"):
        rule(**change)


@pytest.mark.parametrize(("change", "field"), [({"method": "POST"}, "Method"), ({"path": "/x"}, "Path")])
def test_method_and_path_cannot_change(change, field):
    with pytest.raises(InvalidUpdate) as refused:
        rule(**change).check_update_of(rule())
    assert refused.value.message == f"Invalid update. '{field}' of existing CORS configuration cannot be updated."


def test_anything_else_can_change():
    new = rule(allowedOrigins=[EXAMPLE], allowCredentials=True, metadata={"a": "b"})
    new.check_update_of(rule())
    assert CorsRule.restore("default", new.stored()) == new


@pytest.mark.parametrize(
    ("settings", "request_headers", "allowed"),
    [
        pytest.param({}, asking(), allow(methods="GET"), id="defaults"),
        pytest.param({}, asking(headers="content-type"), allow(methods="GET", headers="Content-Type"), id="default header"),
        pytest.param({}, asking(headers="X-Foo"), {}, id="another header"),
        pytest.param({}, asking(origin=None), {}, id="no origin"),
        pytest.param({"allowedHeaders": ["X-A", "x-b"]}, asking(headers="X-A"), allow(methods="GET", headers="X-A"), id="one header"),
        pytest.param(
            {"allowedHeaders": ["X-A", "x-b"]},
            asking(headers="x-a, X-B"),
            allow(methods="GET", headers="X-A, X-B"),
            id="headers in any case",
        ),
        pytest.param(
            {"allowedHeaders": ["X-A", "x-b"]}, asking(headers="X-A,X-B"), allow(methods="GET", headers="X-A, X-B"), id="no blank"
        ),
        pytest.param({"allowedHeaders": ["X-A"]}, asking(headers="X-A, X-C"), {}, id="one header of two"),
        pytest.param(
            {"allowedHeaders": ["X-A"]}, asking(headers="Origin"), allow(methods="GET", headers="Origin"), id="Origin is always fine"
        ),
        pytest.param({"allowedHeaders": ["X-A"]}, asking(headers="Accept"), {}, id="a default header that was not kept"),
        pytest.param({"allowedHeaders": ["X-A"]}, asking(headers=""), allow(methods="GET"), id="empty list of headers"),
        pytest.param({"allowedHeaders": ["X-A"]}, asking(headers="  X-A  "), allow(methods="GET", headers="X-A"), id="blanks around"),
        pytest.param({"allowedHeaders": ["X-A"]}, asking(headers="X_A"), {}, id="underscore"),
        pytest.param({"allowedHeaders": ["*"]}, asking(headers="x-any"), allow(methods="GET", headers="X-Any"), id="any header"),
        pytest.param({"allowedMethods": ["PUT"]}, asking(), {}, id="method is not allowed"),
        pytest.param(
            {"method": "PUT", "allowedMethods": ["PUT", "get"]}, asking(method="PUT"), allow(methods="PUT"), id="method is allowed"
        ),
        pytest.param({"allowedOrigins": [EXAMPLE]}, asking(), allow(EXAMPLE, methods="GET"), id="exact origin"),
        pytest.param({"allowedOrigins": [EXAMPLE]}, asking("http://evil.com"), {}, id="another origin"),
        pytest.param({"allowCredentials": True}, asking(), allow(methods="GET"), id="any origin excludes credentials"),
        pytest.param(
            {"allowCredentials": True, "allowedOrigins": [EXAMPLE]},
            asking(),
            allow(EXAMPLE, methods="GET", credentials="true"),
            id="credentials",
        ),
    ],
)
def test_a_preflight_is_allowed_all_it_asks_for_or_nothing(settings, request_headers, allowed):
    assert rule(**settings).preflight(request_headers) == PREFLIGHT_VARY | allowed


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        pytest.param(["*"], "http://x.com", "*", id="any origin"),
        pytest.param(["*"], "null", "*", id="any origin, null"),
        pytest.param([EXAMPLE], EXAMPLE, EXAMPLE, id="exact"),
        pytest.param([EXAMPLE], "http://EXAMPLE.com", "http://EXAMPLE.com", id="upper case asked"),
        pytest.param(["HTTP://Example.COM"], EXAMPLE, EXAMPLE, id="upper case configured"),
        pytest.param(["http://a.com", "http://b.com"], "http://b.com", "http://b.com", id="one of two"),
        pytest.param(["http://*.example.com"], "http://a.example.com", "http://a.example.com", id="star"),
        pytest.param(["http://*.example.com"], "http://a.b.example.com", "http://a.b.example.com", id="star over two labels"),
        pytest.param(["http://*.example.com"], "http://.example.com", "http://.example.com", id="star for nothing"),
        pytest.param(["http://*.example.com"], EXAMPLE, None, id="dot is missing"),
        pytest.param(["http://*.example.com"], "https://a.example.com", None, id="another scheme behind a star"),
        pytest.param(["http://*.example.com"], "http://a.example.com.evil.com", None, id="suffix is not at the end"),
        pytest.param(["http://a*a.com"], "http://a.com", None, id="head and tail may not overlap"),
        pytest.param([EXAMPLE], "http://evil.com", None, id="another host"),
        pytest.param([EXAMPLE], "http://example.com:8080", None, id="another port"),
        pytest.param([EXAMPLE], "https://example.com", None, id="another scheme"),
        pytest.param([EXAMPLE], "null", None, id="null"),
        pytest.param([EXAMPLE], "", None, id="empty"),
        pytest.param(["*"], None, None, id="none"),
    ],
)
def test_a_request_is_told_whether_its_origin_is_allowed(origins, origin, allowed):
    headers = {} if origin is None else {"origin": origin}
    assert rule(allowedOrigins=origins).simple("GET", headers) == VARY | (allow(allowed) if allowed else {})


def test_a_request_by_a_method_that_is_not_allowed_gets_no_permission():
    assert rule(allowedMethods=["PUT"]).simple("GET", {"origin": EXAMPLE}) == VARY


def test_allowed_methods_may_be_in_any_case():
    assert rule(allowedMethods=["get"]).simple("GET", {"origin": EXAMPLE}) == VARY | allow()


def test_an_options_request_of_the_application_gets_no_permission():
    assert rule(method="OPTIONS").simple("OPTIONS", {"origin": EXAMPLE}) == VARY


@pytest.mark.parametrize("credentials", [True, False])
def test_credentials_are_allowed_to_named_origins_only(credentials):
    headers = rule(allowedOrigins=[EXAMPLE], allowCredentials=credentials).simple("GET", {"origin": EXAMPLE})
    assert headers.get("access-control-allow-credentials") == ("true" if credentials else None)


@pytest.mark.parametrize(
    ("method", "headers", "preflight"),
    [
        ("OPTIONS", {"access-control-request-method": "GET"}, True),
        ("OPTIONS", {"access-control-request-method": ""}, False),
        ("OPTIONS", {"origin": EXAMPLE}, False),
        ("GET", {"access-control-request-method": "GET"}, False),
    ],
)
def test_a_preflight_is_options_with_a_method_to_ask_about(method, headers, preflight):
    assert is_preflight(method, headers) is preflight


@given(st.text(max_size=20), st.text(max_size=20), st.lists(st.text(max_size=12), max_size=3), st.booleans())
def test_any_origin_never_goes_with_credentials(origin, asked, origins, credentials):
    configured = CorsRule("default", "GET", "/h", tuple(origins) or ("*",), allow_credentials=credentials)
    for headers in (configured.preflight(asking(origin, "GET", asked)), configured.simple("GET", {"origin": origin})):
        allowed = headers.get("access-control-allow-origin")
        assert allowed in (None, "*", origin)
        assert allowed != "*" or "access-control-allow-credentials" not in headers
