"""Deleting tenants and applications through the deployed handlers: what is left of them is nothing."""

from itertools import count

import pytest

from eventgateway.storage.records import Record
from tests.integration.erasing import erasing

KINDS = {"space", "tenant", "key", "gateway", "object", *Record}
NAMES = (f"tenant-{number:03}" for number in count())


@pytest.fixture(scope="module")
def hosted():
    with erasing() as deployment:
        yield deployment


@pytest.fixture
def names():
    return next(NAMES), next(NAMES)


def test_nothing_is_left_of_a_deleted_tenant_and_nothing_of_another_is_touched(hosted, names, server):
    gone, stays = names
    for each in names:
        hosted.use_everything(each, server)
    victim = hosted.accounts[gone]
    hosted.leave_messages(victim)
    before, own, dropped = hosted.kept(stays), hosted.kept(gone), hosted.dropped()
    assert {kind_of(text) for text in own} == KINDS
    server.requests.clear()
    assert hosted.erase(gone) == ["closing", "payloads", "names"]
    hosted.flush()
    assert (hosted.kept(gone), hosted.queued()) == (set(), [])
    assert hosted.kept(stays) == before
    assert (hosted.dropped() - dropped, server.requests) == (5, [])


def kind_of(text):
    """What begins the partition key of a row, or that it is an object."""
    return text.partition("('pk', '")[2].partition("#")[0] or "object"
