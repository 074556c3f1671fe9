"""Flags as Go programs take them."""

import pytest

from local.flags import long_options, without_ignored


@pytest.mark.parametrize(
    ("given", "rewritten"),
    [
        (["--dev"], ["--dev"]),
        (["-dev"], ["--dev"]),
        (["-dev=true"], ["--dev"]),
        (["--dev=1", "-version=F"], ["--dev"]),
        (["-events-port", "4000"], ["--events-port", "4000"]),
        (["-events-port=4000"], ["--events-port=4000"]),
        (["-log-level=debug", "--log-format=json"], ["--log-level=debug", "--log-format=json"]),
        (["-function=a=b.py:c"], ["--function=a=b.py:c"]),
        (["-hosted=localhost", "-allow-private-targets=true"], ["--hosted=localhost", "--allow-private-targets"]),
        (["-h"], ["-h"]),
        (["-help"], ["--help"]),
        (["-Events-Port=1"], ["--Events-Port=1"]),
        (["--", "-dev"], ["--", "-dev"]),
        (["-dev=maybe"], ["--dev=maybe"]),
        ([], []),
    ],
)
def test_one_dash_is_as_good_as_two(given, rewritten):
    assert long_options(given) == rewritten


@pytest.mark.parametrize(
    ("given", "kept", "ignored"),
    [
        (["--workers", "5", "--dev"], ["--dev"], ["workers"]),
        (["--workers=5", "--dev"], ["--dev"], ["workers"]),
        (["--plugin", "a", "--plugin", "b"], [], ["plugin", "plugin"]),
        (["--db-hosts"], [], ["db-hosts"]),
        (["--dev", "--host", "workers"], ["--dev", "--host", "workers"], []),
    ],
)
def test_flags_without_a_meaning_are_taken_with_their_value(given, kept, ignored):
    assert without_ignored(given) == (kept, ignored)
