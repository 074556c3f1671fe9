"""Whose a request is, by its host and path."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.event_type import EventType
from eventgateway.core.hosting import RESERVED, STANDALONE, Hosted, Location, is_domain, is_label
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.subscription import Subscription

DOMAIN = "slsgateway.com"
HOSTED = Hosted(DOMAIN)
PATHS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map("/{}".format)
LABELS = st.from_regex(r"[a-z0-9]{1,5}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)
DOMAINS = st.lists(LABELS, min_size=1, max_size=3).map(".".join)  # addresses too: locate() need not know that nobody has them


def at(domain, path="/", hosted=HOSTED, **others):
    return hosted.locate(HttpRequest("GET", path, "", {}, domain=domain, **others))


def test_the_first_label_of_a_subdomain_names_the_space_and_begins_its_paths():
    assert at("acme-shop.slsgateway.com", "/users/7") == Location("acme-shop", "/acme-shop/users/7")
    assert at("acme-shop.slsgateway.com", "/") == Location("acme-shop", "/acme-shop/")
    assert at("acme-shop.us.slsgateway.com", "/x") == Location("acme-shop", "/acme-shop/x")


@pytest.mark.parametrize(
    "domain",
    [
        "slsgateway.com", "evilslsgateway.com", "acme-shop.evilslsgateway.com", "slsgateway.com.evil.com",
        "acme-shop.slsgateway.com.evil.com", "acme-shop.slsgatewayxcom",
        "acme-shop.other.com", "acme-shop.slsgateway.org", "localhost", "127.0.0.1", "", "com", "[::1]",
    ],
)  # fmt: skip
def test_at_any_other_host_the_path_begins_with_the_space(domain):
    assert at(domain, "/acme-shop/users") == Location("acme-shop", "/acme-shop/users")
    assert at(domain, "/acme-shop") == Location("acme-shop", "/acme-shop")
    assert at(domain, "/") == Location("", "/")
    assert at(domain, "//acme-shop/users") == Location("", "//acme-shop/users")


def test_only_what_the_gateway_was_reached_by_counts():
    assert at("localhost", "/x", host="acme-shop.slsgateway.com") == Location("x", "/x")
    told = HttpRequest("GET", "/x", "", {"host": "acme-shop.slsgateway.com", "x-forwarded-host": "acme-shop.slsgateway.com"})
    assert HOSTED.locate(told) == Location("x", "/x")


def test_without_a_domain_paths_begin_with_the_space():
    assert at("acme-shop.slsgateway.com", "/x/y", Hosted("")) == Location("x", "/x/y")
    assert at("acme-shop.", "/x/y", Hosted("")) == Location("x", "/x/y")


@example("acme-shop.slsgateway.com", DOMAIN, "/")
@given(st.one_of(DOMAINS, st.text(max_size=30)), DOMAINS, PATHS)
def test_no_host_outside_the_domain_yields_a_space(host, domain, path):
    assume(not host.endswith(f".{domain}"))
    assert at(host, path, Hosted(domain)).path == path
    assert at(host, "/", Hosted(domain)).space == ""


@given(LABELS, st.lists(LABELS, max_size=2), DOMAINS, PATHS)
def test_every_subdomain_yields_its_first_label(space, between, domain, path):
    assert at(".".join([space, *between, domain]), path, Hosted(domain)) == Location(space, f"/{space}{path}")


@given(st.one_of(st.just(f"acme.{DOMAIN}"), st.text(max_size=10).map(f"{{}}.{DOMAIN}".format), DOMAINS), PATHS)
def test_what_is_in_a_space_has_a_path_below_it(host, path):
    found = at(host, path)
    assert found.path == f"/{found.space}" or found.path.startswith(f"/{found.space}/")


@given(DOMAINS, PATHS)
def test_in_standalone_mode_hosts_mean_nothing(host, path):
    assert at(host, path, STANDALONE) == Location("", path)
    assert STANDALONE.system_path("x") == "/"


def subscription(path, space="acme-shop"):
    return Subscription.parse(space, {"type": "async", "eventType": "u", "functionId": "f", "path": path, "method": "POST"})


@pytest.mark.parametrize("path", ["/acme-shop/", "/acme-shop/users", "/acme-shop/:id", "/acme-shop/*rest"])
def test_paths_below_the_space_are_accepted(path):
    HOSTED.check(subscription(path))
    HOSTED.check(CorsRule.parse("acme-shop", {"method": "GET", "path": path}))


@pytest.mark.parametrize(
    "path", ["/", "/users", "/acme-shop", "/acme-shopping", "/acme-shopping/x", "/other/", "//acme-shop/", "/:space/", "/*all"]
)
def test_others_are_refused_as_the_original_did(path):
    for resource in (subscription(path), CorsRule.parse("acme-shop", {"method": "GET", "path": path})):
        with pytest.raises(InvalidRequest) as caught:
            HOSTED.check(resource)
        assert caught.value.message == "Subscription path has to be prefixed with space name (subdomain)."
        STANDALONE.check(resource)


def test_what_has_no_path_needs_no_prefix():
    HOSTED.check(EventType.parse("acme-shop", {"name": "u"}, None))


def test_system_events_are_at_the_root_of_the_space():
    assert HOSTED.system_path("acme-shop") == "/acme-shop/"


@pytest.mark.parametrize("text", ["a", "1", "acme-shop", "a-b-c", "a" * 63])
def test_labels(text):
    assert is_label(text)


@pytest.mark.parametrize(
    "text",
    ["", "-", "a-", "-a", "a--b", "A", "a_b", "a.b", "a b", "ä", "a" * 64, "xn--80ak6aa92e", "a\n", "\ua78d", "٣", "a/b", "a%2fb"],
)
def test_no_labels(text):
    assert not is_label(text)


@pytest.mark.parametrize("text", ["localhost", "slsgateway.com", "events.example.co.uk"])
def test_domains(text):
    assert is_domain(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "slsgateway.com.",
        ".com",
        "a..b",
        "*.a.com",
        "https://a.com",
        "a.com:80",
        "A.com",
        "a.com/",
        "127.0.0.1",
        "a.1",
        "a" * 64,
        "a." * 95 + "a",
    ],
)
def test_no_domains(text):
    assert not is_domain(text)


def test_reserved_names_are_labels():
    assert all(map(is_label, RESERVED))
    assert {"config", "dashboard", "www"} <= RESERVED
