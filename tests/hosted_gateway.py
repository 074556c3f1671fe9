"""A hosted gateway over ports in memory: tenants by the operator API, configuration by access keys, events by host."""

from dataclasses import dataclass
from json import dumps, loads
from typing import Any

from eventgateway import providers
from eventgateway.core.erasure import Rests
from eventgateway.core.hosting import Hosted
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.json import JsonValue
from eventgateway.core.json import dumps as encode
from eventgateway.core.resource import Resource
from eventgateway.core.result import Result
from eventgateway.operations.admission import Admission, GivenKey
from eventgateway.operations.borders import Borders
from eventgateway.operations.erase import Eraser, ErasureRunner
from eventgateway.operations.hosted_spaces import HostedSpaces
from eventgateway.operations.key_ring import KeyRing
from eventgateway.operations.tenancy import Tenancy
from eventgateway.operations.usage_report import UsageReport
from eventgateway.web.config_api import ConfigApi
from eventgateway.web.dead_letters_api import DeadLettersApi
from eventgateway.web.events_api import EventsApi
from eventgateway.web.tenants_api import TenantsApi
from tests.fakes import Gateway
from tests.memory import MemoryStore
from tests.memory_erasures import MemoryErasures, memory_remains
from tests.memory_tenants import MemoryTenants

DOMAIN, BARE = "slsgateway.com", "a1b2c3.execute-api.us-east-1.amazonaws.com"
OPERATOR_KEY = "the-operator-key"
RESTS = Rests(grace=120, stale=900)


@dataclass(frozen=True)
class Account:
    """A tenant with one application, and its access key."""

    tenant: str
    space: str
    key: str


@dataclass(frozen=True)
class Answer:
    """What an API answered."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return loads(self.body)

    @property
    def message(self) -> str:
        """Of an error."""
        return str(self.document["errors"][0]["message"])


class HostedGateway(Gateway):
    """What is configured through it counts at once. Functions are called by the last segment of their URLs, as in `Gateway`."""

    hosting = Hosted(DOMAIN)

    def __init__(self) -> None:
        super().__init__()
        self.tenants = MemoryTenants(self.store, self.journal)
        self.tenancy = Tenancy(self.tenants, self.clock)
        self.erasures = MemoryErasures(self.tenants)
        self.eraser = Eraser(self.tenants, self.store, self.erasures, self.queue, self.clock, RESTS)
        self.eraser_runner = ErasureRunner(self.eraser, memory_remains(self))
        self.ring = KeyRing(self.tenants, self.clock)
        self.borders = Borders(self.ring, Admission(GivenKey(OPERATOR_KEY), self.clock))
        self.events_api = EventsApi(self.receiver)
        operators = TenantsApi(self.tenancy, self.eraser, UsageReport(self.counters, self.clock))
        parts = (DeadLettersApi(self.office), self.borders, operators)
        self.config_api = ConfigApi(self.manager, self.usage, None, *parts)

    def new_store(self) -> MemoryStore:
        return MemoryStore(hosted=True)

    def new_spaces(self) -> HostedSpaces:
        return HostedSpaces(self.store, providers.load(), self.clock, self.hosting)

    def account(self, tenant: str = "acme", app: str = "shop") -> Account:
        """A new tenant with an application."""
        answer = self.operate("POST", "", {"tenant": tenant, "app": app})
        assert answer.status == 201, answer
        return Account(tenant, answer.document["space"], answer.document["accessKey"])

    def operate(self, method: str, path: str = "", document: JsonValue = None, query: str = "") -> Answer:
        """Ask the operator API, as the operator; `path` is what follows `/v1/tenants`."""
        return self.ask(OPERATOR_KEY, method, f"/v1/tenants{path}", document, query)

    def ask(self, key: str, method: str, path: str, document: JsonValue = None, query: str = "") -> Answer:
        """Ask the Config API; without a key if it is empty. `document` is sent unless it is None."""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        body = "" if document is None else dumps(document)
        event = {"requestContext": _context(method, f"config.{DOMAIN}"), "rawPath": path, "rawQueryString": query}
        answer = _answer(self.config_api.handle(event | {"headers": headers, "body": body}))
        if method not in ("GET", "HEAD", "OPTIONS"):
            self.spaces.expire()
        return answer

    def send(self, host: str, path: str = "/", method: str = "POST", body: str = "", **headers: str) -> Answer:
        """Ask the Events API at a host; names of headers with underscores for dashes."""
        named = {"host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
        event = {"requestContext": _context(method, host), "rawPath": path, "headers": named, "body": body}
        return _answer(self.events_api.handle(event))

    def subscribe(  # noqa: PLR0917 - reads like the document it stands for
        self, type_: str, function: str, event_type: str = "u", path: str = "/", method: str = "POST", space: str = "acme-shop"
    ) -> Resource:
        """As in `Gateway`, but for the path, which gets its prefix here."""
        return super().subscribe(type_, function, event_type, f"/{space}{path}", method, space)

    def emit(self, type_: str = "u", path: str = "/", data: JsonValue = None, space: str = "acme-shop") -> Result:
        """Send a legacy event by POST to the subdomain of a space."""
        headers, host = {"event": type_, "content-type": "application/json"}, f"{space}.{DOMAIN}"
        return self.receiver.receive(HttpRequest("POST", path, "", headers, encode(data), host, host))


def _context(method: str, host: str) -> dict[str, Any]:
    return {"http": {"method": method, "sourceIp": "198.51.100.7"}, "domainName": host}


def _answer(answered: dict[str, Any]) -> Answer:
    return Answer(answered["statusCode"], answered["headers"], answered["body"])
