"""A local gateway as a process of its own, on free ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[2]
LIBRARIES = os.pathsep.join([str(ROOT), str(ROOT / "layers/eventgateway/python")])
START_SECONDS, STOP_SECONDS = 60, 15
LISTS = {"functions": "functions", "subscriptions": "subscriptions", "eventTypes": "eventtypes", "cors": "cors"}


@dataclass(frozen=True)
class Gateway:
    """Where it listens; URLs without a slash at their end."""

    events: str
    config: str
    connections: str
    dashboard: str

    def configuration(self, space: str) -> dict[str, list[dict[str, object]]]:
        """All resources of a space."""
        found = {}
        for name, path in LISTS.items():
            with urlopen(f"{self.config}/v1/spaces/{space}/{path}") as answer:
                found[name] = sorted(json.load(answer)[name], key=json.dumps)
        return found

    def request(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Status and body of what the Events API answers, if it is no error."""
        with urlopen(Request(self.events + path, body, dict(headers or {}), method=method)) as answer:
            return answer.status, answer.read().decode()


@contextmanager
def serving(
    folder: Path, functions: Mapping[str, str], environment: Mapping[str, str] | None = None, others: Sequence[str] = ()
) -> Iterator[Gateway]:
    """A gateway with its data directory in `folder`; `functions` are `FILE:HANDLER` by name, `others` are flags.

    The handlers see `EVENTS_URL`.
    """
    ports = free_ports("events", "config", "connections", "dashboard")
    urls = {api: f"http://localhost:{port}" for api, port in ports.items()}
    flags = [part for api, port in ports.items() for part in (f"--{api}-port", str(port))]
    flags += [part for name, place in functions.items() for part in ("--function", f"{name}={place}")]
    command = [sys.executable, "-m", "local.cli", "--dev", *flags, *others, "--embed-data-dir", str(folder / "data")]
    variables = {**os.environ, "PYTHONPATH": LIBRARIES, "EVENTS_URL": urls["events"], **(environment or {})}
    log = folder / "gateway.log"
    with log.open("wb") as output, subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, env=variables) as process:
        try:
            wait_until_ready(process, urls["config"], log)
            yield Gateway(**urls)
        finally:
            stop(process)


def free_ports(*names: str) -> dict[str, int]:
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    ports = {name: each.getsockname()[1] for name, each in sockets.items()}
    for each in sockets.values():
        each.close()
    return ports


def wait_until_ready(process: subprocess.Popen[bytes], config: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not answers(f"{config}/v1/status"):
        assert process.poll() is None, f"the gateway did not start:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"the gateway was not ready in time:\n{log.read_text()}"
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
