"""Deliveries that wait, of one space and in great number: they must not stop the queue for the others, and none may get lost."""

from dataclasses import replace
from random import Random

import pytest

from eventgateway.core.fan_out import FanOut
from eventgateway.core.json import dumps
from eventgateway.core.provider import HttpAnswer
from eventgateway.core.suspension import Suspension
from eventgateway.operations.manage import Manager
from eventgateway.operations.spaces import Spaces
from tests.faults.chance import Chance
from tests.faults.model_sqs import VISIBILITY_SECONDS
from tests.faults.world import FEW, MANY, REGISTRY, World
from tests.memory import NOON

EVENTS, LIMIT = 40, 100  # in place of 120,000
LOOK = 900.0
DAY = 86400.0
SCHEDULES = 300

pytestmark = pytest.mark.usefixtures("quiet")


class Held(World):
    """A world whose space `default` can be suspended."""

    def __post_init__(self):
        super().__post_init__()
        self.store.log = {space: [*changes] for space, changes in self.store.log.items()}
        self.manager = Manager(Spaces(self.store, REGISTRY, self.clock))
        self.most_in_flight = 0

    def suspend(self):
        self.manager.put(Suspension, "default", dumps({"reason": "unpaid"}))
        self.clock.advance(2.0)

    def resume(self):
        self.manager.delete(Suspension.kind, "default", "default")
        self.clock.advance(2.0)

    def work(self, seconds):
        """Let workers run for some time."""
        end = self.clock.now + seconds
        while (at := self.sqs.next_at()) is not None and max(at, self.clock.now) < end:
            self.clock.now = max(self.clock.now, at)
            if not self.invoke():
                break
            self.most_in_flight = max(self.most_in_flight, len(self.sqs.in_flight))
        self.clock.now = end


def held(clock, subscribed=FEW, events=EVENTS, *, copies):
    """Some events were accepted, then the space is suspended, and workers look at what waits."""
    world = Held(subscribed, Chance(Random(0)), clock, copies=copies)
    world.sqs.in_flight_limit = LIMIT
    assert all(world.emit(f"e{number}", None) for number in range(events))
    world.suspend()
    world.work(60.0)
    return world


def late_delivery_of_another(world):
    """One that comes when all others wait already; whether it is made soon."""
    first = next(each for each in world.taken if each.space == "other")
    world.queue.send([replace(first, id="late")])
    world.work(60.0)
    return "late" in {call.delivery for call in world.functions.calls}


def test_one_suspended_space_stopped_the_queue_for_all(simulated):
    """Why hosted mode has copies: what is postponed is in flight, and a queue hands out nothing while too much of it is."""
    world = held(simulated, copies=False)
    assert len(world.sqs.in_flight) == LIMIT < EVENTS * 3
    assert not late_delivery_of_another(world)


def test_copies_let_the_others_pass(simulated):
    world = held(simulated, copies=True)
    assert len(world.sqs.waiting) == EVENTS * 3
    assert world.sqs.in_flight == []
    assert late_delivery_of_another(world)
    assert world.most_in_flight == 0


def test_so_they_do_for_days(simulated):
    world = held(simulated, copies=True)
    for _ in range(5):
        world.work(DAY / 10)
        assert (len(world.sqs.waiting), world.sqs.in_flight) == (EVENTS * 3, [])
        assert late_delivery_of_another(world)


@pytest.mark.parametrize("copies", [True, False])
def test_a_suspended_space_loses_nothing_and_no_attempt(simulated, copies):
    world = held(simulated, events=8, copies=copies)
    world.work(20 * DAY)
    assert {call.function for call in world.functions.calls} == {"c"}
    oldest = min(each.sent_at for each in world.sqs.waiting.values())
    assert world.clock.now - oldest < (2 * LOOK if copies else 8 * DAY), "the queue keeps a message for 14 days"
    assert max(each.receives for each in world.sqs.waiting.values()) < (2 if copies else 500)
    world.resume()
    world.rest()
    world.check()
    assert (world.delivered, world.dead) == (world.expected, set())
    assert len(world.functions.calls) == len(world.expected)


def test_a_day_of_waiting_takes_one_copy_each_quarter_of_an_hour(simulated):
    """What the page on delivery reckons with."""
    world = held(simulated, events=1, copies=True)
    before = len(world.sqs.taken)
    world.work(DAY)
    assert (len(world.sqs.taken) - before) / 3 == pytest.approx(DAY / LOOK, abs=1)


@pytest.mark.parametrize("copies", [True, False])
def test_a_fan_out_waits_in_one_piece(simulated, copies):
    world = held(simulated, MANY, events=2, copies=copies)
    world.work(DAY)
    waiting = [each for each in world.sqs.taken if each.space == "default"]
    assert {type(each) for each in waiting} == {FanOut}
    assert len(world.sqs.waiting) == 2
    world.resume()
    world.rest()
    world.check()
    assert world.delivered == world.expected


def test_long_retries_are_not_in_flight_either(simulated):
    """A function that fails for hours: its waits are longer than what SQS delays a message for."""
    world = World(FEW, Chance(Random(1), rates={"fail": 1.0}), simulated, copies=True)
    world.functions._failure = lambda: HttpAnswer(500, b"")
    world.emit("e", None)
    while (at := world.sqs.next_at()) is not None:
        world.clock.now = max(world.clock.now, at)
        world.invoke()
        assert world.sqs.in_flight == []
    world.check()
    assert (world.dead, world.clock.now > NOON + 3600) == (world.expected, True)


@pytest.mark.parametrize("chunk", range(0, SCHEDULES, 100))
def test_over_all_faults_a_copy_has_an_outcome_as_any_delivery(simulated, chunk):
    copies = 0
    for seed in range(chunk, chunk + 100):
        world = Held(FEW, Chance.drawn(Random(seed)), simulated, copies=True)
        any(world.emit(f"{seed}-{again}", None) for again in range(3))
        run_suspended(world)
        copies += sum(each.attempt == 1 for each in world.taken) - len({each.id for each in world.taken})
        world.rest()
        world.check()
    assert copies > 200


def run_suspended(world):
    """A while in which the space is suspended; writers meet no faults."""
    calm, world.store.faults.chance = world.store.faults.chance, Chance(Random(0))
    world.suspend()
    world.store.faults.chance = calm
    for _ in range(6):
        world.clock.advance(world.chance.pick(2.0, VISIBILITY_SECONDS, LOOK))
        world.invoke()
    world.store.faults.chance = Chance(Random(0))
    world.resume()
    world.store.faults.chance = calm
