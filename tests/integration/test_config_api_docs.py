"""docs/api.md, executed: every `bash` block in order, compared with the block below it. And what it must not forget."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from eventgateway import providers
from eventgateway.core import limits
from eventgateway.core.document import METHODS
from eventgateway.core.provider import Provider
from eventgateway.operations import redrive, system_events
from eventgateway.operations.dead_letters import MOST_RUNNING
from eventgateway.providers.awslambda import ADVICE
from eventgateway.web import config_api, dead_letters_api, metrics, paging
from eventgateway.web.openapi import text
from tests.clients.gateway import Gateway, serving
from tests.texts import with_replaced

PAGE = (Path(__file__).parents[2] / "docs/api.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHANGING = {
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "<uuid>",
    r"20\d\d-\d\d-\d\dT[\d:.]+Z": "<time>",
    r"\bMT[A-Za-z0-9_-]{60,}": "<dead letter>",
    r"\d{16}-<uuid>": "<redrive>",
}
SPACE = "config=http://localhost:4001/v1/spaces/default\n"  # a variable of the page; each block is a shell of its own


def steps() -> Iterator[tuple[str, str]]:
    """Commands, and what they print."""
    blocks = BLOCK.findall(PAGE)
    for (language, commands), (next_language, output) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if language == "bash":
            yield commands, output if next_language in ("text", "json") else ""


def run(commands: str, folder: Path, gateway: Gateway | None = None) -> str:
    text = SPACE + commands
    if gateway:
        text = with_replaced(text, {"http://localhost:4000": gateway.events, "http://localhost:4001": gateway.config})
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, commands + done.stdout + done.stderr
    output = done.stdout
    if gateway:
        output = output.replace(gateway.events.removeprefix("http://"), "localhost:4000")
    return comparable(output)


def comparable(output: str) -> str:
    for pattern, name in CHANGING.items():
        output = re.sub(pattern, name, output)
    return output


def test_the_examples_are_real(tmp_path: Path) -> None:
    (handler, nothing), *examples = steps()
    assert run(handler, tmp_path) == nothing
    assert len(examples) == 16
    with serving(tmp_path, {"echo": "echo.py:handler"}) as gateway:
        for commands, output in examples:
            assert output
            assert run(commands, tmp_path, gateway) == comparable(output), commands


@pytest.mark.parametrize("provider", providers.load().values(), ids=lambda provider: provider.type)
def test_every_setting_of_a_provider_is_documented(provider: type[Provider]) -> None:
    table = PAGE.partition("Fields of `provider`")[2].partition("Subscriptions")[0]
    row = next(line for line in table.splitlines() if line.startswith(f"| `{provider.type}` |"))
    settings = [each.metadata for each in fields(provider)]
    assert f"`{provider.label}`" in PAGE
    assert all(f"`{each['key']}`" in (row if each["required"] else table) for each in settings)


def test_every_field_of_the_config_api_is_documented() -> None:
    schemas = json.loads(text(hosted=True))["components"]["schemas"]
    names = {name for schema in schemas.values() for each in schema.get("oneOf", [schema]) for name in each["properties"]}
    assert {name for name in names if f"`{name}`" not in PAGE and f'"{name}"' not in PAGE} == set()


@pytest.mark.parametrize(
    "fact",
    [
        *(f"Function call failed with {code}. {advice}" for code, advice in ADVICE.items()),
        *(f"`{name}`" for name in (system_events.RECEIVED, system_events.INVOKING, system_events.INVOKED, system_events.INVOCATION_FAILED)),
        *(f"`{method}`" for method in METHODS),
        *(f"`{name}`" for name in (metrics.BACKLOG, *(each[1] for each in metrics.COUNTERS + metrics.GAUGES + metrics.HISTOGRAMS))),
        *(f"`{reason}`" for reason in (redrive.NO_SUBSCRIPTION, redrive.NO_FUNCTION, redrive.NO_EVENT)),
        *(f"`{name}=<" for name in (*dead_letters_api.FILTERS, *dead_letters_api.PAGING)),
        *(f"`{state}`" for state in (dead_letters_api.SHOWN, dead_letters_api.GONE, dead_letters_api.TOO_LARGE)),
        dead_letters_api.FILTERS_IN_BODY,
        f"{MOST_RUNNING} redrives of the space are running. Please wait until one is done.",
        paging.WRONG_LIMIT,
        paging.WRONG_CURSOR,
        paging.TOO_LARGE,
        f"The document has {config_api.BODY_LIMIT + 1} bytes, the limit is {config_api.BODY_LIMIT}.",
        f"The name of a space has at most {limits.NAME} characters.",
    ],
)
def test_what_the_code_says_is_documented(fact: str) -> None:
    assert fact in PAGE
