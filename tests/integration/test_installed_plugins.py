"""Plugins as people have them: really installed, in a real local gateway."""

import json
import shutil
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.clients.gateway import free_ports, serving
from tests.integration.plugin_packages import EXAMPLES, copy_of_the_examples, package, with_path

ECHO = """
import json

def handler(event, context):
    return {"body": json.dumps(event["extensions"].get("tenant"))}
"""
STUCK = """
from threading import Event

class Stuck:
    def subscriptions(self):
        return [("eventgateway.event.received", "sync")]

    def react(self, event):
        if event.data["path"] != "/":
            Event().wait()
"""
BROKEN = "raise RuntimeError('no way')"
AWS_FUNCTION = {"arn": "arn:aws:lambda:us-east-1:123456789012:function:echo", "region": "us-east-1"}
CONFIGURATION = {
    "functions": {"functionId": "echo", "type": "awslambda", "provider": AWS_FUNCTION},
    "eventtypes": {"name": "order.placed"},
    "subscriptions": {"type": "sync", "eventType": "order.placed", "functionId": "echo"},
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The folder that the tenant plugin is installed in."""
    target, source = tmp_path_factory.mktemp("installed"), copy_of_the_examples(tmp_path_factory.mktemp("examples")) / "tenant"
    done = python(with_path(), "pip", "install", "--no-deps", "--no-build-isolation", "--target", str(target), str(source))
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def python(environment: dict[str, str], module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def send(url: str, path: str, document: object = None, **headers: str) -> tuple[int, object]:
    """Status and JSON of the answer to a POST; names of headers with underscores for dashes."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=20)
    named = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", path, json.dumps(document), named)
    answered = connection.getresponse()
    body = answered.read()
    connection.close()
    return answered.status, json.loads(body or b"null")


def error(message: str) -> dict[str, list[dict[str, str]]]:
    return {"errors": [{"message": message}]}


def test_the_example_passes_its_own_test(installed, tmp_path):
    test = shutil.copy(EXAMPLES / "tenant" / "test_event_gateway_tenant.py", tmp_path)
    done = python(with_path(installed), "pytest", "-q", str(test))
    assert done.returncode == 0, done.stdout + done.stderr


def test_installed_plugins_take_part_in_the_local_gateway_and_a_stuck_one_does_not_take_it_down(installed, tmp_path):
    (tmp_path / "echo.py").write_text(ECHO)
    environment = with_path(installed, package(tmp_path, "stuck", STUCK)) | {"PLUGINS": "tenant,stuck", "PLUGIN_SECONDS": "0.5"}
    with serving(tmp_path, {"echo": f"{tmp_path}/echo.py:handler"}, environment) as gateway:
        for path, document in CONFIGURATION.items():
            assert send(gateway.config, f"/v1/spaces/default/{path}", document)[0] == 201
        assert send(gateway.events, "/", {}, event="order.placed", x_tenant="acme") == (200, "acme")
        refused = error('Plugin "tenant" refused the event: the header X-Tenant is missing')
        assert send(gateway.events, "/", {}, event="order.placed") == (401, refused)
        assert send(gateway.events, "/", {}, event="order.placed", x_tenant="initech")[0] == 403
        for path in ("/stuck", "/", "/"):
            assert send(gateway.events, path, x_tenant="acme") == (503, error('Plugin "stuck" did not answer in time. Please try again.'))
    log = (tmp_path / "gateway.log").read_text()
    assert log.count("plugin did not answer in time, it is left alone until it does plugin=stuck seconds=0.5") == 1


def test_a_plugin_that_cannot_take_part_stops_the_start(tmp_path):
    ports = [
        part for name, port in free_ports("events", "config", "connections", "dashboard").items() for part in (f"--{name}-port", str(port))
    ]
    environment = with_path(package(tmp_path, "broken", BROKEN))
    done = python(environment, "local.cli", "--dev", *ports, "--embed-data-dir", str(tmp_path / "data"))
    assert (done.returncode, done.stderr) == (1, 'event-gateway: Plugin "broken" cannot be loaded: RuntimeError: no way\n')
