"""docs/migrating.md, executed: its files, programs and commands, and what they print."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.clients.gateway import ROOT, Gateway, serving
from tests.clients.node import Sdk, run
from tests.clients.serverless_service import COMMAND
from tests.texts import with_replaced

pytestmark = pytest.mark.xdist_group("clients")

PAGE = (ROOT / "docs/migrating.md").read_text()
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text: str) -> list[tuple[str, str]]:
    return BLOCK.findall(text)


def printed(language: str, code: str, folder: Path) -> list[str]:
    """The lines that a block prints, but for empty ones."""
    if language == "js":
        done = run(["node", "--input-type=module"], code)  # imports are looked up from tests/clients
    else:
        done = run(["bash", "-euc", code], folder=folder, environment={"PATH": f"{folder}:{os.environ['PATH']}"})
    assert done.returncode == 0, f"{code}\n{done.stdout}{done.stderr}"
    return lines(done.stdout)


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def at(text: str, addresses: Mapping[str, str]) -> str:
    """The text with the addresses of the test."""
    return with_replaced(text, addresses)


def addresses(old: Gateway, gateway: Gateway) -> dict[str, str]:
    return {
        "http://old.example.com:4000": old.events,
        "http://old.example.com:4001": old.config,
        "https://events.example.com": gateway.events,
        "https://config.example.com": gateway.config,
        "https://connections.example.com": gateway.connections,
        "http://localhost:4000": gateway.events,
        "http://localhost:4001": gateway.config,
    }


def configure(old: Gateway) -> None:
    """What the page copies from the old gateway."""
    Sdk({"url": old.events, "configurationUrl": old.config, "space": "mails"})(
        ("createFunction", {"functionId": "send", "type": "http", "provider": {"url": "http://localhost:8080/"}}),
        ("createEventType", {"name": "user.created", "authorizerId": "send", "metadata": {"team": "a"}}),
        ("subscribe", {"type": "async", "eventType": "user.created", "functionId": "send", "path": "/mails"}),
        ("createCORS", {"method": "POST", "path": "/mails"}),
    )


def test_the_page_works_as_it_says(gateway: Gateway, tmp_path: Path) -> None:
    (tmp_path / "serverless").symlink_to(COMMAND)
    found = blocks(PAGE)
    [handler] = [code for language, code in found if language == "python"]
    (tmp_path / "hello.py").write_text(handler)
    configure(gateway)
    with serving(tmp_path, {"hello": "hello.py:handler"}) as new:
        places = addresses(gateway, new)
        for (language, code), (following, expected) in zip(found, [*found[1:], ("", "")], strict=True):
            if language == "yaml":
                (tmp_path / "serverless.yml").write_text(at(code, places))
            elif language in {"js", "bash"}:
                assert following == "text", code
                assert printed(language, at(code, places), tmp_path) == lines(at(expected, places)), code
        assert new.configuration("mails") == gateway.configuration("mails")


def test_the_page_has_the_blocks_that_are_run() -> None:
    """So that a changed fence cannot empty the test above."""
    languages = [language for language, _ in blocks(PAGE)]
    counts = {language: languages.count(language) for language in ("python", "js", "yaml", "bash", "text")}
    assert counts == {"python": 1, "js": 4, "yaml": 1, "bash": 1, "text": 5}
