"""A service of the Serverless Framework that uses the plugin."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.clients.node import CLIENTS, run

COMMAND = CLIENTS / "serverless" / "serverless.cjs"
PLUGIN = "@serverless/serverless-event-gateway-plugin"


def event(event_type: str, kind: str = "async", **others: object) -> dict[str, object]:
    """An entry of `events` of a function."""
    return {"eventgateway": {"type": kind, "eventType": event_type, **others}}


def endpoint(path: str, **others: object) -> dict[str, object]:
    """A GET endpoint as an entry of `events`."""
    return event("http.request", "sync", method="GET", path=path, **others)


@dataclass(frozen=True)
class Service:
    """A folder with a serverless.yml, the command `serverless` in it, and the URLs of the gateway.

    With an access key the service is one of the hosted gateway, whose URL says all else.
    """

    folder: Path
    url: str
    configuration_url: str
    space: str
    access_key: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def write(self, functions: Mapping[str, Any], event_types: Mapping[str, Any] | None = None, name: str = "shop") -> None:
        """Write serverless.yml; `functions` has events (a list) or more (a mapping) by name."""
        own = {"configurationUrl": self.configuration_url, "space": self.space}
        document = {
            "service": name,
            "plugins": [PLUGIN],
            "provider": {"name": "aws", "runtime": "python3.11", "stage": "dev", "region": "us-east-1"},
            "custom": {
                "eventTypes": event_types or {},
                "eventgateway": {"url": self.url, **({"accessKey": self.access_key} if self.access_key else own)},
            },
            "functions": {
                key: {"handler": "a.b", **(each if isinstance(each, dict) else {"events": each})} for key, each in functions.items()
            },
        }
        (self.folder / "serverless.yml").write_text(json.dumps(document))  # JSON is YAML

    def run(self, *words: str) -> list[str]:
        """The lines that a command prints."""
        done = run([COMMAND, *words], folder=self.folder, environment=self.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return [line for line in done.stdout.splitlines() if line]

    def fail(self, *words: str) -> str:
        """The error of a command that fails."""
        done = run([COMMAND, *words], folder=self.folder, environment=self.environment)
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stderr.strip()
