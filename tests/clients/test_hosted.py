"""The SDK and the plugin, unchanged, against hosted mode at the domain they know: slsgateway.com."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.clients.conftest import FUNCTIONS
from tests.clients.gateway import serving
from tests.clients.node import CLIENTS, Failure, Sdk
from tests.clients.serverless_service import Service, endpoint, event
from tests.clients.servers import forwarding_to, received, writes
from tests.hosted.gateway import OPERATOR_KEY, PRIVATE, Hosted, Space
from tests.loopback import Loopback

pytestmark = pytest.mark.xdist_group("clients")

DOMAIN = "slsgateway.com"
REFUSED = "You're not authorized to access this resource."
EVENT = {"eventType": "user.created", "cloudEventsVersion": "0.1", "source": "/users", "eventID": "1", "data": "Ada"}
TYPES = {"http.request": None, "user.created": None}
HELLO = [endpoint("/hello/:name"), event("user.created")]
tenants = count(1)


@pytest.fixture(scope="module")
def hosted(modules: None, inbox: Loopback, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    environment = {"GATEWAY_OPERATOR_KEY": OPERATOR_KEY, "INBOX_URL": inbox.url("")}
    with serving(tmp_path_factory.mktemp("hosted"), FUNCTIONS, environment, ["--hosted", DOMAIN, PRIVATE]) as gateway:
        yield Hosted(gateway, DOMAIN)


@pytest.fixture
def acme(hosted: Hosted) -> Space:
    return hosted.tenant(f"acme{next(tenants)}", "shop")


@pytest.fixture
def globex(hosted: Hosted) -> Space:
    return hosted.tenant(f"globex{next(tenants)}", "shop")


@contextmanager
def sdk_of(space: Space, key: str | None = None) -> Iterator[Sdk]:
    """The SDK of a tenant: two options, and a fetch that finds the domain on this machine."""
    with Loopback(forwarding_to(space.hosted.gateway.events, space.host)) as events:
        redirects = {f"https://{space.host}": events.url(""), f"https://config.{DOMAIN}": space.hosted.gateway.config}
        yield Sdk({"url": space.host, "accessKey": space.key if key is None else key}, redirects=redirects)


def http(name: str, target: Loopback) -> dict[str, object]:
    return {"functionId": name, "type": "http", "provider": {"url": target.url(f"/{name}")}}


def test_the_sdk_configures_and_emits_with_the_address_and_the_access_key(acme: Space, target: Loopback) -> None:
    subscription = {"type": "async", "eventType": "user.created", "functionId": "users", "path": f"/{acme.name}/", "method": "POST"}
    with sdk_of(acme) as sdk:
        created, _, subscribed, emitted, listed = sdk(
            ("createEventType", {"name": "user.created"}),
            ("createFunction", http("users", target)),
            ("subscribe", subscription),
            ("emit", EVENT),
            ("listSubscriptions",),
        )
    assert created == {"space": acme.name, "name": "user.created"}
    assert listed == [subscribed]
    assert emitted["status"] == 202
    assert received(target, "/users") == [EVENT]


def test_the_sdk_emits_to_a_path_of_the_space(acme: Space, target: Loopback) -> None:
    subscription = {"type": "sync", "eventType": "user.created", "functionId": "users", "path": f"/{acme.name}/:team", "method": "POST"}
    with sdk_of(acme) as sdk:
        *_, emitted = sdk(
            ("createEventType", {"name": "user.created"}),
            ("createFunction", http("users", target)),
            ("subscribe", subscription),
            ("emit", EVENT, {"path": "/a"}),
        )
    assert emitted["status"] == 200
    assert received(target, "/users") == [EVENT]


def test_a_path_without_the_space_is_told_by_the_sdk_as_it_was(acme: Space, target: Loopback) -> None:
    """As users of the hosted service reported it."""
    with sdk_of(acme) as sdk:
        *_, refused = sdk(
            ("createEventType", {"name": "user.created"}),
            ("createFunction", http("users", target)),
            ("subscribe", {"type": "async", "eventType": "user.created", "functionId": "users"}),
        )
    assert refused == Failure(
        "Failed to subscribe the event user.created to the function users due the error: "
        "Subscription path has to be prefixed with space name (subdomain)."
    )


def test_keys_of_others_and_made_up_ones_are_refused(acme: Space, globex: Space) -> None:
    for key in (globex.key, "egk_made-up", "AK-old", acme.key.lower()):
        with sdk_of(acme, key) as sdk:
            listed, created = sdk(("listFunctions",), ("createEventType", {"name": "user.created"}))
        assert listed == Failure(f"Failed to fetch the function list due the error: {REFUSED}")
        assert created == Failure(f"Failed to create user.created event type due the error: {REFUSED}")
    assert acme.config("GET", "eventtypes").document == {"eventTypes": []}


def test_two_tenants_with_the_same_names_share_nothing(acme: Space, globex: Space, target: Loopback) -> None:
    for space, name in ((acme, "ours"), (globex, "theirs")):
        subscription = {"type": "async", "eventType": "user.created", "functionId": name, "path": f"/{space.name}/", "method": "POST"}
        with sdk_of(space) as sdk:
            sdk(("createEventType", {"name": "user.created"}), ("createFunction", http(name, target)), ("subscribe", subscription))
    with sdk_of(acme) as ours, sdk_of(globex) as theirs:
        ours(("emit", EVENT | {"eventID": "of acme"}))
        theirs(("emit", EVENT | {"eventID": "of globex"}))
    assert [each["eventID"] for each in received(target, "/ours")] == ["of acme"]
    assert [each["eventID"] for each in received(target, "/theirs")] == ["of globex"]


def service_of(space: Space, folder: Path, config: str) -> Service:
    """A service with the tenant's address and key; its requests to the domain reach this machine."""
    addresses = json.dumps({"events": space.hosted.gateway.events, "config": config})
    environment = {"NODE_OPTIONS": f"--require {CLIENTS}/serverless/slsgateway.cjs", "SLSGATEWAY": addresses}
    folder.mkdir(exist_ok=True)
    return Service(folder, space.host, "", space.name, space.key, environment)


@pytest.fixture
def config_proxy(hosted: Hosted) -> Iterator[Loopback]:
    with Loopback(forwarding_to(hosted.gateway.config)) as proxy:
        yield proxy


@pytest.fixture
def service(acme: Space, config_proxy: Loopback, tmp_path: Path) -> Service:
    return service_of(acme, tmp_path, config_proxy.url(""))


def configuration(space: Space) -> dict[str, list[dict[str, object]]]:
    lists = {"functions": "functions", "subscriptions": "subscriptions", "eventTypes": "eventtypes", "cors": "cors"}
    return {name: sorted(space.config("GET", path).document[name], key=json.dumps) for name, path in lists.items()}


def test_the_plugin_deploys_twice_emits_and_removes(service: Service, acme: Space, config_proxy: Loopback, inbox: Loopback) -> None:
    service.write({"hello": HELLO, "record": [event("user.created", path="new"), event("user.created")]}, TYPES)
    service.run("deploy")
    found = configuration(acme)
    assert sorted((each["functionId"], each["path"]) for each in found["subscriptions"]) == [
        ("shop-dev-hello", f"/{acme.name}/"),
        ("shop-dev-hello", f"/{acme.name}/hello/:name"),
        ("shop-dev-record", f"/{acme.name}/"),
        ("shop-dev-record", f"/{acme.name}/new"),
    ]
    assert {each.headers["authorization"] for each in config_proxy.requests} == {f"bearer {acme.key}"}
    assert acme.events("GET", "/hello/Ada").body == "hello Ada"
    config_proxy.requests.clear()
    service.run("deploy")
    assert configuration(acme) == found
    assert {method for method, _ in writes(config_proxy)} == {"PUT"}
    before = len(inbox.requests)
    service.run("gateway", "emit", "--event", "user.created", "--data", '{"id": 1}')
    assert inbox.wait_until(lambda: len(inbox.requests) > before, 10)
    assert service.run("gateway", "dashboard")[:3] == ["Event Gateway", f" space: {acme.name}", f" endpoint: https://{acme.host}"]
    service.run("remove")
    assert configuration(acme) == {"functions": [], "subscriptions": [], "eventTypes": [], "cors": []}


def test_the_plugin_makes_cors_rules_below_the_space(service: Service, acme: Space) -> None:
    service.write({"hello": [endpoint("/hello/:name", cors={"origins": ["http://example.com"]})]}, TYPES)
    service.run("deploy")
    [rule] = configuration(acme)["cors"]
    assert rule["path"] == f"/{acme.name}/hello/:name"
    answered = acme.events("OPTIONS", "/hello/Ada", Origin="http://example.com", Access_Control_Request_Method="GET")
    assert answered.headers["access-control-allow-origin"] == "http://example.com"


def test_one_service_deployed_by_two_tenants(acme: Space, globex: Space, hosted: Hosted, tmp_path: Path) -> None:
    for space in (acme, globex):
        service = service_of(space, tmp_path / space.name, hosted.gateway.config)
        service.write({"hello": HELLO}, TYPES)
        service.run("deploy")
    assert globex.events("GET", "/hello/Ada").body == "hello Ada"
    service.run("remove")
    assert globex.events("GET", "/hello/Ada").status == 202
    assert acme.events("GET", "/hello/Ada").body == "hello Ada"


def test_the_plugin_with_a_key_of_another_tenant(acme: Space, globex: Space, hosted: Hosted, tmp_path: Path) -> None:
    service = service_of(Space(hosted, acme.name, globex.key), tmp_path, hosted.gateway.config)
    service.write({"hello": HELLO}, TYPES)
    assert REFUSED in service.fail("deploy")
    assert configuration(acme) == {"functions": [], "subscriptions": [], "eventTypes": [], "cors": []}
