"""The README's story, executed: every `bash` block in order, compared with the `text` and `console` blocks below them.

And the other pages, as far as a test can read: links lead somewhere, every setting and every flag is documented.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from typer.main import get_command

from eventgateway.settings import DashboardSettings, Settings
from local.cli import app
from local.flags import IGNORED
from tests.texts import with_replaced

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "$ python3 demo/users.py\n"
PORTS = {"events": "4000", "config": "4001", "connections": "4002", "dashboard": "4003", "function": "8080"}
START_SECONDS, DELIVERY_SECONDS, BLOCK_SECONDS = 30, 15, 30

LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@dataclass(frozen=True)
class Step:
    """A block of commands and what they print."""

    commands: str
    expected: str


@dataclass(frozen=True)
class Story:
    """The blocks of a page: `before` are the steps that come before the first `sh` block, which starts servers."""

    before: list[Step]
    after: list[Step]
    function_prints: list[str]


def read_story(text: str) -> Story:
    blocks = BLOCK.findall(text)
    start = next(number for number, (_, body) in enumerate(blocks) if body == "python3 demo/users.py\n")
    printed = [body.removeprefix(PROMPT) for language, body in blocks if language == "console" and body.startswith(PROMPT)]
    return Story(list(steps(blocks[:start])), list(steps(blocks[start:])), "".join(printed).splitlines())


def steps(blocks: list[tuple[str, str]]) -> Iterator[Step]:
    following = [*blocks[1:], ("", "")]
    for (language, body), (next_language, next_body) in zip(blocks, following, strict=True):
        if language == "bash":
            yield Step(body, next_body if next_language == "text" else "")


def on_ports(text: str, ports: dict[str, str]) -> str:
    """The text with free ports in the place of the usual ones."""
    text = text.replace(f'("127.0.0.1", {PORTS["function"]})', f'("127.0.0.1", {ports["function"]})')
    return with_replaced(text, {f"localhost:{usual}": f"localhost:{ports[name]}" for name, usual in PORTS.items()})


def free_ports() -> dict[str, str]:
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in PORTS}
    ports = {name: str(each.getsockname()[1]) for name, each in sockets.items()}
    for each in sockets.values():
        each.close()
    return ports


def run(commands: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=folder, capture_output=True, text=True, timeout=BLOCK_SECONDS, check=False
    )
    assert done.returncode == 0, f"{commands}\nexit status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def comparable(output: str) -> list[object]:
    """Lines; JSON lines by value, since the order of keys is no promise."""
    return [json.loads(line) if line.startswith(("{", "[")) else line for line in output.splitlines() if line]


@contextmanager
def process(command: list[str], folder: Path, log: Path, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})}
        ) as started,
    ):
        try:
            yield started
        finally:
            started.send_signal(signal.SIGTERM)
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()


@contextmanager
def gateway(folder: Path, ports: dict[str, str]) -> Iterator[None]:
    """The local gateway with the README's handler, as `make dev` starts it."""
    port_flags = [part for name in ("events", "config", "connections", "dashboard") for part in (f"--{name}-port", ports[name])]
    data = ["--embed-data-dir", str(folder / "data"), "--function", f"hello={folder / 'demo' / 'hello.py'}:handler"]
    log, path = folder / "gateway.log", [str(ROOT), str(ROOT / "layers/eventgateway/python")]
    command = [sys.executable, "-m", "local.cli", "--dev", *port_flags, *data]
    with process(command, folder, log, {"PYTHONPATH": os.pathsep.join(path)}) as started:
        status = f"http://localhost:{ports['config']}/v1/status"
        assert wait(lambda: started.poll() is not None or answers(status), START_SECONDS), log.read_text()
        assert started.poll() is None, log.read_text()
        yield
    assert started.returncode == 0, f"exit status {started.returncode}\n{log.read_text()}"


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def wait(holds: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not (done := holds()) and time.monotonic() < end:
        time.sleep(0.1)
    return done


def play(story: list[Step], folder: Path, ports: dict[str, str]) -> None:
    for step in story:
        output = run(on_ports(step.commands, ports), folder)
        assert comparable(output) == comparable(on_ports(step.expected, ports)), step.commands


@pytest.mark.timeout(180)
def test_the_story_of_the_readme_works_by_copy_and_paste(tmp_path: Path) -> None:
    assert shutil.which("curl"), "the README's commands need curl"
    story, ports = read_story((ROOT / "README.md").read_text()), free_ports()
    play(story.before, tmp_path, ports)
    log = tmp_path / "users.log"
    with process([sys.executable, "demo/users.py"], tmp_path, log), gateway(tmp_path, ports):
        play(story.after, tmp_path, ports)
        wait(lambda: len(log.read_text().splitlines()) >= len(story.function_prints), DELIVERY_SECONDS)
    assert sorted(log.read_text().splitlines()) == sorted(story.function_prints)


def test_the_readme_tells_the_whole_story() -> None:
    """So that a changed fence cannot empty the test above."""
    story = read_story((ROOT / "README.md").read_text())
    commands = "".join(step.commands for step in [*story.before, *story.after])
    assert len(story.before) == 1
    assert all(step.expected for step in story.after)
    assert len(story.function_prints) == 4
    for part in ("CE-EventType", "cloudevents+json", "Event: user.created", "/users/42", "arn:aws:lambda", "-X DELETE"):
        assert part in commands


def test_the_configuration_page_has_every_setting_and_flag() -> None:
    page = (ROOT / "docs/configuration.md").read_text()
    settings = {each.metadata["name"] for class_ in (Settings, DashboardSettings) for each in fields(class_)}
    command = get_command(app)
    parameters = [*command.params, *(parameter for each in command.commands.values() for parameter in each.params)]
    flags = {flag for parameter in parameters for flag in parameter.opts} | {f"--{name}" for name in IGNORED}
    documented = set(re.findall(r"`(-{1,2}[a-z][a-z-]*|[A-Z_]+)", page))
    assert settings | flags <= documented
    assert {each for each in documented if each.startswith("--")} <= flags | {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text()):
        linked = (page.parent / target) if target else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked.read_text()), f"{target}#{anchor}"


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
