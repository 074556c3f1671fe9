"""Findings for people and for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import typer

from local.doctor.finding import Finding, State

WIDTH = 24
COLOURS = {State.OK: typer.colors.GREEN, State.WARN: typer.colors.YELLOW, State.FAIL: typer.colors.RED}


def line(finding: Finding, *, colours: bool) -> str:
    """One finding, with what to do below it."""
    state = f"{finding.state:4}"
    head = f"{typer.style(state, COLOURS[finding.state], bold=True) if colours else state}  {finding.name:{WIDTH}} {finding.found}"
    return f"{head}\n{' ' * 6}{' ' * WIDTH} -> {finding.todo}" if finding.todo else head


def summary(findings: Sequence[Finding]) -> str:
    """The last line."""
    failures, warnings = _count(findings, State.FAIL), _count(findings, State.WARN)
    counted = f"{_number(failures, 'failure')}, {_number(warnings, 'warning')}."
    return f"{counted} {'Not ready: do what is said above, then run this again.' if failures else 'Ready for `make deploy`.'}"


def document(findings: Sequence[Finding]) -> str:
    """All of it as JSON."""
    counts = {"failures": _count(findings, State.FAIL), "warnings": _count(findings, State.WARN)}
    return json.dumps({"ready": not counts["failures"], **counts, "findings": [asdict(each) for each in findings]}, indent=2)


def _count(findings: Sequence[Finding], state: State) -> int:
    return sum(each.state is state for each in findings)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
