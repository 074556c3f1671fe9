"""The command `event-gateway --dev` in a process of its own, on free ports."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.request import Request, urlopen

ROOT = Path(__file__).parents[1]
LIBRARIES = os.pathsep.join([str(ROOT), str(ROOT / "layers/eventgateway/python")])
ADDRESS = re.compile(r"(Events|Config) API\s+http://127\.0\.0\.1:(\d+)")
STOP_SECONDS = 15
DEAD = re.compile(r'^eventgateway_deliveries_total\{[^}]*outcome="dead"[^}]*\} (\d+)', re.MULTILINE)


class StartFailed(Exception):
    """The gateway ended before it told its addresses."""


@dataclass(slots=True)
class GatewayProcess:
    """One gateway and its data directory. After `kill` and `start` it is the same one: same data, same ports."""

    folder: Path
    environment: Mapping[str, str]
    ports: dict[str, int] = field(default_factory=lambda: {"events": 0, "config": 0})
    _process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def log(self) -> Path:
        """What it logged in all its runs."""
        return self.folder / "gateway.log"

    def start(self) -> None:
        """Return when it serves. Raises StartFailed."""
        ports = [flag for api, port in self.ports.items() for flag in (f"--{api}-port", str(port))]
        data = ["--embed-data-dir", str(self.folder / "data")]
        command = [
            sys.executable,
            "-m",
            "local.cli",
            "--dev",
            *ports,
            "--connections-port",
            "0",
            "--dashboard-port",
            "0",
            *data,
            "--log-level",
            "error",
        ]
        environment = {**os.environ, **self.environment, "PYTHONPATH": LIBRARIES}
        with self.log.open("a") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603
        for line in self._process.stdout or ():
            if match := ADDRESS.search(line):
                self.ports[match[1].lower()] = int(match[2])
            if "curl" in line:
                return
        raise StartFailed(self.log.read_text())

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._close()

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """End it politely."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
            self._close()

    def create(self, kind: str, document: Mapping[str, object]) -> None:
        """Make a resource in the space `default`. Raises OSError."""
        body = json.dumps(document).encode()
        urlopen(Request(self._config(f"/v1/spaces/default/{kind}"), body), timeout=30).close()  # noqa: S310 - our own

    def dead_letters(self) -> int:
        """Deliveries that were given up since the data directory was made. Raises OSError."""
        with urlopen(self._config("/v1/metrics"), timeout=30) as answer:  # noqa: S310 - our own
            return sum(map(int, DEAD.findall(answer.read().decode())))

    def _config(self, path: str) -> str:
        return f"http://127.0.0.1:{self.ports['config']}{path}"

    def _close(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
