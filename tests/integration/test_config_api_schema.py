"""The Config API does what its description says: schemathesis reads it from a running gateway and tries to prove the contrary.

No 5xx, no undocumented status or media type, every answer fits its schema, what does not fit is refused, and what fits is not.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from eventgateway.web.openapi import text
from tests.conformance.replay import LocalGateway

ROOT = Path(__file__).parents[2]
COMMAND = shlex.join([sys.executable, "-m", "local.cli", "--dev", "--log-level", "warn"])
OPERATOR_KEY = "the-operator-key"
SUPPRESSED = "filter_too_much,too_slow,data_too_large,large_base_example"


@pytest.fixture
def config_url() -> Iterator[str]:
    with serving(COMMAND) as url:
        yield url


@pytest.fixture
def hosted_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("GATEWAY_OPERATOR_KEY", OPERATOR_KEY)
    with serving(f"{COMMAND} --hosted slsgateway.com") as url:
        yield url


@contextmanager
def serving(command: str) -> Iterator[str]:
    """The address of the Config API of a gateway."""
    gateway = LocalGateway(command)
    try:
        gateway.start()
        yield f"http://127.0.0.1:{gateway.urls['config'].port}"
    finally:
        gateway.close()


def try_to_refute(url: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run schemathesis with its own check of valid data replaced by ours, which knows the reasons to refuse it."""
    checks = ["--exclude-checks", "positive_data_acceptance", "--suppress-health-check", SUPPRESSED, "--warnings", "off", "--no-color"]
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/v1/openapi.json", *checks, *arguments]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.integration.config_api_checks", "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_config_api_does_what_its_description_says(config_url: str, tmp_path: Path) -> None:
    run = try_to_refute(config_url, tmp_path, "--max-examples", "3", "--seed", "1")
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"Tested: {text().count('operationId') - 1}\n" in run.stdout  # all but that of the description itself


def test_the_operator_api_does_what_its_description_says(hosted_url: str, tmp_path: Path) -> None:
    """The key is that of the operator throughout, so what becomes of others is not asked here."""
    operator = ("--header", f"Authorization: Bearer {OPERATOR_KEY}", "--include-path-regex", "^/v1/tenants", "--phases", "coverage")
    run = try_to_refute(hosted_url, tmp_path, "--max-examples", "3", "--seed", "1", *operator)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Tested: 13\n" in run.stdout


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_config_api_does_what_its_description_says_to_two_at_once(config_url: str, tmp_path: Path) -> None:
    """Each with data of its own. They are processes, since `--workers` makes `ast.parse` of Python 3.11 fail."""
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: try_to_refute(config_url, tmp_path, "--max-examples", "60"), range(2)))
    assert [run.returncode for run in runs] == [0, 0], "".join(run.stdout + run.stderr for run in runs)
