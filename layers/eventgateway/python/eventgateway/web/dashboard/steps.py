"""The first steps with a gateway, as commands for a shell."""

from dataclasses import dataclass
from shlex import quote

from eventgateway.settings import DashboardSettings, Mode
from eventgateway.web.dashboard.addresses import space_url, way_there

SPACE, HOSTED_SPACE = "default", "acme-shop"
FUNCTION_URL = "https://example.com/hello"
OPERATOR, TENANT = "OPERATOR_KEY", "ACCESS_KEY"  # variables of the shell that hold keys
JSON = "-H 'Content-Type: application/json'"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, why, and the commands."""

    title: str
    text: str
    command: str


def first_steps(settings: DashboardSettings) -> list[Step]:
    """From the operator key to an event, with the addresses of this gateway."""
    key = _key_in_secret(settings) if settings.operator_key_secret else _key_in_environment()
    if settings.mode is Mode.HOSTED:
        place = _Place(settings.config_url, HOSTED_SPACE, TENANT, f"/{HOSTED_SPACE}/")
        return [key, _tenant(settings.config_url), _register(place), _subscribe(place), _emit_by_host(settings), _look(place)]
    place = _Place(settings.config_url, SPACE, OPERATOR)
    return [key, _register(place), _subscribe(place), _emit(f"{settings.events_url}/"), _look(place)]


@dataclass(frozen=True, slots=True)
class _Place:
    """A space at the Config API, the variable of its key, and the path that its subscriptions need, if any."""

    config: str
    space: str
    key: str
    path: str = ""

    @property
    def bearer(self) -> str:
        return _bearer(self.key)

    def url(self, kind: str) -> str:
        return f"{self.config}/v1/spaces/{self.space}/{kind}"

    def create(self, kind: str, document: str) -> str:
        """A command that makes a resource."""
        return f"{_curl(self.url(kind))}{self.bearer} {JSON} \\\n  -d '{document}'"


def _key_in_secret(settings: DashboardSettings) -> Step:
    region = f" --region {quote(settings.region)}" if settings.region else ""
    where = f"--secret-id {quote(settings.operator_key_secret)}{region}"
    return Step(
        "Get the operator key",
        "The Config API answers only those who have the key. It is in AWS Secrets Manager.",
        f"OPERATOR_KEY=$(aws secretsmanager get-secret-value {where} \\\n  --query SecretString --output text)",
    )


def _key_in_environment() -> Step:
    return Step(
        "Get the operator key",
        "A gateway on one machine takes its key from the environment. Without one this stays empty, and the Config API is open; in hosted "
        "mode the gateway has then made a key and shown it when it started: set OPERATOR_KEY to that.",
        'OPERATOR_KEY="${GATEWAY_OPERATOR_KEY:-}"',
    )


def _tenant(config: str) -> Step:
    made = f'{_curl(f"{config}/v1/tenants", "-fsS")}{_bearer(OPERATOR)} {JSON} \\\n  -d \'{{"tenant": "acme", "app": "shop"}}\''
    return Step(
        "Make a tenant",
        f"It gets a space with the name of tenant and application, {HOSTED_SPACE}, and an access key, which is told this once.",
        f'ACCESS_KEY=$({made} \\\n  | sed \'s/.*"accessKey": *"\\([^"]*\\)".*/\\1/\')',
    )


def _register(place: _Place) -> Step:
    return Step(
        "Register a function",
        f"A function is whatever reacts to events. This one is an HTTP endpoint: put yours in the place of {FUNCTION_URL}. "
        "AWS Lambda functions, SQS queues, Kinesis and Firehose streams are registered in the same way.",
        place.create("functions", f'{{"functionId": "hello", "type": "http",\n    "provider": {{"url": "{FUNCTION_URL}"}}}}'),
    )


def _subscribe(place: _Place) -> Step:
    event_type = place.create("eventtypes", '{"name": "user.created"}')
    path = f',\n    "path": "{place.path}"' if place.path else ""
    subscription = place.create("subscriptions", f'{{"type": "async", "eventType": "user.created", "functionId": "hello"{path}}}')
    return Step(
        "Subscribe it to a type of events",
        f"Paths begin with the name of the space, {place.path}."
        if place.path
        else "Everything lives in a space; default is the usual one.",
        f"{event_type}\n{subscription}",
    )


def _emit(url: str, way: str = "") -> Step:
    return Step(
        "Emit an event",
        "Emitting needs no key. The answer 202 says that the delivery is safe in the queue.",
        f"curl -i {way}{quote(url)} \\\n  -H 'Event: user.created' {JSON} \\\n  -d '{{\"name\": \"Ada\"}}'",
    )


def _emit_by_host(settings: DashboardSettings) -> Step:
    address = space_url(settings.events_url, settings.domain, HOSTED_SPACE)
    return _emit(f"{address}/", way_there(settings.events_url, settings.domain))


def _look(place: _Place) -> Step:
    return Step(
        "See what became of it",
        "Deliveries that failed for good are dead letters; metrics count the others.",
        f"{_curl(place.url('deadletters'))}{place.bearer}\n{_curl(f'{place.config}/v1/metrics')}{place.bearer}",
    )


def _bearer(key: str) -> str:
    return f'-H "Authorization: Bearer ${key}"'


def _curl(url: str, options: str = "-w '\\n'") -> str:
    """A command up to its headers; the answer gets a line of its own."""
    return f"curl {options} {quote(url)} \\\n  "
