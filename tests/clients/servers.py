"""HTTP servers of the tests: a proxy that sees what a client sends, and what a function got."""

import json
from collections.abc import Iterable
from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.loopback import Loopback, Request, Script, answer

OURS = {"connection", "content-length", "transfer-encoding", "keep-alive"}  # headers that belong to one connection
SAFE = {"GET", "HEAD", "OPTIONS"}


def forwarding_to(url: str, host: str = "") -> Script:
    """Send each request on to a server, with another Host if need be, and answer as it does."""

    def forward(request: Request) -> Iterable[bytes]:
        connection = HTTPConnection(urlsplit(url).netloc)
        headers = {name: value for name, value in request.headers.items() if name not in OURS}
        connection.request(request.method, request.target, request.body or None, {**headers, **({"host": host} if host else {})})
        response = connection.getresponse()
        lines = [f"{name}: {value}" for name, value in response.getheaders() if name.lower() not in OURS]
        yield answer(response.read(), *lines, status=f"{response.status} {response.reason}")
        connection.close()

    return forward


def writes(proxy: Loopback) -> list[tuple[str, str]]:
    """Method and path of the requests that may change something, sorted."""
    return sorted((each.method, each.target.partition("?")[0]) for each in proxy.requests if each.method not in SAFE)


def received(server: Loopback, path: str, count: int = 1) -> list[dict[str, object]]:
    """The JSON bodies that were posted to a path: waits for so many."""
    server.wait_until(lambda: len(_posted(server, path)) >= count, 10)
    return [json.loads(each.body) for each in _posted(server, path)]


def _posted(server: Loopback, path: str) -> list[Request]:
    return [each for each in server.requests if each.method == "POST" and each.target == path]
