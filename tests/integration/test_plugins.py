"""Plugins as people have them: really installed, in a real local gateway; and the end of an instance, with a real Runtime API."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.clients.gateway import LIBRARIES, answers, free_ports, serving
from tests.loopback import Loopback, answer

ROOT = Path(__file__).parents[2]
EXAMPLES, PAGE = ROOT / "examples" / "plugins", ROOT / "docs" / "plugins.md"
QUICK = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
OFFLINE = {"PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
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
FUNCTION = {
    "functionId": "echo",
    "type": "awslambda",
    "provider": {"arn": "arn:aws:lambda:us-east-1:123456789012:function:echo", "region": "us-east-1"},
}


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Path:
    """A copy of the examples, since building them writes beside them."""
    return shutil.copytree(EXAMPLES, tmp_path_factory.mktemp("examples") / "plugins", ignore=shutil.ignore_patterns("__pycache__"))


@pytest.fixture(scope="module")
def installed(examples, tmp_path_factory) -> Path:
    """The folder that the tenant plugin is installed in."""
    target = tmp_path_factory.mktemp("installed")
    pip("install", "--no-deps", "--no-build-isolation", "--target", str(target), str(examples / "tenant"))
    return target


def pip(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", *arguments], env={**os.environ, **OFFLINE}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def package(folder: Path, name: str, source: str) -> Path:
    """A plugin as pip would have installed it."""
    metadata = folder / f"{name}-1.dist-info"
    metadata.mkdir()
    (folder / f"plugin_{name}.py").write_text(source)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[eventgateway.plugins]\n{name} = plugin_{name}:{name.title()}\n")
    return folder


def on_path(*folders: Path) -> str:
    return os.pathsep.join([LIBRARIES, *map(str, folders)])


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


def test_the_example_passes_its_own_test(examples, installed):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(examples / "tenant")]
    done = subprocess.run(
        command, env={**os.environ, **QUICK, "PYTHONPATH": on_path(installed)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_installed_plugins_take_part_in_the_local_gateway_and_a_stuck_one_does_not_take_it_down(installed, tmp_path):
    (tmp_path / "echo.py").write_text(ECHO)
    subscription = {"type": "sync", "eventType": "order.placed", "functionId": "echo"}
    environment = {"PYTHONPATH": on_path(installed, package(tmp_path, "stuck", STUCK)), "PLUGINS": "tenant,stuck", "PLUGIN_SECONDS": "0.5"}
    with serving(tmp_path, {"echo": f"{tmp_path}/echo.py:handler"}, environment) as gateway:
        for path, document in (("functions", FUNCTION), ("eventtypes", {"name": "order.placed"}), ("subscriptions", subscription)):
            assert send(gateway.config, f"/v1/spaces/default/{path}", document)[0] == 201
        assert send(gateway.events, "/", {}, event="order.placed", x_tenant="acme") == (200, "acme")
        refused = error('Plugin "tenant" refused the event: the header X-Tenant is missing')
        assert send(gateway.events, "/", {}, event="order.placed") == (401, refused)
        assert send(gateway.events, "/", {}, event="order.placed", x_tenant="initech")[0] == 403
        for path in ("/stuck", "/", "/"):
            assert send(gateway.events, path) == (503, error('Plugin "stuck" did not answer in time. Please try again.'))
    log = (tmp_path / "gateway.log").read_text()
    assert log.count("plugin did not answer in time, it is left alone until it does plugin=stuck seconds=0.5") == 1


def test_a_plugin_that_cannot_take_part_stops_the_start(tmp_path):
    ports = [part for name, port in free_ports("events", "config", "connections").items() for part in (f"--{name}-port", str(port))]
    environment = {**os.environ, "PYTHONPATH": on_path(package(tmp_path, "broken", BROKEN))}
    command = [sys.executable, "-m", "local.cli", "--dev", *ports, "--embed-data-dir", str(tmp_path / "data")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, 'event-gateway: Plugin "broken" cannot be loaded: RuntimeError: no way\n')


class TestEndOfAnInstance:
    """Each runs a handler in a process of its own whose Runtime API is ours."""

    INVOCATION = """
import json, sys
from threading import Event
from types import SimpleNamespace
from {handler} import handler as module
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.web.events_api import EventsApi
from concurrent.futures import ThreadPoolExecutor
from tests.fakes import Gateway
from tests.unit.plugging import Recorder, Stuck, plug_in, worker
from tests.unit.samples import sample

gateway = Gateway()
gateway.subscribe("async", "welcome", "user.created")
plug_in(gateway, worker("p", {plugin}, [("{type}", "{mode}")], seconds=0.05))
module.api = lambda: EventsApi(gateway.receiver)
module.worker = lambda: DeliveryWorker(gateway.deliverer, gateway.queue, ThreadPoolExecutor(2))
print(json.dumps(module.handler(sample("{event}"), SimpleNamespace(aws_request_id="request-1"))), flush=True)
import os
os._exit(0)
"""
    ROUTER = {"handler": "functions.router", "event": "http_post_json", "type": "eventgateway.event.received"}
    DELIVERY = {"handler": "functions.delivery", "event": "sqs", "type": "eventgateway.function.invoking"}

    def invoke(
        self, settings: Mapping[str, str], runtime_api: str | None, plugin: str = "Stuck()", mode: str = "sync"
    ) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if name != "AWS_LAMBDA_RUNTIME_API"}
        environment |= {"PYTHONPATH": LIBRARIES} | ({"AWS_LAMBDA_RUNTIME_API": runtime_api} if runtime_api else {})
        script = self.INVOCATION.format(plugin=plugin, mode=mode, **settings)
        return subprocess.run(
            [sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )

    @pytest.fixture
    def runtime_api(self) -> Iterator[Loopback]:
        with Loopback(lambda _: [answer(b'{"status":"OK"}', status="202 Accepted")]) as server:
            yield server

    @pytest.mark.parametrize(
        ("settings", "expected"),
        [
            (ROUTER, {"statusCode": 503, "body": '{"errors":[{"message":"Plugin \\"p\\" did not answer in time. Please try again."}]}'}),
            (DELIVERY, {"batchItemFailures": [{"itemIdentifier": "b1c6b3a9"}]}),
        ],
        ids=["router", "delivery"],
    )
    def test_the_invocation_is_answered_and_the_process_ends(self, runtime_api, settings, expected):
        done = self.invoke(settings, f"127.0.0.1:{runtime_api.port}")
        [request] = runtime_api.requests
        assert (done.returncode, done.stdout) == (1, ""), done.stderr
        assert (request.method, request.target) == ("POST", "/2018-06-01/runtime/invocation/request-1/response")
        assert request.headers["content-type"] == "application/json"
        assert expected.keys() <= json.loads(request.body).keys()
        if settings is self.ROUTER:
            assert {name: json.loads(request.body)[name] for name in expected} == expected

    def test_so_it_is_when_an_async_plugin_is_stuck(self, runtime_api):
        done = self.invoke(self.ROUTER, f"127.0.0.1:{runtime_api.port}", mode="async")
        assert (done.returncode, json.loads(runtime_api.requests[0].body)["statusCode"]) == (1, 202)

    def test_an_instance_whose_plugins_are_well_goes_on(self, runtime_api):
        done = self.invoke(self.ROUTER, f"127.0.0.1:{runtime_api.port}", plugin="Recorder()")
        assert (done.returncode, runtime_api.requests) == (0, []), done.stderr
        assert json.loads(done.stdout)["statusCode"] == 202

    def test_outside_of_lambda_the_process_goes_on(self):
        done = self.invoke(self.ROUTER, None)
        assert (done.returncode, json.loads(done.stdout)["statusCode"]) == (0, 503), done.stderr

    @pytest.mark.parametrize("status", ["413 Request Entity Too Large", "500 Internal Server Error", ""])
    def test_if_the_runtime_api_does_not_take_the_answer_it_is_given_as_usual(self, runtime_api, status):
        runtime_api.script = lambda _: [answer(b"{}", status=status)] if status else [b"no HTTP\r\n\r\n"]
        done = self.invoke(self.ROUTER, f"127.0.0.1:{runtime_api.port}")
        assert (done.returncode, json.loads(done.stdout)["statusCode"]) == (0, 503), done.stderr


class TestPage:
    """docs/plugins.md: each of its snippets is run."""

    def test_it_shows_the_example(self):
        shown = [body for language, body in BLOCK.findall(PAGE.read_text()) if language in ("python", "toml")]
        for file in ("event_gateway_tenant.py", "pyproject.toml"):
            assert (EXAMPLES / "tenant" / file).read_text() in shown

    def test_its_other_plugins_are_plugins(self):
        shown = [body for language, body in BLOCK.findall(PAGE.read_text()) if language == "python"]
        for body in shown:
            names: dict[str, object] = {}
            exec(body, names)
            plugins = [each for name, each in names.items() if name != "Plugin" and hasattr(each, "subscriptions")]
            assert [list(each().subscriptions()) for each in plugins] != [], body

    def test_its_commands_do_what_it_says(self, examples, tmp_path):
        folder = shutil.copytree(examples, tmp_path / "plugins")
        ports = free_ports("events", "config", "connections")
        blocks = [*BLOCK.findall(PAGE.read_text()), ("", "")]
        environment = {**os.environ, **OFFLINE, **QUICK, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
        environment.pop("PYTHONPATH", None)
        started: list[subprocess.Popen[bytes]] = []
        try:
            for (language, body), (next_language, expected) in zip(blocks, blocks[1:], strict=False):
                if language == "sh":
                    started.append(self.start(body, folder, ports, environment))
                elif language == "bash":
                    printed = self.run(body, folder, ports, environment)
                    assert next_language != "text" or printed.splitlines() == expected.splitlines(), body
        finally:
            for each in started:
                os.killpg(each.pid, signal.SIGTERM)
                each.wait(15)
        assert len(started) == 1
        with zipfile.ZipFile(folder / "tenant-layer.zip") as layer:
            assert "python/event_gateway_tenant.py" in layer.namelist()
            layer.extractall(tmp_path / "opt")
        script = "from eventgateway.plugin_loader import load; from eventgateway.settings import Settings; print(load(Settings('', '', '')).workers[0].name)"
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": on_path(tmp_path / "opt" / "python")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "tenant\n", done.stderr

    def start(self, body, folder, ports, environment):
        flags = " ".join(f"--{name}-port {port}" for name, port in ports.items())
        command = ["bash", "-c", f"{body.strip()} {flags}"]
        with (folder / "gateway.log").open("wb") as log:
            started = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
        for _ in range(600):
            if answers(f"http://localhost:{ports['config']}/v1/status"):
                return started
            try:
                started.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            break
        raise AssertionError((folder / "gateway.log").read_text())

    def run(self, body, folder, ports, environment):
        for name, usual in {"events": 4000, "config": 4001}.items():
            body = body.replace(f"localhost:{usual}", f"localhost:{ports[name]}")
        done = subprocess.run(["bash", "-euc", body], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{body}\n{done.stdout}{done.stderr}"
        return done.stdout
