"""Some dozens of schedules over the real adapters and the emulated AWS, which fails below the SDK: its retries are at work too."""

from collections import Counter
from contextlib import contextmanager
from random import Random

import pytest

from eventgateway.core.fan_out import FanOut
from local.resources import create_resources
from tests.faults.aws_world import AwsWorld, Shared
from tests.faults.chance import Chance
from tests.faults.faulty_aws import FaultyAws, in_time_of
from tests.faults.test_schedules import FANNED, HUGE, SMALL, run
from tests.faults.world import FEW, MANY
from tests.memory import NOON

pytestmark = pytest.mark.usefixtures("quiet")
WEEK = 7 * 86400
SCHEDULES = 10
STRUCK = {"SendMessageBatch", "ReceiveMessage", "DeleteMessageBatch", "GetItem", "PutItem"}  # operations that something happened to


@contextmanager
def running(subscribed):
    """A wired gateway, which some functions subscribed to."""
    with FaultyAws() as aws:
        yield Shared(aws, create_resources(plugins=""), subscribed)


def run_seed(clock, seed, shared, data, events):
    clock.now = NOON + seed * WEEK
    world = AwsWorld(shared.subscribed, Chance.drawn(Random(seed)).gentler(0.2), clock, prefix=f"s{seed}-", shared=shared)
    try:
        with in_time_of(clock):
            run(world, data, events)
    except BaseException as error:
        error.add_note(f"seed {seed}: {dict(world.chance.struck)}")
        raise
    finally:
        shared.aws.wire.chance = None
    return world


def run_many(clock, seeds, shared, data, events=2):
    """What happened in all, and what came of it."""
    struck, ends = Counter(), Counter()
    for seed in seeds:
        world = run_seed(clock, seed, shared, data, events)
        struck.update(world.chance.struck)
        ends.update(accepted=len(world.accepted), delivered=len(world.delivered), dead=len(world.dead))
    return struck, ends


class TestFew:
    @pytest.fixture(scope="class")
    @classmethod
    def shared(cls):
        with running(FEW) as shared:
            yield shared

    def test_every_accepted_event_has_an_outcome_for_every_subscriber(self, simulated, shared):
        struck, ends = run_many(simulated, range(SCHEDULES), shared, [SMALL, SMALL, HUGE])
        assert set(struck) >= {"refuse", "lose", "die", "fail"}
        assert min(ends.values()) > SCHEDULES
        assert shared.aws.wire.operations >= STRUCK

    @pytest.mark.slow
    @pytest.mark.timeout(1800)
    def test_hundreds_of_schedules(self, simulated, shared):
        run_many(simulated, range(100, 500), shared, [SMALL, SMALL, HUGE])


class TestMany:
    @pytest.fixture(scope="class")
    @classmethod
    def shared(cls):
        with running(MANY) as shared:
            yield shared

    def test_a_fan_out_has_an_outcome_for_every_subscriber(self, simulated, shared):
        run_many(simulated, [0], shared, [SMALL, FANNED], events=1)
        assert any(isinstance(each.message, FanOut) for each in shared.aws.wire.sent)

    @pytest.mark.slow
    @pytest.mark.timeout(1800)
    def test_dozens_of_schedules(self, simulated, shared):
        run_many(simulated, range(100, 150), shared, [SMALL, FANNED])
