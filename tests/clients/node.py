"""Node.js: the packages of package.json, and scripts that use them."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

CLIENTS = Path(__file__).parent
MODULES = CLIENTS / "node_modules"
INSTALL = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
OLDEST_NODE = 20
NEEDED = f"The tests of the clients need Node.js {OLDEST_NODE} or later and npm (https://nodejs.org): "
INSTALL_SECONDS, SCRIPT_SECONDS = 100, 30


def install() -> None:
    """Install what the lock file names, unless it is there already. Fails the test where that cannot be done."""
    check_tools()
    lock, stamp = sha256((CLIENTS / "package-lock.json").read_bytes()).hexdigest(), MODULES / ".installed"
    if stamp.exists() and stamp.read_text() == lock:
        return
    done = subprocess.run(INSTALL, cwd=CLIENTS, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    assert done.returncode == 0, f"{' '.join(INSTALL)} failed; the first run needs the npm registry.\n{done.stdout}{done.stderr}"
    stamp.write_text(lock)


def check_tools() -> None:
    for tool in ("node", "npm"):
        assert shutil.which(tool), f"{NEEDED}{tool} is missing."
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    found = re.match(r"v(\d+)\.", version)
    assert found, f"{NEEDED}`node --version` says {version!r}."
    assert int(found[1]) >= OLDEST_NODE, f"{NEEDED}this is {version}."


def run(
    command: list[str | Path], stdin: str = "", folder: Path = CLIENTS, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command. It sees no access key of the developer's."""
    variables = {name: value for name, value in os.environ.items() if name != "EVENT_GATEWAY_ACCESS_KEY"}
    return subprocess.run(
        command,
        input=stdin,
        cwd=folder,
        env={**variables, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=SCRIPT_SECONDS,
        check=False,
    )


@dataclass(frozen=True)
class Failure:
    """What the SDK threw."""

    message: str
    kind: str = "Error"


@dataclass(frozen=True)
class Sdk:
    """The Node.js SDK. `redirects` sends what goes to one origin to another one, by the SDK's own option `fetch`."""

    options: Mapping[str, object]
    environment: Mapping[str, str] = field(default_factory=dict)
    redirects: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *calls: tuple[Any, ...]) -> list[Any]:
        """What each call (method, arguments…) resolved to, in one process; a call that was rejected gives a Failure."""
        told = {"options": self.options, "redirects": self.redirects, "calls": calls}
        done = run(["node", "sdk.cjs"], json.dumps(told), environment=self.environment)
        assert done.returncode == 0, done.stderr
        outcomes = json.loads(done.stdout)
        return [Failure(**each["failure"]) if "failure" in each else each.get("value") for each in outcomes]

    def configuration(self) -> dict[str, str]:
        """The options as the SDK understood them."""
        [found] = self(("config",))
        return found
