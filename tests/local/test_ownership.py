"""The mode of a data directory, and the operator key that is kept with it."""

import pytest

from local.changes import Changes
from local.journal import JournalError
from local.ownership import settle
from local.resources import CONFIG_TABLE

ITEM = Changes(items=[((CONFIG_TABLE, "space#a", "meta"), "{}")])


def test_standalone_mode_needs_nothing(journal):
    assert settle(journal, None, "") == {}


def test_hosted_mode_makes_an_operator_key_that_lasts_as_long_as_the_data(journal):
    first = settle(journal, "localhost", "")
    assert first["operator_key"].startswith("ego_")
    assert len(first["operator_key"]) == len("ego_") + 43
    assert settle(journal, "slsgateway.com", "") == first | {"domain": "slsgateway.com"}


def test_a_given_key_counts_and_is_not_kept(journal):
    assert settle(journal, "localhost", "mine")["operator_key"] == "mine"
    assert settle(journal, "localhost", "")["operator_key"] not in {"mine", ""}


@pytest.mark.parametrize(("first", "then"), [(None, "localhost"), ("localhost", None)])
def test_an_empty_data_directory_may_change_its_mode(journal, first, then):
    settle(journal, first, "")
    settle(journal, then, "")
    journal.write(ITEM)
    settle(journal, then, "")


def test_data_of_standalone_mode_are_not_served_in_hosted_mode(journal):
    settle(journal, None, "")
    journal.write(ITEM)
    with pytest.raises(JournalError, match=r"one of standalone mode; start it without --hosted, or choose another with --embed-data-dir"):
        settle(journal, "localhost", "")
    settle(journal, None, "")


def test_data_of_a_gateway_that_knew_no_modes_are_of_standalone_mode(journal):
    journal.write(ITEM)
    with pytest.raises(JournalError, match="one of standalone mode"):
        settle(journal, "localhost", "")


def test_data_of_hosted_mode_are_not_served_in_standalone_mode(journal):
    settle(journal, "localhost", "")
    journal.write(ITEM)
    with pytest.raises(JournalError, match=r"one of hosted mode; start it with --hosted DOMAIN, or choose another with --embed-data-dir"):
        settle(journal, None, "")
