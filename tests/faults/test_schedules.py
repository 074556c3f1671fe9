"""The heart: over thousands of schedules of faults, every accepted event is delivered to every subscriber or is a dead letter."""

from collections import Counter
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventgateway.core.fan_out import FanOut
from tests.faults.chance import KINDS, Chance
from tests.faults.simulated_time import SimulatedTime
from tests.faults.world import FEW, MANY, THOUSAND, World
from tests.memory import NOON

SMALL, FANNED, HUGE = {"a": 1}, {"a": "ä\uffff" * 4000}, {"a": "ä" * 600_000}
TRIES = 3  # of an emitter, each with an event of its own
CHUNK = 200
FEW_SCHEDULES, STRICT_SCHEDULES, MANY_SCHEDULES, HUGE_SCHEDULES, THOUSAND_SCHEDULES = 1200, 400, 100, 40, 2

pytestmark = [pytest.mark.usefixtures("quiet")]


def run(world, data, events=3):
    """Events come in while the worker works; then everything comes to rest, and must be as it should."""
    for number in range(events):
        any(world.emit(f"{world.prefix}e{number}-{again}", world.chance.pick(*data)) for again in range(TRIES))
        for _ in range(world.chance.pick(0, 1, 3)):
            world.clock.advance(world.chance.pick(0.0, 2.0, 40.0, 200.0))
            world.invoke()
    world.rest()
    world.check()


def run_seed(clock, seed, subscribed, data, *kinds, events=3):
    """One schedule, in which some kinds of faults happen; a failure names its seed."""
    clock.now, clock.stamps = NOON, 0
    world = World(subscribed, Chance.drawn(Random(seed), *kinds), clock)
    try:
        run(world, data, events)
    except BaseException as error:
        error.add_note(f"seed {seed}: {dict(world.chance.struck)}")
        raise
    return world


@pytest.mark.parametrize("chunk", range(0, FEW_SCHEDULES, CHUNK))
def test_every_accepted_event_has_an_outcome_for_every_subscriber(simulated, chunk):
    struck, ends = Counter(), Counter()
    for seed in range(chunk, chunk + CHUNK):
        world = run_seed(simulated, seed, FEW, [SMALL])
        struck.update(world.chance.struck)
        ends.update(accepted=len(world.accepted), delivered=len(world.delivered), dead=len(world.dead))
    assert set(struck) == set(KINDS), "every kind of fault happened"
    assert min(ends.values()) > CHUNK, "and much was accepted, delivered and given up all the same"


@pytest.mark.parametrize("chunk", range(0, MANY_SCHEDULES, CHUNK // 4))
def test_a_fan_out_has_an_outcome_for_every_subscriber(simulated, chunk):
    """Subscribers in two spaces, one of which gets its events as fan-outs, with and without the payload store."""
    split = again = 0
    for seed in range(chunk, chunk + CHUNK // 4):
        world = run_seed(simulated, seed, MANY, [SMALL, FANNED], events=2)
        fan_outs = sum(isinstance(each, FanOut) for each in world.sqs.taken)
        parts = sum(each.attempt == 1 and each.space == "default" for each in world.taken) - fan_outs * 60
        split, again = split + fan_outs, again + (parts > fan_outs * 60)
    assert split > CHUNK // 4
    assert again > 0, "a worker died in the middle, and another one queued the same deliveries again"


@pytest.mark.parametrize("seed", range(THOUSAND_SCHEDULES))
def test_a_thousand_subscribers(simulated, seed):
    world = run_seed(simulated, seed, THOUSAND, [SMALL], events=1)
    assert len(world.delivered | world.dead) >= 1000 * len(world.accepted)


def test_events_that_are_larger_than_a_message(simulated):
    stored = 0
    for seed in range(HUGE_SCHEDULES):
        world = run_seed(simulated, seed, FEW, [HUGE], events=1)
        assert all(each.payload for each in world.taken)
        stored += len(world.outbox.payloads.events)
    assert stored > HUGE_SCHEDULES


@pytest.mark.parametrize("chunk", range(0, STRICT_SCHEDULES, CHUNK))
def test_where_only_functions_fail_everything_happens_just_once(simulated, chunk):
    for seed in range(chunk, chunk + CHUNK):
        world = run_seed(simulated, seed, FEW, [SMALL], "fail", "stall", "shuffle")
        assert world.refused == []
        assert world.delivered | world.dead == world.expected
        assert not world.delivered & world.dead
        assert len(world.letters.letters) == len(world.dead)
        calls = Counter((call.event, call.function) for call in world.functions.calls)
        tried = {(each.delivery.event_id, each.delivery.function_id): len(each.delivery.failures) for each in world.letters.letters}
        assert {outcome: calls[outcome] for outcome in world.dead} == tried
        assert sum(call.is_success for call in world.functions.calls) == len(world.delivered)
        assert all(calls[event, function] <= attempts for event in world.accepted for function, attempts in FEW.functions.items())


@pytest.mark.parametrize("chunk", range(0, STRICT_SCHEDULES, CHUNK))
def test_where_nothing_is_doubled_every_delivery_has_just_one_outcome(simulated, chunk):
    """AWS refuses calls, and confirms batches in part, but nothing dies and no answer is lost."""
    for seed in range(chunk, chunk + CHUNK):
        world = run_seed(simulated, seed, FEW, [SMALL], "refuse", "fail", "shuffle", "hurry")
        assert not world.delivered & world.dead
        assert Counter(call.delivery for call in world.functions.calls if call.is_success).total() == len(world.delivered)


@given(st.randoms(use_true_random=False), st.sampled_from([[SMALL], [FANNED]]))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large, HealthCheck.too_slow])
def test_any_short_schedule(monkeypatch, random, data):
    """The same as above, but what fails here is reduced to what matters."""
    clock = SimulatedTime()
    monkeypatch.setattr("eventgateway.operations.deadline.Deadline.after", clock.deadline)
    run(World(FEW, Chance(random, 8, dict.fromkeys(KINDS, 0.5)), clock), data, events=1)
