"""What comes for a space that was deleted is dropped, be there another one with its name by now or not."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from eventgateway.core.dead_letter import LetterFilter
from eventgateway.core.delivery import Delivery
from eventgateway.core.errors import FunctionUnreachable, Unavailable, UnknownSpace
from eventgateway.core.fan_out import FanOut
from eventgateway.core.redrive import Redrive
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.operations.deliver import Outcome
from tests.memory import NOON
from tests.unit.batches import failures, record
from tests.unit.erasing import SPACE, called, dropped, inhabited, reborn, run_all

AWAY = Unavailable("It is away.")


@pytest.fixture
def gateway():
    return inhabited()


@pytest.fixture
def worker(gateway):
    with ThreadPoolExecutor(2) as pool:
        yield DeliveryWorker(gateway.deliverer, gateway.queue, pool, gateway.runner, erasures=gateway.eraser_runner)


class TestDropped:
    @pytest.fixture
    def waiting(self, gateway):
        gateway.emit()
        [gateway.delivery] = gateway.queue.waiting
        gateway.queue.waiting.clear()
        return gateway

    def test_while_it_is_deleted_and_afterwards(self, waiting):
        waiting.eraser.delete_tenant("acme")
        waiting.spaces.expire()
        assert waiting.deliverer.wait(waiting.delivery) == 0
        assert waiting.deliverer.deliver(waiting.delivery) is Outcome.DROPPED
        run_all(waiting)
        assert waiting.deliverer.deliver(waiting.delivery) is Outcome.DROPPED
        assert (waiting.functions.calls, waiting.dead_letters.letters, dropped(waiting)) == ([], [], 2)

    def test_when_somebody_else_has_the_name(self, waiting):
        reborn(waiting)
        assert waiting.deliverer.deliver(waiting.delivery) is Outcome.DROPPED
        waiting.emit()
        assert waiting.deliver_next() is Outcome.DELIVERED
        assert waiting.functions.called() == ["f"]

    def test_though_the_new_one_is_suspended(self, waiting):
        reborn(waiting)
        waiting.tenancy.suspend("acme")
        waiting.spaces.expire()
        assert (waiting.deliverer.wait(waiting.delivery), waiting.deliverer.wait(FanOut((waiting.delivery,)))) == (0, 0)
        assert waiting.deliverer.deliver(waiting.delivery) is Outcome.DROPPED

    def test_a_delivery_whose_space_goes_while_its_function_is_called_is_no_dead_letter(self, waiting):
        def goes(*_):
            waiting.eraser.delete_tenant("acme")
            waiting.spaces.expire()
            return FunctionUnreachable("refused")

        waiting.functions.answers["f"] = FunctionUnreachable("refused")
        waiting.functions.post = called(waiting.functions.post, goes)
        last = replace(waiting.delivery, failures=(waiting.delivery.failed(0, "x").failures * 7))
        assert waiting.deliverer.deliver(last) is Outcome.DROPPED
        assert (waiting.dead_letters.letters, dropped(waiting)) == ([], 1)

    def test_a_subscription_that_is_looked_for_where_the_space_is_gone(self, waiting):
        """The instance knew the space, but not the subscription."""
        waiting.eraser.delete_tenant("acme")
        unknown = replace(waiting.delivery, subscription_id="another")
        assert waiting.deliverer.deliver(unknown) is Outcome.DROPPED

    @pytest.mark.parametrize("is_reborn", [False, True])
    def test_nothing_is_buried(self, waiting, is_reborn):
        waiting.eraser.delete_tenant("acme")
        waiting.spaces.expire()
        if is_reborn:
            reborn(waiting)
        with pytest.raises(UnknownSpace):
            waiting.deliverer.bury(waiting.delivery, "why")
        assert waiting.dead_letters.letters == []

    def test_all_kinds_of_messages(self, waiting, worker):
        redrive = Redrive.start(SPACE, "1", LetterFilter(), waiting.clock.now)
        waiting.deliverer.bury(waiting.delivery, "why")
        waiting.redrives.save(redrive)
        waiting.clock.advance(1)
        waiting.eraser.delete_tenant("acme")
        waiting.spaces.expire()
        messages = [waiting.delivery, FanOut((waiting.delivery,) * 3), redrive.next()]
        records = [record(each, number) for number, each in enumerate(messages)]
        before = list(waiting.queue.waiting)
        assert failures(worker.handle({"Records": records}, 60)) == []
        assert (dropped(waiting), waiting.queue.waiting, waiting.functions.calls) == (5, before, [])

    def test_a_fan_out_of_an_earlier_life(self, waiting, worker):
        reborn(waiting)
        assert failures(worker.handle({"Records": [record(FanOut((waiting.delivery,) * 3))]}, 60)) == []
        assert (dropped(waiting), [each for each in waiting.queue.waiting if isinstance(each, Delivery)]) == (3, [])

    def test_what_could_not_be_attempted_for_long(self, waiting, worker):
        waiting.functions.answers["f"] = AWAY
        gone = called(waiting.functions.post, lambda: (waiting.eraser.delete_tenant("acme"), waiting.spaces.expire()))
        waiting.functions.post = gone
        assert failures(worker.handle({"Records": [record(waiting.delivery, receives=500)]}, 60)) == []
        assert (waiting.dead_letters.letters, dropped(waiting)) == ([], 1)


class TestRebirth:
    def test_an_instance_that_missed_it_all_knows_only_the_new_space(self, gateway):
        missed = gateway.new_spaces()
        old = missed.routing(SPACE)
        assert len(old.asynchronous("POST", f"/{SPACE}/", "u")) == 1
        run_all(gateway)
        gateway.account("acme")
        gateway.event_type("v", space=SPACE)
        missed.expire()
        table = missed.routing(SPACE)
        assert (table.asynchronous("POST", f"/{SPACE}/", "u"), set(table.spaces[SPACE].event_types)) == ([], {"v"})
        assert table.spaces[SPACE].born > NOON * 1000

    def test_nor_anything_if_the_new_space_is_empty(self, gateway):
        missed = gateway.new_spaces()
        missed.routing(SPACE)
        run_all(gateway)
        gateway.account("acme")
        missed.expire()
        table = missed.routing(SPACE)
        assert (table.asynchronous("POST", f"/{SPACE}/", "u"), table.spaces[SPACE].size) == ([], 0)
