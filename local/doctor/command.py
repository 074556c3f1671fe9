"""From the options to the exit status."""

import os
import sys
from collections.abc import Iterable

import typer

from local.doctor.case import Asked, Case
from local.doctor.clients import UserAws
from local.doctor.examination import examine
from local.doctor.finding import Finding, State
from local.doctor.machine import Machine
from local.doctor.report import document, line, summary


def run(asked: Asked, *, as_json: bool) -> int:
    """Examine this machine and print what is found. The exit status: 1 if something failed."""
    findings = examine(Case(asked, Machine(), UserAws(asked.profile)))
    told = list(findings) if as_json else _told(findings)
    typer.echo(document(told) if as_json else f"\n{summary(told)}")
    return int(any(each.state is State.FAIL for each in told))


def _told(findings: Iterable[Finding]) -> list[Finding]:
    """Print each as it comes."""
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    told = []
    for finding in findings:
        typer.echo(line(finding, colours=colours))
        sys.stdout.flush()
        told.append(finding)
    return told
