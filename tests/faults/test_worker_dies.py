"""What an invocation did not answer for comes again: it died, ran out of time, or its answer makes no sense."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from time import time

import pytest

from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.operations.deliver import OUTCOME_UNKNOWN
from tests.fakes import Gateway
from tests.faults.chance import Died
from tests.faults.emulated import answer_of, over_http, start_function
from tests.faults.model_sqs import Waiting
from tests.faults.world import NONSENSE
from tests.loopback import Loopback, Then, answer

UNKNOWN = ("once", OUTCOME_UNKNOWN)


def test_a_thread_that_dies_takes_the_whole_batch_with_it():
    fakes = Gateway()
    fakes.subscribe("async", "f")
    fakes.subscribe("async", "g")
    fakes.emit()
    fakes.functions.answers["g"] = Died()
    records = [Waiting(each.id, each.message(), "default", 0.0, time(), 1, ["r"]).record() for each in fakes.queue.waiting]
    with ThreadPoolExecutor(2) as pool, pytest.raises(Died):
        DeliveryWorker(fakes.deliverer, fakes.queue, pool, fakes.runner).handle({"Records": records}, 60)
    assert sorted(fakes.functions.called()) == ["f", "g"]


def once_more(gateway):
    """The visibility time-out is over, and nothing goes wrong any more."""
    gateway.reappear()
    gateway.handler = lambda event: gateway.worker.handle(event, 180.0)
    gateway.pump_all()
    assert gateway.waiting == []


@pytest.mark.parametrize("error", [Died(), RuntimeError("bug"), MemoryError()], ids=lambda error: type(error).__name__)
def test_after_an_invocation_that_died_all_its_messages_come_again(gateway, error):
    gateway.subscribe("f", "g")
    gateway.subscribe("once", attempts=1)
    gateway.emit()

    def die(event):
        gateway.worker.handle(event, 180.0)
        raise error

    gateway.handler = die
    with suppress(Died):
        gateway.pump_once()
    assert len(gateway.waiting) == 3
    once_more(gateway)
    assert {name: (len(ids), len(set(ids))) for name, ids in gateway.calls().items()} == {"f": (2, 1), "g": (2, 1), "once": (1, 1)}
    assert gateway.reasons == [UNKNOWN]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=repr)
def test_after_an_answer_without_sense_all_messages_come_again(gateway, nonsense):
    gateway.subscribe("f")
    gateway.subscribe("once", attempts=1)
    gateway.emit()

    def garble(event):
        gateway.worker.handle(event, 180.0)
        return nonsense

    gateway.handler = garble
    gateway.pump_once()
    assert len(gateway.waiting) == 2
    once_more(gateway)
    assert {name: len(ids) for name, ids in gateway.calls().items()} == {"f": 2, "once": 1}
    assert gateway.reasons == [UNKNOWN]


def test_an_answer_of_null_means_success(gateway):
    """As Lambda's rules are: a handler that returns nothing acknowledges all, so ours never does."""
    gateway.subscribe("f")
    gateway.emit()
    gateway.handler = lambda event: None
    gateway.pump_once()
    assert gateway.waiting == []
    assert gateway.worker.handle({"Records": []}, 180.0) == {"batchItemFailures": []}


class TestProcess:
    """The delivery function in a process of its own, that is killed."""

    @pytest.fixture
    def aws(self, gateway):
        with Loopback(over_http(gateway.emulator)) as aws:
            yield aws

    @pytest.fixture
    def start(self, gateway, aws):
        started = []

        def start():
            started.append(start_function(gateway.receive(), gateway.settings, aws, gateway.emulator.region))
            return started[-1]

        yield start
        for each in started:
            each.kill()
            each.wait()

    def test_that_is_not_killed_answers(self, gateway, start):
        gateway.subscribe("f")
        gateway.emit()
        assert answer_of(start()) == {"batchItemFailures": []}
        assert len(gateway.calls()["f"]) == 1

    def test_killed_during_a_call(self, gateway, start):
        gateway.subscribe("f")
        gateway.subscribe("once", attempts=1)
        gateway.emit()
        processes, both = [], Barrier(2)

        def kill(request):
            both.wait(30)
            processes[0].kill()
            return [Then.CLOSE]

        gateway.functions.script = kill
        processes.append(start())
        assert answer_of(processes[0]) is None
        gateway.functions.script = lambda _: [answer()]
        once_more(gateway)
        assert {name: (len(ids), len(set(ids))) for name, ids in gateway.calls().items()} == {"f": (2, 1), "once": (1, 1)}
        assert gateway.reasons == [UNKNOWN]

    def test_killed_while_it_splits_a_fan_out(self, gateway, aws, start):
        names = [f"f{number}" for number in range(70)]
        gateway.subscribe(*names)
        gateway.emit()
        assert len(gateway.waiting) == 1
        processes, healthy = [], aws.script

        def kill(request):
            done = healthy(request)
            if len(gateway.waiting) > 40:
                processes[0].kill()
                return [Then.CLOSE]
            return done

        aws.script = kill
        processes.append(start())
        assert answer_of(processes[0]) is None
        assert 41 <= len(gateway.waiting) <= 61
        once_more(gateway)
        calls = gateway.calls()
        assert sorted(calls) == sorted(names)
        assert {len(set(ids)) for ids in calls.values()} == {1}
        assert sorted({len(ids) for ids in calls.values()}) == [1, 2]
        assert gateway.reasons == []
