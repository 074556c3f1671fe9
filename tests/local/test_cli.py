"""The command as people and scripts use it, each in a process of its own."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest

from eventgateway import __version__
from local.journal import Journal
from tests.loopback import Loopback, answer

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers/eventgateway/python'}", "PATH": os.environ["PATH"], "COLUMNS": "100"}
COMMAND = [sys.executable, "-m", "local.cli"]

SLOW = """
import boto3
from pathlib import Path
SQS = boto3.client("sqs")
from time import sleep
def handler(event, context):
    Path(__file__).with_name("entered").touch()
    while not Path(__file__).with_name("go").exists():
        sleep(0.01)
    return {"statusCode": 200, "body": f"done {len(SQS.list_queues()['QueueUrls'])}"}
"""


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, env=ENVIRONMENT, cwd=cwd, check=False, timeout=60)


class Gateway:
    """A running command."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        ports = ["-events-port=0", "-config-port=0", "-connections-port=0", "-dashboard-port=0"]
        command = [*COMMAND, "-dev", *ports, "-embed-data-dir", str(folder / "data"), *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT, cwd=folder)
        self.output = ""
        self.ports = {}
        while "curl" not in self.output:
            line = self.process.stdout.readline()
            assert line, self.output
            self.output += line
            for api in ("Events API", "Config API", "Connections API", "Dashboard"):
                if api in line:
                    self.ports[api.split()[0].lower()] = int(line.partition(api)[2].partition("127.0.0.1:")[2].split(",")[0])

    def ask(self, api: str, method: str, path: str, document: object = None) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.ports[api], timeout=15)
        body = None if document is None else json.dumps(document)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, content

    def create(self, kind: str, **document: object) -> None:
        status, body = self.ask("config", "POST", f"/v1/spaces/default/{kind}", document)
        assert status == 201, body

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(15)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def gateway(tmp_path) -> Iterator:
    started = []

    def start(*arguments: str) -> Gateway:
        started.append(Gateway(tmp_path, *arguments))
        return started[-1]

    yield start
    for each in started:
        each.close()


def test_version():
    done = run("-version")
    assert (done.returncode, done.stdout.strip()) == (0, f"event-gateway {__version__}")


def test_help_is_worth_reading():
    done = run("--help")
    assert done.returncode == 0
    for word in (
        "--events-port",
        "--hosted",
        "--allow-private-targets",
        "--function",
        "NAME=FILE:HANDLER",
        "Examples",
        "-dev -config-port=5001",
        "embed-peer-addr",
        "doctor",
    ):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "start it with\n    event-gateway --dev"),
        ([], "event-gateway doctor"),
        (["--dev", "doctor"], "doctor goes without --dev"),
        (["--dev", "doktor"], "No such command"),
        (["--dev", "--no-such-flag"], "No such option"),
        (["--dev", "--events-port", "70000"], "--events-port"),
        (["--dev", "--log-level", "loud"], "loud"),
        (["--dev", "--hosted", "https://slsgateway.com"], "a domain such as slsgateway.com or localhost"),
        (["--dev", "--hosted", "slsgateway.com:4000"], "a domain such as slsgateway.com or localhost"),
        (["--dev", "--hosted", "*.slsgateway.com"], "a domain such as slsgateway.com or localhost"),
        (["--dev", "--hosted="], "a domain such as slsgateway.com or localhost"),
        (["--dev", "--hosted", "a..b"], "a domain such as slsgateway.com or localhost"),
        (["--dev", "--allow-private-targets"], "--allow-private-targets goes with --hosted only"),
        (["--dev", "--hosted", "localhost", "--allow-private-targets", "--outbound-guard"], "contradict each other"),
        (["--dev", "--events-tls-cert", "cert.pem"], "--events-tls-cert and --events-tls-key belong together"),
    ],
)
def test_wrong_use(arguments, message):
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_flags_without_a_meaning_bring_one_line_each():
    done = run("-workers", "5", "--plugin=a", "--plugin", "b", "-version")
    assert done.returncode == 0
    assert [line.split()[2] for line in done.stderr.splitlines()] == ["--workers", "--plugin", "--plugin"]


def refusal(done: subprocess.CompletedProcess) -> str:
    """The one line of a start that failed."""
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("flag", ["--events-port", "--config-port", "--connections-port", "--dashboard-port"])
def test_a_taken_port(flag, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        others = [f"{other}=0" for other in ("--events-port", "--config-port", "--connections-port", "--dashboard-port") if other != flag]
        line = refusal(run("--dev", *others, flag, str(port), cwd=tmp_path))
    assert line.startswith("event-gateway: ")
    assert line.endswith(f": cannot listen on 127.0.0.1:{port}: Address already in use")


def test_other_things_that_cannot_be_had(tmp_path):
    ports = ["--dev", "--events-port=0", "--config-port=0", "--connections-port=0", "--dashboard-port=0"]
    (tmp_path / "file").touch()
    assert "cannot be made" in refusal(run(*ports, "--embed-data-dir", "file", cwd=tmp_path))
    assert "No such file" in refusal(run(*ports, "--function", "greet=none.py:handler", cwd=tmp_path))
    assert "cannot be used" in refusal(run(*ports, "--config-tls-cert", "a", "--config-tls-key", "b", cwd=tmp_path))
    sqlite3.connect(tmp_path / "gateway.db").execute("CREATE TABLE theirs (a)").connection.close()
    assert "database of another program" in refusal(run(*ports, "--embed-data-dir", ".", cwd=tmp_path))


def test_the_scale_of_retries_is_taken_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "RETRY_SCALE", "0")
    line = refusal(run("--dev", "--events-port=0", "--config-port=0", "--connections-port=0", "--dashboard-port=0", cwd=tmp_path))
    assert "RETRY_SCALE='0': must be at least 0.001" in line


def test_what_tenants_may_call_is_taken_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "ALLOWED_TARGETS", "everything")
    ports = ["--events-port=0", "--config-port=0", "--connections-port=0", "--dashboard-port=0"]
    line = refusal(run("--dev", "--hosted", "gateway.example.org", *ports, cwd=tmp_path))
    assert "ALLOWED_TARGETS: 'everything' is no ARN of a function, queue or stream" in line


def test_a_data_directory_in_use(tmp_path):
    journal = Journal.open(tmp_path)
    line = refusal(
        run("--dev", "--events-port=0", "--config-port=0", "--connections-port=0", "--dashboard-port=0", "--embed-data-dir", str(tmp_path))
    )
    journal.close()
    assert "another gateway is using the data directory" in line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_configuration_survives_a_restart(gateway, number):
    first = gateway()
    assert first.ask("config", "GET", "/v1/status")[0] == 200
    first.create("eventtypes", name="user.created")
    assert json.loads(first.ask("connections", "GET", "/v1/spaces/default/eventtypes")[1])["eventTypes"]
    assert first.end(number) == 0
    assert json.loads(gateway().ask("config", "GET", "/v1/spaces/default/eventtypes")[1])["eventTypes"][0]["name"] == "user.created"


@pytest.mark.parametrize(("flags", "status"), [([], 201), (["-outbound-guard"], 400), (["-outbound-guard=false"], 201)])
def test_the_outbound_guard_keeps_functions_away_from_this_machine(gateway, flags, status):
    running = gateway(*flags)
    function = {"functionId": "f", "type": "http", "provider": {"url": "http://localhost:8080/"}}
    assert running.ask("config", "POST", "/v1/spaces/default/functions", function)[0] == status


def test_the_outbound_guard_holds_for_functions_that_were_there_before(gateway):
    with Loopback(lambda _: [answer(b'{"statusCode": 200, "body": "here"}')]) as server:
        first = gateway()
        first.create("eventtypes", name="http.request")
        first.create("functions", functionId="f", type="http", provider={"url": server.url()})
        first.create("subscriptions", type="sync", eventType="http.request", functionId="f", path="/f", method="GET")
        assert first.ask("events", "GET", "/f") == (200, b"here")
        first.end()
        status, body = gateway("--outbound-guard").ask("events", "GET", "/f")
        assert (status, json.loads(body)) == (500, {"errors": [{"message": "Function call failed. Please check logs."}]})
        assert len(server.requests) == 1


def wait_for(path: Path) -> None:
    deadline = monotonic() + 10
    while not path.exists():
        assert monotonic() < deadline
        sleep(0.01)


def test_requests_and_deliveries_that_run_at_the_end_are_finished(gateway, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    running = gateway("-function", "slow=slow.py:handler")
    running.create("eventtypes", name="http.request")
    running.create(
        "functions",
        functionId="slow",
        type="awslambda",
        provider={"arn": "arn:aws:lambda:eu-west-1:1:function:slow", "region": "eu-west-1"},
    )
    for kind in ("sync", "async"):
        running.create("subscriptions", type=kind, eventType="http.request", functionId="slow", path="/slow", method="GET")
    answers = []
    client = Thread(target=lambda: answers.append(running.ask("events", "GET", "/slow")))
    client.start()
    wait_for(tmp_path / "entered")
    running.process.send_signal(signal.SIGTERM)
    sleep(0.3)
    with pytest.raises(OSError, match=r".*"):
        running.ask("events", "GET", "/slow")
    (tmp_path / "go").touch()
    client.join(10)
    assert answers == [(200, b"done 2")]
    assert running.process.wait(15) == 0
    assert waiting(tmp_path) == []


def waiting(folder: Path) -> list:
    journal = Journal.open(folder / "data")
    messages = journal.messages()
    journal.close()
    return messages


def test_an_accepted_event_survives_a_kill_and_is_delivered(gateway, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    first = gateway("-function", "slow=slow.py:handler", "-log-format=json")
    first.create("eventtypes", name="http.request")
    first.create("functions", functionId="slow", type="awslambda", provider={"arn": "slow", "region": "us-east-1"})
    first.create("subscriptions", type="async", eventType="http.request", functionId="slow", path="/", method="GET")
    assert first.ask("events", "GET", "/")[0] == 202
    first.end(signal.SIGKILL)
    assert len(waiting(tmp_path)) == 1
    (tmp_path / "entered").unlink(missing_ok=True)
    (tmp_path / "go").touch()
    second = gateway("-function", "slow=slow.py:handler")
    wait_for(tmp_path / "entered")
    assert second.end() == 0
    assert waiting(tmp_path) == []
