"""What clients of the hosted original saw, recorded from it (tests/conformance/reference/hosted.json), against our hosted mode.

The recordings were made over several domains, and with all paths in one space; ours has one domain, and each space has paths of its own.
So the spaces of a case become one tenant's. `OURS` are the places where we differ on purpose, each with the reason.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosted.conftest import DOMAIN, numbers
from tests.hosted.gateway import Answer, Hosted, Space
from tests.loopback import Loopback, Request, answer

pytestmark = pytest.mark.xdist_group("hosted")

CASES = json.loads((Path(__file__).parents[1] / "conformance/reference/hosted.json").read_text())
PREFIX_MISSING = "Subscription path has to be prefixed with space name (subdomain)."
NO_SPACE = 404, "a host that is no subdomain of the one domain names no space, and no space has this path"
OURS: dict[str, dict[int, tuple[int, str]]] = {
    "host mapping": {
        **dict.fromkeys([2, 3, 4, 5, 6, 7, 8, 12, 13], NO_SPACE),
        9: (200, "hosts are the same in upper case: RFC 9110, section 4.2.3"),
        10: (200, "hosts are the same in upper case"),
    },
    "bare domains": dict.fromkeys([0, 1, 2], NO_SPACE),
    "event.received goes to the path of the tenant": {1: NO_SPACE},
    "CORS preflight on a tenant host": {1: NO_SPACE},
}
CALLED = {("function events go to the path of the space", "q", 0): "it is in the space of the function, as all is that sees the request"}


def renamed(value: Any, space: str) -> Any:
    """The same with one space for all those of the recording."""
    text = json.dumps(value)
    for old in ("/v1/spaces/default/", "/tenant-app/", "/default/", "/t/"):
        text = text.replace(old, old.replace(old.strip("/").rpartition("/")[2], space))
    for old in ("tenant-app.", "t."):
        text = text.replace(f'"{old}', f'"{space}.').replace(f'"{old.upper()}', f'"{space.upper()}.')
    text = text.replace('"space": "default"', f'"space": "{space}"').replace("<host>", "127.0.0.1:4100")
    return json.loads(text.replace('\\"/t\\"', f'\\"/{space}\\"'))


def prepare(case: dict[str, Any], space: Space, target: Loopback) -> None:
    """Configure what a space of ours can have: what lies outside its path is refused, as the hosted original did."""
    for each in renamed(case["setup"], space.name):
        document = json.loads(each["body"].replace("{{target}}", target.url("")))
        made = space.hosted.config(each["method"], each["path"], document, space.key)
        if "path" in document and not document["path"].startswith(f"/{space.name}/"):
            assert (made.status, made.message) == (400, PREFIX_MISSING)
        else:
            assert made.status == 201, made


def send(request: dict[str, Any], hosted: Hosted) -> Answer:
    headers = {**request["headers"]}
    body = request["body"].encode() if "body" in request else None
    return hosted.events(request["method"], request["path"], headers.pop("Host"), body, **headers)


@pytest.fixture
def functions() -> Iterator[Loopback]:
    """HTTP functions that answer as the case says."""
    with Loopback() as server:
        yield server


def script(case: dict[str, Any]) -> Any:
    def reply(request: Request) -> list[bytes]:
        wanted = case["targets"].get(request.target.strip("/"), {"body": "{}"})
        return [answer(wanted["body"].encode(), "Content-Type: application/json")]

    return reply


def called(server: Loopback) -> list[tuple[str, dict[str, Any]]]:
    return sorted(((each.target.strip("/"), json.loads(each.body)) for each in server.requests), key=lambda call: call[0])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_host_names_the_space_as_it_did(case: dict[str, Any], hosted: Hosted, functions: Loopback) -> None:
    assert hosted.domain == DOMAIN
    space, name = hosted.tenant(f"recorded{next(numbers)}"), case["name"]
    functions.script = script(case)
    prepare(case, space, functions)
    for number, (request, recorded) in enumerate(zip(renamed(case["requests"], space.name), case["observed"]["responses"], strict=True)):
        functions.requests.clear()
        answered = send(request, hosted)
        if number in OURS.get(name, {}):
            status, reason = OURS[name][number]
            assert answered.status == status, reason
            continue
        assert (answered.status, answered.body) == (recorded["status"], recorded["body"]), request
        assert {key: answered.headers.get(key) for key in recorded["headers"] if key != "vary"} == {
            key: value for key, value in recorded["headers"].items() if key != "vary"
        }
        compare_calls(name, number, renamed(case["observed"]["deliveries"], space.name), functions)


def compare_calls(name: str, number: int, recorded: list[dict[str, Any]], functions: Loopback) -> None:
    expected = [each for each in recorded if each["request"] == number]
    more = [function for case, function, at in CALLED if (case, at) == (name, number)]
    functions.wait_until(lambda: len(functions.requests) >= len(expected) + len(more), 10)
    calls = called(functions)
    assert [function for function, _ in calls] == sorted([each["functionId"] for each in expected] + more)
    for function, event in calls:
        if function not in more:
            [wanted] = [each["body"] for each in expected if each["functionId"] == function]
            assert visible(event) == visible(wanted)


def visible(event: dict[str, Any]) -> Any:
    """What a function sees of host and path."""
    found = event.get("event", event)
    data = found.get("data") or {}
    inner = data.get("event", {}).get("data", {})
    names = ("host", "path", "method", "query", "params", "space", "functionId", "a")
    return found["eventType"], {key: data[key] for key in names if key in data}, {key: inner[key] for key in names[:4] if key in inner}
