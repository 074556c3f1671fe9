"""Whose a local gateway is: its mode and its operator key, which stay with the data."""

from secrets import token_bytes
from typing import Any

from eventgateway.core.key import ENTROPY, new_key
from eventgateway.settings import Mode
from local.journal import Journal, JournalError
from local.resources import CONFIG_TABLE

MODE, OPERATOR_KEY = "mode", "operator key"  # names of notes in the journal
PREFIX = "ego_"
SWITCH = {
    Mode.STANDALONE: "start it without --hosted, or choose another with --embed-data-dir: its spaces belong to no tenant",
    Mode.HOSTED: "start it with --hosted DOMAIN, or choose another with --embed-data-dir: its spaces belong to tenants",
}


def settle(journal: Journal, domain: str | None, operator_key: str) -> dict[str, Any]:
    """Settings of the mode that was asked for; in hosted mode there always is an operator key.

    The data directory is of one mode as soon as there is anything in it. Raises JournalError.
    """
    wanted = Mode.STANDALONE if domain is None else Mode.HOSTED
    found = Mode(journal.note(MODE) or Mode.STANDALONE)
    if found is not wanted and journal.has_items(CONFIG_TABLE):
        raise JournalError(f"the data directory is one of {found.value} mode; {SWITCH[found]}")
    journal.keep_note(MODE, wanted.value)
    if domain is None:
        return {}
    return {"mode": wanted, "domain": domain, "operator_key": operator_key or _own_key(journal)}


def _own_key(journal: Journal) -> str:
    """Made with the first start and kept as long as the data."""
    key = journal.note(OPERATOR_KEY) or new_key(PREFIX, token_bytes(ENTROPY))
    journal.keep_note(OPERATOR_KEY, key)
    return key
