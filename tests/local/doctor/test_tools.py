"""Python, the checkout and the disk."""

import os

import pytest

from local.doctor.finding import State
from local.doctor.tools import checkout as check_checkout
from local.doctor.tools import disk, python, setup


def states(findings) -> list[tuple[str, State]]:
    return [(each.name, each.state) for each in findings]


def test_a_checkout_that_is_set_up(case):
    built = case()
    assert states([check_checkout(built), *python(built), setup(built), disk(built)]) == [
        (name, State.OK) for name in ("Checkout", "Python", "pip", "Setup", "Disk")
    ]


def test_another_folder_is_no_checkout(case, checkout):
    (checkout / "Makefile").unlink()
    finding = check_checkout(case())
    assert finding.state is State.FAIL
    assert finding.found.endswith("no Makefile")


def test_without_make_setup_there_is_no_python(case, checkout):
    (checkout / ".venv/pyvenv.cfg").unlink()
    (checkout / ".venv/.installed").unlink()
    built = case()
    assert [(each.state, each.todo) for each in (*python(built), setup(built))] == [
        (State.FAIL, "Run `make setup` with Python 3.11 or later."),
        (State.FAIL, "Run `make setup`."),
    ]


@pytest.mark.parametrize(("version", "state"), [("3.9.2", State.FAIL), ("3.10.14", State.FAIL), ("3.11.0", State.OK), ("3.13.1", State.OK)])
def test_python_is_3_11_or_later(case, checkout, version, state):
    (checkout / ".venv/pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}\n")
    assert next(python(case())).state is state


def test_a_virtual_environment_of_another_tool_tells_its_version_too(case, checkout):
    (checkout / ".venv/pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.12.1.final.0\n")
    assert next(python(case())).found == "3.12 in .venv"


def test_pip_is_missing(case, checkout):
    (checkout / ".venv/lib/python3.11/site-packages/pip-26.3.dist-info/METADATA").unlink()
    (checkout / ".venv/lib/python3.11/site-packages/pip-26.3.dist-info").rmdir()
    assert states(python(case())) == [("Python", State.OK), ("pip", State.FAIL)]


def test_a_newer_lock_wants_another_make_setup(case, checkout):
    os.utime(checkout / ".venv/.installed", (1, 1))
    os.utime(checkout / "pyproject.toml", (0, 0))
    finding = setup(case())
    assert (finding.state, finding.found) == (State.WARN, "requirements.lock changed after .venv was made")


def test_a_full_disk(case):
    finding = disk(case(free=200_000_000))
    assert (finding.state, finding.found) == (State.FAIL, "200 MB are free")
