"""Every recorded case of the original, replayed against the local gateway: one process a worker, cleaned up after each case."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance import replay

HERE = Path(__file__).parent
CASES = replay.load([HERE / "cases"], None, "")
COMMAND = shlex.join([sys.executable, "-m", "local.cli", "--dev", "--log-level", "warn"])


def case_id(case: dict) -> str:
    return f"{case['area']}: {case['name']}"


@pytest.fixture(scope="session")
def player() -> Iterator[replay.Replay]:
    gateway = replay.LocalGateway(COMMAND)
    try:
        yield replay.Replay(gateway, replay.Targets(), settle=0)
    finally:
        gateway.close()


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_answers_and_delivers_as_the_original_did(case: dict, player: replay.Replay) -> None:
    assert replay.play(player, case, fresh=False) == []


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_answers_and_delivers_as_the_original_did_in_an_empty_process(case: dict, player: replay.Replay) -> None:
    assert replay.play(player, case, fresh=True) == []


def test_all_recorded_cases_are_here() -> None:
    table = (HERE / "README.md").read_text().split("```csv")[1].split("```")[0]
    counts = {area: int(cases) for area, cases, *_ in (line.split(",") for line in table.split()[1:])}
    areas = [case["area"] for case in CASES]
    assert {area: areas.count(area) for area in set(areas)} | {"total": len(CASES)} == counts
