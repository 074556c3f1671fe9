"""A gateway over ports in memory, and functions that answer as they are told."""

from dataclasses import dataclass, field
from typing import Any

from eventgateway import providers
from eventgateway.core.cors import CorsRule
from eventgateway.core.delivery import Delivery
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.hosting import STANDALONE, Standalone
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.json import JsonObject, JsonValue, dumps, restore
from eventgateway.core.message import parse
from eventgateway.core.provider import NO_HEADERS, HttpAnswer
from eventgateway.core.resource import Kind, Resource
from eventgateway.core.result import Result
from eventgateway.core.subscription import Subscription
from eventgateway.core.target import Target
from eventgateway.operations.dead_letters import DeadLetterOffice
from eventgateway.operations.deliver import Deliverer, Outcome
from eventgateway.operations.manage import Manager
from eventgateway.operations.outbox import Outbox
from eventgateway.operations.receive import Receiver
from eventgateway.operations.redrive import Redriver, RedriveRunner
from eventgateway.operations.secrets import Secrets
from eventgateway.operations.spaces import Configuration, Spaces
from eventgateway.operations.usage import Usage
from tests.memory import FakeClock, Journal, MemoryQueue, MemoryStore, MemoryUsage, MemoryVault
from tests.records import MemoryAttempts, MemoryClaims, MemoryDeadLetters, MemoryPayloads, MemoryRedrives


@dataclass
class FunctionHost:
    """Implements `Outbound`: answers HTTP functions by the last segment of their URL; `{}` unless told otherwise."""

    journal: Journal = field(default_factory=list)
    answers: dict[str, HttpAnswer | BaseException] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    def post(self, url: str, body: bytes, headers: Any, timeout: float, private: Any = NO_HEADERS) -> HttpAnswer:
        name = url.rpartition("/")[2]
        self.calls.append((name, restore(body)))
        self.headers.append({**headers, **private})
        self.bodies.append(body)
        self.timeouts.append(timeout)
        self.journal.append(f"call {name}")
        answer = self.answers.get(name, HttpAnswer(200, b"{}"))
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def aws(self, target: Target, operation: str, *_: object, **__: object) -> Any:
        raise AssertionError(f"nobody should call {target} {operation}")

    def answer(self, function: str, document: JsonValue, status: int = 200) -> None:
        """Let a function answer with JSON from now on."""
        self.answers[function] = HttpAnswer(status, dumps(document))

    def called(self) -> list[str]:
        """The functions that were called, in order."""
        return [name for name, _ in self.calls]


class Gateway:
    """Receiver, deliverer and manager over fakes. What is configured through it counts at once."""

    hosting: Standalone = STANDALONE

    def __init__(self) -> None:
        self.journal: Journal = []
        self.clock, self.store, self.queue = FakeClock(), self.new_store(), MemoryQueue(self.journal)
        self.dead_letters, self.functions = MemoryDeadLetters(self.clock), FunctionHost(self.journal)
        self.payloads, self.attempts, self.redrives = MemoryPayloads(), MemoryAttempts(), MemoryRedrives(self.clock)
        self.claims = MemoryClaims(self.journal)
        self.outbox = Outbox(self.queue, self.payloads)
        self.vault = MemoryVault(self.journal)
        self.secrets = Secrets(self.vault, self.clock)
        self.counters = MemoryUsage()
        self.usage = Usage(self.counters, self.clock)
        self.spaces = self.new_spaces()
        own = {"secrets": Secrets(self.vault, self.clock), "hosting": self.hosting}
        self.manager = Manager(self.new_spaces(), lambda _: None, **own)
        ports = (self.outbox, self.functions, self.clock, self.claims)
        self.receiver = Receiver(self.spaces, *ports, usage=self.usage, secrets=self.secrets, hosting=self.hosting)
        ports = (self.spaces, self.outbox, self.dead_letters, self.attempts, self.functions, self.clock)
        self.deliverer = Deliverer(*ports, usage=self.usage, secrets=self.secrets)
        redriver = Redriver(self.manager.spaces, self.dead_letters, self.outbox, self.clock)
        self.office, self.runner = DeadLetterOffice(redriver, self.redrives), RedriveRunner(redriver, self.redrives)

    def new_store(self) -> MemoryStore:
        return MemoryStore()

    def new_spaces(self) -> Configuration:
        return Spaces(self.store, providers.load(), self.clock)

    def create(self, kind: Kind, document: JsonObject, space: str = "default") -> Resource:
        resource = self.manager.create(kind, space, dumps(document))
        self.spaces.expire()
        return resource

    def event_type(self, name: str, authorizer: str | None = None, space: str = "default") -> Resource:
        return self.create(EventType.kind, {"name": name, "authorizerId": authorizer}, space)

    def function(self, name: str, space: str = "default", **provider: JsonValue) -> Resource:
        configuration = {"url": f"http://host/{name}", **provider}
        return self.create(Function.kind, {"functionId": name, "type": "http", "provider": configuration}, space)

    def cors(self, document: JsonObject, space: str = "default") -> Resource:
        return self.create(CorsRule.kind, document, space)

    def subscribe(  # noqa: PLR0917 - reads like the document it stands for
        self, type_: str, function: str, event_type: str = "u", path: str = "/", method: str = "POST", space: str = "default"
    ) -> Resource:
        """Subscribe a function; it and the event type are registered if need be."""
        known = self.store.documents(space)
        if (Function.kind, function) not in known:
            self.function(function, space)
        if (EventType.kind, event_type) not in known:
            self.event_type(event_type, None, space)
        document: JsonObject = {"type": type_, "eventType": event_type, "functionId": function, "path": path, "method": method}
        return self.create(Subscription.kind, document, space)

    def delete(self, resource: Resource) -> None:
        self.manager.delete(resource.kind, resource.space, resource.id)
        self.spaces.expire()

    def emit(self, type_: str = "u", path: str = "/", data: JsonValue = None) -> Result:
        """Send a legacy event by POST."""
        headers = {"event": type_, "content-type": "application/json"}
        return self.receiver.receive(HttpRequest("POST", path, "", headers, dumps(data), "gateway.test"))

    def request(self, method: str = "GET", path: str = "/", body: bytes = b"", **headers: str) -> Result:
        """Send a plain HTTP request; names of headers with underscores for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.receiver.receive(HttpRequest(method, path, "", named, body, "gateway.test"))

    def deliver_next(self) -> Outcome:
        """Deliver what waits first, as it comes out of its message."""
        message = parse(self.queue.waiting.pop(0).message())
        assert isinstance(message, Delivery)
        return self.deliverer.deliver(message)
