import gc
from functools import lru_cache
from weakref import ref

import pytest
from snapshot_restore_py import get_after_restore, get_before_snapshot

from eventgateway import snapstart
from eventgateway.core.errors import Unavailable
from eventgateway.settings import InvalidSettings


@pytest.fixture(autouse=True)
def thawed():
    yield
    gc.unfreeze()


@pytest.fixture
def build():
    return lru_cache(maxsize=1)(object)


def away(built):
    raise Unavailable("The configuration is not available.")


def test_what_is_built_is_used_before_the_snapshot_and_dropped(build):
    used = []
    snapstart.before_snapshot(build, used.append)
    assert len(used) == 1
    assert used[0] is not build()


def test_a_snapshot_can_be_taken_while_the_store_is_away(build, caplog):
    snapstart.before_snapshot(build, away)
    assert [record.getMessage() for record in caplog.records] == ["not everything could be tried before the snapshot"]
    assert build.cache_info().currsize == 0


def test_a_version_that_cannot_be_built_is_not_published():
    def fail():
        raise InvalidSettings("environment variables are missing: CONFIG_TABLE")

    with pytest.raises(InvalidSettings, match="CONFIG_TABLE"):
        snapstart.before_snapshot(fail, away)


def test_what_the_snapshot_holds_is_no_concern_of_the_garbage_collector(build):
    snapstart.before_snapshot(build, id)
    assert gc.get_freeze_count() > 0


def test_lambda_is_told_of_both_hooks(build):
    try:
        snapstart.prepare(build, id)
        assert get_before_snapshot()[-1] == (snapstart.before_snapshot, (build, id), {})
        assert get_after_restore()[-1] == (snapstart.after_restore, (build,), {})
    finally:
        get_before_snapshot().pop()
        get_after_restore().pop()


def test_nothing_that_was_built_stays_even_if_it_refers_to_itself():
    class Client:
        def __init__(self):
            self.itself = self

    built = []
    snapstart.before_snapshot(lru_cache(maxsize=1)(Client), lambda client: built.append(ref(client)))
    assert built[0]() is None
