"""Whose a request is, however its host and path are written, through the real local gateway."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.hosted.conftest import DOMAIN, numbers
from tests.hosted.gateway import Hosted, Space
from tests.loopback import Loopback, answer

pytestmark = pytest.mark.xdist_group("hosted")

NO_SPACE = "There is no such space."


@pytest.fixture
def serving(space: Space, target: Loopback) -> Space:
    """A space with a function at /x."""
    space.serve("f", target.url("/f"), "/x")
    return space


def seen(target: Loopback) -> list[tuple[str, str]]:
    """Host and path as the function saw them."""
    data = [json.loads(each.body)["data"] for each in target.requests]
    return [(each["host"], each["path"]) for each in data]


def test_a_space_is_at_its_host_and_at_the_bare_endpoint(serving: Space, target: Loopback) -> None:
    assert serving.events("GET", "/x").body == "ok"
    assert serving.hosted.events("GET", f"/{serving.name}/x").body == "ok"
    assert [path for _, path in seen(target)] == ["/x", f"/{serving.name}/x"], "as it was sent"


@pytest.mark.parametrize(
    "written",
    [
        "{}.slsgateway.com",
        "{}.slsgateway.com:4000",
        "{}.slsgateway.com.",
        "{}.SLSGateway.com",
        "{}.us.slsgateway.com",
        "{}.slsgateway.com:",
    ],
)
def test_hosts_that_mean_the_space(serving: Space, target: Loopback, written: str) -> None:
    host = written.format(serving.name)
    assert serving.hosted.events("GET", "/x", host).body == "ok"
    assert serving.hosted.events("GET", "/x", host.upper()).body == "ok"
    assert seen(target) == [(host, "/x"), (host.upper(), "/x")]


@pytest.mark.parametrize(
    "written",
    [
        "{}.evilslsgateway.com", "evilslsgateway.com", "{}.slsgateway.com.evil.com", "{}.slsgatewayXcom", "slsgateway.com",
        "www.slsgateway.com",
        "{}slsgateway.com", "{}@slsgateway.com", "{}:x@evil.slsgateway.com", "evil.com/{}.slsgateway.com", "evil.com?{}.slsgateway.com",
        "evil.com#.slsgateway.com", "{},evil.slsgateway.com", "x{}.slsgateway.com", ".slsgateway.com", "..slsgateway.com", "{}..evil.com",
        "-{}.slsgateway.com", "{}-.slsgateway.com", "{}%2e.slsgateway.com", "[{}.slsgateway.com]", "localhost", "127.0.0.1", "[::1]:4000",
    ],
)  # fmt: skip
def test_hosts_that_mean_no_space(serving: Space, target: Loopback, written: str) -> None:
    answered = serving.hosted.events("GET", "/x", written.format(serving.name))
    assert (answered.status, answered.message, answered.headers["content-type"]) == (404, NO_SPACE, "application/json")
    assert target.requests == []


def test_other_headers_name_no_space(serving: Space, target: Loopback) -> None:
    for name in ("X-Forwarded-Host", "X-Original-Host", "X-Host", "Forwarded", "X-Forwarded-Server"):
        value = f"host={serving.host}" if name == "Forwarded" else serving.host
        assert serving.hosted.events("GET", "/x", **{name: value}).status == 404
        assert serving.hosted.events("GET", "/x", f"other.{DOMAIN}", **{name: value}).status == 404
    assert target.requests == []


def test_the_host_of_an_absolute_target_does_not_count(serving: Space, target: Loopback) -> None:
    """API Gateway routes by TLS server name and Host; only the path of such a target is used."""
    assert serving.hosted.events("GET", f"http://{serving.host}/x").status == 404
    assert serving.events("GET", "http://evil.example/x").body == "ok"
    assert seen(target) == [(serving.host, "/x")]


def test_two_hosts_in_one_request_are_refused(serving: Space, target: Loopback) -> None:
    request = f"GET /x HTTP/1.1\r\nHost: {serving.host}\r\nHost: other.{DOMAIN}\r\nConnection: close\r\n\r\n"
    address = urlsplit(serving.hosted.gateway.events)
    with socket.create_connection((address.hostname, address.port), 10) as connection:
        connection.sendall(request.encode())
        assert connection.makefile("rb").readline().split()[1] in {b"400", b"404"}
    assert target.requests == []


@pytest.mark.parametrize("path", ["/{}", "/{}/", "/{}/y", "//{}/x", "/{}%2e/x", "/x/../{}/x", "/./{}/x", "/{}//x", "/%2f{}/x"])
def test_paths_of_the_bare_endpoint_that_are_not_that_of_the_function(serving: Space, target: Loopback, path: str) -> None:
    assert serving.hosted.events("GET", path.format(serving.name)).status in {202, 404}
    assert target.requests == []


def test_an_encoded_path_of_the_bare_endpoint_is_the_path(serving: Space) -> None:
    encoded = "".join(f"%{ord(each):02x}" for each in serving.name)
    assert serving.hosted.events("GET", f"/{encoded}/x").body == "ok"
    assert serving.hosted.events("GET", f"/{serving.name}%2Fx").body == "ok", "as API Gateway decodes it"
    assert serving.hosted.events("GET", f"/{serving.name.upper()}/x").status == 404, "paths have a case"


def test_a_path_of_another_space_is_nothing_at_a_host(serving: Space, target: Loopback, hosted: Hosted) -> None:
    other = hosted.tenant(f"tenant{next(numbers)}")
    assert other.events("GET", f"/{serving.name}/x").status == 202
    assert other.events("GET", f"/../{serving.name}/x").status == 202
    assert other.events("GET", "/x").status == 202
    assert target.requests == []


def test_root_and_parameters(space: Space, target: Loopback) -> None:
    space.serve("root", target.url("/root"), "/")
    space.serve("user", target.url("/user"), "/users/:id")
    assert space.events("GET", "/").body == "ok"
    assert space.events("GET", "").body == "ok"
    assert space.events("GET", "/users/7?x=1").body == "ok"
    data = [json.loads(each.body)["data"] for each in target.requests]
    assert [(each["path"], each["params"]) for each in data] == [("/", {}), ("/", {}), ("/users/7", {"id": "7"})]


def test_system_events_and_legacy_events_go_to_the_root_of_the_space(space: Space, target: Loopback) -> None:
    space.serve("u", target.url("/u"), "/", type="async", eventType="user.created", method="POST")
    space.serve("s", target.url("/s"), "/", type="async", eventType="eventgateway.event.received", method="POST")
    space.serve("c", target.url("/c"), "/", type="async", eventType="eventgateway.function.invoked", method="POST")
    assert space.events("POST", "/", b'{"a": 1}', Event="user.created", Content_Type="application/json").status == 202
    assert target.wait_until(lambda: {each.target for each in target.requests} >= {"/u", "/s", "/c"}, 10)
    [received] = [json.loads(each.body)["data"] for each in target.requests if each.target == "/s"]
    assert received["path"] == f"/{space.name}/"
    assert {json.loads(each.body)["data"]["space"] for each in target.requests if each.target == "/c"} == {space.name}


def test_preflights_are_answered_for_the_space_of_the_host(serving: Space, hosted: Hosted) -> None:
    serving.create("cors", method="GET", path=f"/{serving.name}/x", allowedOrigins=["https://shop.example"])
    other = hosted.tenant(f"tenant{next(numbers)}")
    asking = {"Origin": "https://shop.example", "Access_Control_Request_Method": "GET"}
    for asked in (serving.events("OPTIONS", "/x", **asking), hosted.events("OPTIONS", f"/{serving.name}/x", **asking)):
        assert (asked.status, asked.headers["access-control-allow-origin"]) == (200, "https://shop.example")
    assert serving.events("GET", "/x", Origin="https://shop.example").headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-origin" not in other.events("OPTIONS", "/x", **asking).headers
    assert hosted.events("OPTIONS", "/x", f"nobody.{DOMAIN}", **asking).status == 404


def test_authorizers_see_the_path_without_the_space(space: Space) -> None:
    allowed = {"/auth": {"authorization": {"principalId": "ali"}}, "/f": {"statusCode": 200, "body": "in"}}
    with Loopback(lambda request: [answer(json.dumps(allowed[request.target]).encode())]) as functions:
        space.create("functions", functionId="auth", type="http", provider={"url": functions.url("/auth")})
        space.create("eventtypes", name="http.request", authorizerId="auth")
        space.serve("f", functions.url("/f"), "/x")
        assert space.events("GET", "/x").body == "in"
        asked = json.loads(functions.requests[0].body)
    assert (asked["event"]["data"]["path"], asked["event"]["data"]["host"]) == ("/x", space.host)


def test_a_new_space_and_a_change_count_for_the_next_request(hosted: Hosted, target: Loopback) -> None:
    """Also where the name was asked for before."""
    number = next(numbers)
    host = f"tenant{number}-app.{DOMAIN}"
    assert hosted.events("GET", "/x", host).status == 404
    space = hosted.tenant(f"tenant{number}")
    assert hosted.events("GET", "/x", host).status == 202
    space.serve("f", target.url(), "/x")
    assert hosted.events("GET", "/x", host).body == "ok"
    assert hosted.config("PUT", f"/v1/tenants/tenant{number}/suspension", {}).status == 200
    assert hosted.events("GET", "/x", host).status == 403
    assert hosted.config("DELETE", f"/v1/tenants/tenant{number}/suspension").status == 200
    assert hosted.events("GET", "/x", host).body == "ok"


def test_the_health_check_needs_no_space(hosted: Hosted, space: Space) -> None:
    assert hosted.events("GET", "/v1/status").status == 200
    assert hosted.events("GET", "/v1/status", f"nobody.{DOMAIN}").status == 200
    assert space.events("GET", "/v1/status").status == 200
    assert hosted.events("POST", "/v1/status").status == 404
