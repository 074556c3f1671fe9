"""docs/plugins.md: each of its snippets is run."""

import os
import re
import signal
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest

from tests.clients.gateway import answers, free_ports
from tests.integration.plugin_packages import ENVIRONMENT, EXAMPLES, copy_of_the_examples, with_path
from tests.texts import with_replaced

PAGE = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PYTHON = [body for language, body in BLOCKS if language == "python"]
USUAL = {"events": "4000", "config": "4001"}
LOAD = """
from eventgateway import plugin_loader
from eventgateway.settings import Settings
print([each.name for each in plugin_loader.load(Settings("", "", "", "", "")).workers])
"""


@pytest.mark.parametrize("file", ["event_gateway_tenant.py", "pyproject.toml"])
def test_it_shows_the_example(file):
    assert (EXAMPLES / "tenant" / file).read_text(encoding="utf-8") in [body for _, body in BLOCKS]


@pytest.mark.parametrize("source", PYTHON)
def test_its_plugins_subscribe_to_something(source):
    names: dict[str, object] = {}
    exec(source, names)
    [plugin] = [each for each in names.values() if hasattr(each, "react")]
    assert list(plugin().subscriptions()) != []


def test_its_commands_do_what_it_says(tmp_path):
    folder, ports = copy_of_the_examples(tmp_path), free_ports("events", "config", "connections", "dashboard")
    environment = ENVIRONMENT | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    gateways: list[subprocess.Popen[bytes]] = []
    try:
        for (language, body), (next_language, expected) in pairwise([*BLOCKS, ("", "")]):
            if language == "sh":
                gateways.append(start(body, folder, ports, environment))
            elif language == "bash":
                printed = run(body, folder, ports, environment)
                assert next_language != "text" or printed.splitlines() == expected.splitlines(), body
    finally:
        for each in gateways:
            os.killpg(each.pid, signal.SIGTERM)
            each.wait(15)
    assert len(gateways) == 1
    assert plugins_in(folder / "tenant-layer.zip", tmp_path / "opt") == "['tenant']\n"


def plugins_in(layer: Path, folder: Path) -> str:
    """What the gateway finds when a layer is unpacked in a folder, as Lambda does."""
    with zipfile.ZipFile(layer) as archive:
        archive.extractall(folder)
    done = subprocess.run([sys.executable, "-c", LOAD], env=with_path(folder / "python"), capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def start(command: str, folder: Path, ports: dict[str, int], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    flags = " ".join(f"--{name}-port {port}" for name, port in ports.items())
    with (folder / "gateway.log").open("wb") as log:
        shell = ["bash", "-c", f"{command.strip()} {flags}"]
        started = subprocess.Popen(shell, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    while not answers(f"http://localhost:{ports['config']}/v1/status"):
        try:
            started.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError((folder / "gateway.log").read_text())
    return started


def run(commands: str, folder: Path, ports: dict[str, int], environment: dict[str, str]) -> str:
    commands = with_replaced(commands, {f"localhost:{usual}": f"localhost:{ports[name]}" for name, usual in USUAL.items()})
    done = subprocess.run(["bash", "-euc", commands], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
    return done.stdout
