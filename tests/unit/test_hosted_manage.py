"""Paths of hosted spaces: all begin with the name of their space."""

import pytest

from eventgateway.core.hosting import PREFIX_MISSING
from tests.hosted_gateway import HostedGateway

SPACE = "/v1/spaces/acme-shop"
MISSING = [
    "/",
    "/acme-shop",
    "acme-shop",
    "/umbrella-shop/",
    "/acme-shopping/",
    "//acme-shop/",
    "/:space/",
    "/*rest",
    "/Acme-Shop/",
    "/acme%2Dshop/",
    "/./acme-shop/",
]


@pytest.fixture
def hosted():
    gateway = HostedGateway()
    gateway.key = gateway.account().key
    for kind, document in {
        "eventtypes": {"name": "u"},
        "functions": {"functionId": "f", "type": "http", "provider": {"url": "http://h/f"}},
    }.items():
        assert gateway.ask(gateway.key, "POST", f"{SPACE}/{kind}", document).status == 201
    return gateway


def subscription(path, **more):
    return {"type": "sync", "eventType": "u", "functionId": "f", "path": path, **more}


def post(hosted, kind, document):
    return hosted.ask(hosted.key, "POST", f"{SPACE}/{kind}", document)


@pytest.mark.parametrize("path", MISSING)
@pytest.mark.parametrize("type_", ["sync", "async"])
def test_a_subscription_without_the_prefix_is_refused(hosted, type_, path):
    answer = post(hosted, "subscriptions", subscription(path, type=type_))
    assert (answer.status, answer.message) == (400, "Subscription path has to be prefixed with space name (subdomain).")


@pytest.mark.parametrize("path", [each for each in MISSING if each.startswith("/")])
def test_a_cors_rule_without_the_prefix_is_refused(hosted, path):
    answer = post(hosted, "cors", {"method": "GET", "path": path})
    assert (answer.status, answer.message) == (400, PREFIX_MISSING)


def test_the_path_that_a_subscription_has_without_one_is_refused_too(hosted):
    assert post(hosted, "subscriptions", {"type": "async", "eventType": "u", "functionId": "f"}).message == PREFIX_MISSING


@pytest.mark.parametrize("path", ["/acme-shop/", "acme-shop/", "/acme-shop/users/:id", "/acme-shop/*rest"])
def test_with_it_it_is_accepted(hosted, path):
    assert post(hosted, "subscriptions", subscription(path)).status == 201
    assert post(hosted, "cors", {"method": "GET", "path": f"/{path.removeprefix('/')}"}).status == 201


@pytest.mark.parametrize("document", [{}, subscription("/", eventType="!"), subscription("/", type="other")])
def test_what_is_wrong_with_the_document_itself_comes_first(hosted, document):
    assert post(hosted, "subscriptions", document).message.startswith("Subscription doesn't validate.")


def test_the_prefix_comes_before_what_the_space_has(hosted):
    assert post(hosted, "subscriptions", subscription("/", functionId="gone")).message == PREFIX_MISSING


@pytest.mark.parametrize("kind", ["subscriptions", "cors"])
def test_updates_are_held_to_it_too(hosted, kind):
    document = subscription("/acme-shop/") if kind == "subscriptions" else {"method": "GET", "path": "/acme-shop/"}
    created = post(hosted, kind, document).document
    identifier = created["subscriptionId" if kind == "subscriptions" else "corsId"]
    for path in ("/", "/umbrella-shop/"):
        refused = hosted.ask(hosted.key, "PUT", f"{SPACE}/{kind}/{identifier}", {**document, "path": path})
        assert (refused.status, refused.message) == (400, PREFIX_MISSING)
    assert hosted.ask(hosted.key, "PUT", f"{SPACE}/{kind}/{identifier}", {**document, "metadata": {"a": "b"}}).status == 200


def test_an_id_is_made_of_the_path_so_nobody_has_one_of_another(hosted):
    """The ids of two tenants never meet, and the id of one is unknown in the space of the other."""
    other = hosted.account("umbrella")
    mine = post(hosted, "subscriptions", subscription("/acme-shop/")).document["subscriptionId"]
    answers = [
        hosted.ask(other.key, method, f"/v1/spaces/{other.space}/subscriptions/{mine}", document)
        for method, document in (("GET", None), ("DELETE", None), ("PUT", subscription("/umbrella-shop/")))
    ]
    assert {(each.status, each.message) for each in answers} == {(404, f'Subscription "{mine}" not found.')}
    assert hosted.ask(hosted.key, "GET", f"{SPACE}/subscriptions/{mine}").status == 200
