"""How findings look."""

import json

import pytest

from local.doctor.finding import fail, ok, warn
from local.doctor.report import document, line, summary

GOOD, ODD, BAD = ok("Python", "3.11"), warn("Node.js", "20", "Install 22."), fail("Region", "none is set", "Set one.")


def test_a_line_and_what_to_do_below_it():
    assert line(GOOD, colours=False) == "ok    Python                   3.11"
    assert line(BAD, colours=False).splitlines() == ["fail  Region                   none is set", " " * 31 + "-> Set one."]


def test_colours_are_for_terminals():
    assert "\x1b[" in line(BAD, colours=True)
    assert "\x1b[" not in line(BAD, colours=False)


@pytest.mark.parametrize(
    ("findings", "text"),
    [
        ([GOOD, ODD, BAD, BAD], "2 failures, 1 warning. Not ready: do what is said above, then run this again."),
        ([GOOD], "0 failures, 0 warnings. Ready for `make deploy`."),
    ],
)
def test_the_last_line(findings, text):
    assert summary(findings) == text


def test_the_document():
    read = json.loads(document([GOOD, ODD]))
    assert (read["ready"], read["failures"], read["warnings"]) == (True, 0, 1)
    assert read["findings"][1] == {"name": "Node.js", "state": "warn", "found": "20", "todo": "Install 22."}
