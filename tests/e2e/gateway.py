"""The deployed gateway, as its emitters and its operator reach it: over HTTPS, through API Gateway."""

import json
import time
from dataclasses import dataclass
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from tests.e2e.ministack import MiniStack
from tests.e2e.target import Target

REQUEST_SECONDS = 60
CONFIG_TTL = 1.0  # seconds; what was configured counts after them, see docs/configuration.md
CLOUD_EVENT = "application/cloudevents+json"


@dataclass(frozen=True)
class Answer:
    """Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Gateway:
    """`outputs` are those of the stack; each space is a new one. In hosted mode a tenant has a prefix of its paths and an access key."""

    ministack: MiniStack
    outputs: dict[str, str]
    space: str
    prefix: str = ""
    access_key: str = ""

    def emit(self, path: str, body: bytes | str = b"", method: str = "POST", **headers: str) -> Answer:
        """Ask the Events API; names of headers are written with underscores."""
        return self.ask("EventsUrl", method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})

    def configure(self, method: str, path: str, document: object = None, key: str | None = None) -> Answer:
        """Ask the Config API below the space, with the own key unless another one is given."""
        return self.manage(method, f"/v1/spaces/{self.space}/{path}", document, key)

    def manage(self, method: str, path: str, document: object = None, key: str | None = None) -> Answer:
        """Ask the Config API."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.key if key is None else key}"}
        body = json.dumps(document) if document is not None else b""
        return self.ask("ConfigUrl", method, path, body, headers)

    @property
    def key(self) -> str:
        """The access key, or the operator's key, as the person who deployed reads it."""
        secrets = self.ministack.client("secretsmanager")
        return self.access_key or secrets.get_secret_value(SecretId=self.outputs["OperatorKeySecret"])["SecretString"]

    def create(self, kind: str, **document: object) -> dict[str, Any]:
        """What was created."""
        answer = self.configure("POST", kind, document)
        assert answer.status == 201, answer
        return answer.document

    def subscribe(self, provider: dict[str, object], kind: str = "http", sync: bool = False, **choices: Any) -> "Subscribed":
        """A new function, and its subscription to an event type and a path of its own, live when this returns."""
        function, path = f"f-{uuid4().hex}", choices.pop("path", f"/{uuid4().hex}")
        event_type, place = choices.pop("event_type", f"type.{uuid4().hex}"), f"{self.prefix}{path}"
        if self.configure("GET", f"eventtypes/{event_type}").status == 404:
            self.create("eventtypes", name=event_type)
        self.create("functions", functionId=function, type=kind, provider=provider)
        wanted = {"type": "sync" if sync else "async", "eventType": event_type, "functionId": function, "path": place, **choices}
        found = self.create("subscriptions", **wanted)
        self.settle()
        return Subscribed(self, path, event_type, function, found["subscriptionId"])

    def subscribe_http(self, target: Target, sync: bool = False, provider: dict[str, object] | None = None, **choices: Any) -> "Subscribed":
        """The same for a function on the loopback."""
        return self.subscribe({"url": target.url, **(provider or {})}, sync=sync, **choices)

    def settle(self) -> None:
        """Wait until what was configured counts."""
        time.sleep(CONFIG_TTL + 0.1)

    def ask(self, output: str, method: str, path: str, body: bytes | str = b"", headers: dict[str, str] | None = None) -> Answer:
        """Ask the API whose URL is an output. DNS does not know the emulator's names: the request goes to its address."""
        connection = HTTPSConnection("127.0.0.1", self.ministack.port, context=self.ministack.trust(), timeout=REQUEST_SECONDS)
        try:
            data = body.encode() if isinstance(body, str) else body
            connection.request(method, path, data or None, {"host": urlsplit(self.outputs[output]).netloc, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()


@dataclass(frozen=True)
class Subscribed:
    """A function, and where its events are sent."""

    gateway: Gateway
    path: str
    event_type: str
    function: str
    subscription: str

    def emit(self, body: bytes | str = b"{}", content_type: str = "application/json", **headers: str) -> Answer:
        """One event; it must be accepted, or answered."""
        answer = self.gateway.emit(self.path, body, event=self.event_type, content_type=content_type, **headers)
        assert answer.status in (200, 202), answer
        return answer

    def letters(self) -> list[dict[str, Any]]:
        """The dead letters of the subscription."""
        return self.gateway.configure("GET", f"deadletters?subscription={self.subscription}").document["deadLetters"]
