"""The first steps with a gateway, as commands for a shell."""

from dataclasses import dataclass
from shlex import quote

from eventgateway.settings import DashboardSettings

SPACE = "/v1/spaces/default"
FUNCTION_URL = "https://example.com/hello"
BEARER = '-H "Authorization: Bearer $OPERATOR_KEY"'
JSON = "-H 'Content-Type: application/json'"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do, why, and the commands."""

    title: str
    text: str
    command: str


def first_steps(settings: DashboardSettings) -> list[Step]:
    """From the operator key to an event, with the addresses of this gateway."""
    space = f"{settings.config_url}{SPACE}"
    key = _key_in_secret(settings) if settings.operator_key_secret else _key_in_environment()
    return [key, _register(space), _subscribe(space), _emit(settings.events_url), _look(settings.config_url)]


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
        "A gateway on one machine takes its key from the environment. Without one this stays empty, and the Config API is open.",
        'OPERATOR_KEY="${GATEWAY_OPERATOR_KEY:-}"',
    )


def _register(space: str) -> Step:
    return Step(
        "Register a function",
        f"A function is whatever reacts to events. This one is an HTTP endpoint: put yours in the place of {FUNCTION_URL}. "
        "AWS Lambda functions, SQS queues, Kinesis and Firehose streams are registered in the same way.",
        _create(space, "functions", f'{{"functionId": "hello", "type": "http",\n    "provider": {{"url": "{FUNCTION_URL}"}}}}'),
    )


def _subscribe(space: str) -> Step:
    event_type = _create(space, "eventtypes", '{"name": "user.created"}')
    subscription = _create(space, "subscriptions", '{"type": "async", "eventType": "user.created", "functionId": "hello"}')
    return Step(
        "Subscribe it to a type of events",
        "Everything lives in a space; default is the usual one.",
        f"{event_type}\n{subscription}",
    )


def _emit(events: str) -> Step:
    return Step(
        "Emit an event",
        "Emitting needs no key. The answer 202 says that the delivery is safe in the queue.",
        f"curl -i {quote(f'{events}/')} \\\n  -H 'Event: user.created' {JSON} \\\n  -d '{{\"name\": \"Ada\"}}'",
    )


def _look(config: str) -> Step:
    return Step(
        "See what became of it",
        "Deliveries that failed for good are dead letters; metrics count the others.",
        f"{_curl(f'{config}{SPACE}/deadletters')}{BEARER}\n{_curl(f'{config}/v1/metrics')}{BEARER}",
    )


def _create(space: str, kind: str, document: str) -> str:
    return f"{_curl(f'{space}/{kind}')}{BEARER} {JSON} \\\n  -d '{document}'"


def _curl(url: str) -> str:
    """A command up to its headers; the answer gets a line of its own."""
    return f"curl -w '\\n' {quote(url)} \\\n  "
