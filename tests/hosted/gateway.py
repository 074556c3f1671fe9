"""A local gateway in hosted mode, its tenants, and requests to any host."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.clients.gateway import Gateway, serving

OPERATOR_KEY = "the-operator-key"
PRIVATE = "--allow-private-targets"


@dataclass(frozen=True)
class Answer:
    """Names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def document(self) -> Any:
        """The JSON of the body."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """Of an error."""
        return self.document["errors"][0]["message"]


def ask(url: str, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
    """One request, whose Host is what `headers` say, or none."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=20)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    answer = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read().decode())
    connection.close()
    return answer


@dataclass(frozen=True)
class Hosted:
    """The gateway as its operator, its tenants and their emitters see it."""

    gateway: Gateway
    domain: str
    operator_key: str = OPERATOR_KEY

    def config(self, method: str, path: str, document: object = None, key: str = OPERATOR_KEY) -> Answer:
        """A request to the Config API."""
        headers = {"Host": urlsplit(self.gateway.config).netloc, "Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        return ask(self.gateway.config, method, path, headers, None if document is None else json.dumps(document).encode())

    def events(self, method: str, target: str, host: str = "", body: bytes | None = None, **headers: str) -> Answer:
        """A request to the Events API; names of headers with underscores for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(self.gateway.events, method, target, {"Host": host or urlsplit(self.gateway.events).netloc, **named}, body)

    def tenant(self, name: str, app: str = "app") -> "Space":
        """A new tenant."""
        made = self.config("POST", "/v1/tenants", {"tenant": name, "app": app})
        assert made.status == 201, made
        return Space(self, made.document["space"], made.document["accessKey"])


@dataclass(frozen=True)
class Space:
    """A space of a tenant, and the tenant's access key."""

    hosted: Hosted
    name: str
    key: str

    @property
    def host(self) -> str:
        """Where its events go."""
        return f"{self.name}.{self.hosted.domain}"

    def config(self, method: str, path: str, document: object = None, key: str | None = None) -> Answer:
        """A request to the Config API, to a path below the space, with its tenant's key."""
        return self.hosted.config(method, f"/v1/spaces/{self.name}/{path}", document, self.key if key is None else key)

    def create(self, kind: str, **document: object) -> Any:
        """A new resource."""
        made = self.config("POST", kind, document)
        assert made.status == 201, made
        return made.document

    def serve(self, function: str, url: str, path: str, **others: str) -> None:
        """Subscribe an HTTP function to what arrives at a path of the space: GET requests that wait, if not told otherwise."""
        document = {"type": "sync", "eventType": "http.request", "method": "GET"} | others
        if self.config("GET", f"eventtypes/{document['eventType']}").status == 404:
            self.create("eventtypes", name=document["eventType"])
        self.create("functions", functionId=function, type="http", provider={"url": url})
        self.create("subscriptions", functionId=function, path=f"/{self.name}{path}", **document)

    def events(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Answer:
        """A request to the space by its host."""
        return self.hosted.events(method, target, self.host, body, **headers)


@contextmanager
def hosting(
    folder: Path, domain: str, environment: Mapping[str, str] | None = None, others: Sequence[str] = (PRIVATE,)
) -> Iterator[Hosted]:
    """A gateway in hosted mode."""
    variables = {"GATEWAY_OPERATOR_KEY": OPERATOR_KEY, **(environment or {})}
    with serving(folder, {}, variables, ["--hosted", domain, *others]) as gateway:
        yield Hosted(gateway, domain)
