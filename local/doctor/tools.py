"""Checks of Python and of the checkout."""

import re
from collections.abc import Iterator
from pathlib import Path

from local.doctor.case import Case
from local.doctor.finding import Finding, fail, ok, warn

LEAST_PYTHON = (3, 11)
LEAST_MEGABYTES = 1000  # layers, template, the CLI of CDK in npm's cache
MEGABYTE = 1_000_000
CHECKOUT = ("Makefile", "requirements.lock", "layers/eventgateway")


def checkout(case: Case) -> Finding:
    """This folder is the gateway's source, which is what is deployed."""
    missing = [name for name in CHECKOUT if not (case.machine.folder / name).exists()]
    if missing:
        todo = "`make deploy` deploys a checkout of the gateway: change to its folder and run this again there."
        return fail("Checkout", f"{case.machine.folder} is not one: no {', '.join(missing)}", todo)
    return ok("Checkout", str(case.machine.folder))


def python(case: Case) -> Iterator[Finding]:
    """The Python of `.venv` and pip in it, which builds the layers."""
    settings = case.machine.venv / "pyvenv.cfg"
    found = re.search(r"^version\w*\s*=\s*(\d+)\.(\d+)\S*", settings.read_text(), re.MULTILINE) if settings.exists() else None
    if found is None:
        yield fail("Python", "there is no virtual environment .venv", "Run `make setup` with Python 3.11 or later.")
        return
    version = ".".join(found.groups())
    if tuple(map(int, found.groups())) < LEAST_PYTHON:
        yield fail("Python", f"{version} in .venv is too old", "Install Python 3.11 or later, then `make clean setup PYTHON=python3.11`.")
    else:
        yield ok("Python", f"{version} in .venv")
    pip = case.machine.packages().get("pip")
    yield ok("pip", pip) if pip else fail("pip", "not in .venv; it builds the layers", "Run `make clean setup`.")


def setup(case: Case) -> Finding:
    """`.venv` is as new as what it was made from, by the rule of the Makefile."""
    made, folder = case.machine.venv / ".installed", case.machine.folder
    if not made.exists():
        return fail("Setup", "`make setup` has not run to its end", "Run `make setup`.")
    newer = [name for name in ("requirements.lock", "pyproject.toml") if _changed(folder / name) > _changed(made)]
    if newer:
        return warn("Setup", f"{' and '.join(newer)} changed after .venv was made", "Run `make setup` (`make deploy` does it, too).")
    return ok("Setup", ".venv is up to date")


def disk(case: Case) -> Finding:
    """Room for `.build`, `cdk.out` and npm's cache."""
    free = case.machine.free(case.machine.folder) // MEGABYTE
    if free < LEAST_MEGABYTES:
        return fail("Disk", f"{free} MB are free", f"Make room: layers and the CLI of CDK need up to {LEAST_MEGABYTES} MB.")
    return ok("Disk", f"{free:,} MB are free")


def _changed(file: Path) -> float:
    return file.stat().st_mtime if file.exists() else 0
