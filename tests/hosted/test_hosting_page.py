"""docs/hosting.md: its commands are run in one shell, in their order, against a local gateway, and print what it says."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from eventgateway.core import tenant
from eventgateway.core.hosting import LABEL_LENGTH, RESERVED
from eventgateway.operations import hosted_spaces, key_ring
from tests.clients.gateway import ROOT
from tests.hosted.gateway import OPERATOR_KEY, Hosted, hosting
from tests.loopback import Loopback
from tests.texts import with_replaced

pytestmark = pytest.mark.xdist_group("hosted")

PAGE = (ROOT / "docs/hosting.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END = "--- end of a block ---"


def story() -> list[tuple[str, str]]:
    """Commands, and what they print."""
    blocks = [(language, text) for language, text in BLOCK.findall(PAGE) if language in {"bash", "text"}]
    assert [language for language, _ in blocks] == ["bash", "text"] * (len(blocks) // 2)
    return [(commands, printed) for (_, commands), (_, printed) in zip(blocks[::2], blocks[1::2], strict=True)]


def here(text: str, hosted: Hosted, target: Loopback) -> str:
    """The text with the ports of the test."""
    urls = {"4000": hosted.gateway.events, "4001": hosted.gateway.config}
    ports = {shown: url.rpartition(":")[2] for shown, url in urls.items()} | {"8080": str(target.port)}
    return with_replaced(text, {f"localhost:{shown}": f"localhost:{port}" for shown, port in ports.items()})


def fits(shown: str, printed: str) -> bool:
    """Whether a text is the one shown, in which `…` stands for what is made anew each time."""
    return re.fullmatch(re.escape(shown).replace("…", r"\S+"), printed) is not None


def test_its_commands_print_what_it_says(tmp_path: Path, target: Loopback) -> None:
    assert shutil.which("curl"), "the commands of the page need curl"
    with hosting(tmp_path, "localhost") as hosted:
        script = "".join(f"{here(commands, hosted, target)}printf '\\n{END}\\n'\n" for commands, _ in story())
        done = subprocess.run(
            ["bash", "-euc", 'curl() { command curl "$@"; case "$*" in *-w*) ;; *) echo ;; esac; }\n' + script],
            cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
            env={"PATH": os.environ["PATH"], "GATEWAY_OPERATOR_KEY": OPERATOR_KEY},
        )  # fmt: skip
        assert target.wait_until(lambda: len(target.requests) >= 3, 20), "all accepted events are delivered, those before a suspension too"
    assert done.returncode == 0, done.stdout + done.stderr
    outputs = done.stdout.split(END)[:-1]
    assert len(outputs) == len(story()) > 8
    for (commands, shown), printed in zip(story(), outputs, strict=True):
        expected, got = ([line for line in text.splitlines() if line] for text in (here(shown, hosted, target), printed))
        assert len(expected) == len(got), (commands, got)
        assert all(map(fits, expected, got)), (commands, got)


def test_its_numbers_are_right() -> None:
    assert f"at most {tenant.APPS} applications, {tenant.KEYS} keys and {tenant.MEMBERS} members" in PAGE
    assert f"{tenant.NAME_LENGTH} for a tenant, {LABEL_LENGTH} for both" in PAGE
    assert f"{hosted_spaces.MOST_SPACES:,}, with {hosted_spaces.MOST_RESOURCES:,} resources" in PAGE
    assert f"once\nin {key_ring.KEPT_SECONDS:g} seconds" in PAGE
    assert f"within {key_ring.STALE_SECONDS:g} seconds" in PAGE
    assert {"www", "config", "dashboard", "api"} <= RESERVED
