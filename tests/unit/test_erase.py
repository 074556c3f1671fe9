"""Deleting tenants and applications: what happens at once, and slice by slice; what is late for them is dropped."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from eventgateway.core.erasure import ERASING, Erasure, ErasureSlice, Life, Rests, Stage, Swept, next_place
from eventgateway.core.errors import InvalidRequest, NotFound, Unavailable
from eventgateway.core.message import parse
from eventgateway.core.tenant import State
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.operations.deadline import Deadline
from eventgateway.operations.erase import STEP_SECONDS, ErasureRunner
from tests.hosted_gateway import RESTS
from tests.memory import NOON
from tests.unit.batches import failures, record
from tests.unit.erasing import PLENTY, SPACE, inhabited, run, run_all, slices

AWAY = Unavailable("It is away.")
STILL = Deadline(1000.0, lambda: 0.0)


@pytest.fixture
def gateway():
    return inhabited()


@pytest.fixture
def worker(gateway):
    with ThreadPoolExecutor(2) as pool:
        yield DeliveryWorker(gateway.deliverer, gateway.queue, pool, gateway.runner, erasures=gateway.eraser_runner)


def erasure(**more):
    return replace(Erasure.start("acme", "", "id", NOON, RESTS), **more)


class TestErasure:
    def test_it_comes_back_as_it_was(self):
        every = erasure(
            lives=(Life(SPACE, 7),), stage=Stage.RECORDS, position="p", slices=3, erased={"configuration": 2}, closed_at=NOON + 1
        )
        assert Erasure.restore("acme", "", every.stored()) == every
        assert parse(every.next().message()) == every.next() == ErasureSlice("acme", "", "id", 3, NOON + 120)
        assert every.next().space == "acme"

    @pytest.mark.parametrize(
        "body", ['{"kind":"erasure"}', '{"kind":"erasure","version":2,"tenant":"a","app":"","erasureId":"i","slice":0,"notBefore":0}']
    )
    def test_a_message_that_is_not_ours_is_refused(self, body):
        with pytest.raises(InvalidRequest):
            parse(body)

    def test_the_stages_follow_each_other_with_rests(self):
        """What an instance without its store still puts into the bucket is waited for; so are other slices before names are free."""
        closed = erasure().closed([Life(SPACE, 7)], NOON + 120, RESTS, was_open=False)
        seen = [(closed.stage, closed.not_before - NOON)]
        for _ in ERASING:
            closed = closed.after(Swept(2), closed.not_before, RESTS)
            seen.append((closed.stage, closed.not_before - NOON))
        assert seen == [
            (Stage.CONFIGURATION, 120), (Stage.RECORDS, 120), (Stage.PAYLOADS, 1020), (Stage.NAMES, 1140),
        ]  # fmt: skip
        assert closed.erased == {"configuration": 2, "records": 2, "payloads": 2}
        assert closed.spaces == (SPACE,)

    def test_what_was_open_until_now_makes_it_rest_again(self):
        closed = erasure().closed([], NOON + 120, RESTS, was_open=True)
        assert (closed.stage, closed.closed_at, closed.not_before) == (Stage.CLOSING, NOON + 120, NOON + 240)

    def test_within_a_stage_there_is_no_rest(self):
        more = erasure(stage=Stage.RECORDS).after(Swept(5, "p"), NOON + 500, RESTS)
        assert (more.stage, more.position, more.erased, more.not_before) == (Stage.RECORDS, "p", {"records": 5}, NOON + 120)

    def test_it_is_shown(self):
        assert erasure(erased={"records": 1}).shown() == {
            "stage": "closing", "erased": {"records": 1}, "beganAt": "2027-01-15T08:00:00Z", "changedAt": "2027-01-15T08:00:00Z",
            "goesOnAt": "2027-01-15T08:02:00Z",
        }  # fmt: skip

    @pytest.mark.parametrize(("place", "position"), [(0, "0"), (1, "1"), (2, "")])
    def test_the_place_among_spaces(self, place, position):
        assert next_place(["a", "b"], place) == position


class TestDeleting:
    def test_all_is_closed_at_once_and_the_message_waits_for_the_grace(self, gateway):
        gateway.tenancy.add_app("acme", "blog")
        gateway.eraser.delete_tenant("acme")
        assert {gateway.store.head(each).state for each in (SPACE, "acme-blog")} == {State.DELETING}
        assert gateway.store.head("zeta-shop").state is State.ACTIVE
        assert (gateway.tenants.keys("acme"), len(gateway.tenants.keys("zeta"))) == ([], 1)
        assert (len(slices(gateway)), gateway.queue.delays) == (1, [120])

    def test_the_message_is_safe_before_anything_is_marked(self, gateway):
        gateway.queue.refuse = AWAY
        with pytest.raises(Unavailable):
            gateway.eraser.delete_tenant("acme")
        assert (gateway.erasures.kept, gateway.tenants.find("acme").state) == ({}, State.ACTIVE)

    @pytest.mark.parametrize("name", ["nobody", "ACME", "", "a b"])
    def test_nobody_cannot_be_deleted(self, gateway, name):
        with pytest.raises(NotFound):
            gateway.eraser.delete_tenant(name)
        with pytest.raises(NotFound):
            gateway.eraser.delete_app(name, "shop")
        with pytest.raises(NotFound):
            gateway.eraser.delete_app("acme", name)
        assert gateway.queue.waiting == []

    def test_two_at_once_are_one(self, gateway):
        gateway.erasures.rivals = [lambda: gateway.eraser.delete_tenant("acme")]
        with pytest.raises(NotFound):
            gateway.eraser.delete_tenant("acme")
        assert len(gateway.erasures.kept) == 1

    def test_again_only_the_message_is_sent_again_with_what_is_left_of_its_rest(self, gateway):
        first = gateway.eraser.delete_tenant("acme")
        gateway.clock.advance(50)
        assert gateway.eraser.delete_tenant("acme") == first
        assert gateway.queue.delays == [120, 70]
        assert len(set(slices(gateway))) == 1

    def test_what_was_interrupted_is_closed_when_it_is_asked_for_again_and_rests_from_then_on(self, gateway):
        """Regression: the grace was over a moment after the spaces were closed."""
        close, gateway.tenants.set_space_state = gateway.tenants.set_space_state, lambda *_: (_ for _ in ()).throw(AWAY)
        with pytest.raises(Unavailable):
            gateway.eraser.delete_tenant("acme")
        gateway.tenants.set_space_state = close
        gateway.clock.advance(119)
        again = gateway.eraser.delete_tenant("acme")
        assert (gateway.store.head(SPACE).state, again.not_before) == (State.DELETING, gateway.clock.now + 120)
        assert gateway.erasures.find("acme", "") == again

    def test_keys_that_open_other_spaces_outlive_an_application(self, gateway):
        gateway.tenancy.add_app("acme", "blog")
        orders = [{"name": "both", "spaces": [SPACE, "acme-blog"]}, {"name": "one", "spaces": [SPACE]}]
        for order in orders:
            assert gateway.operate("POST", "/acme/keys", order).status == 201
        gateway.eraser.delete_app("acme", "shop")
        assert {each.name for each in gateway.tenants.keys("acme")} == {"first key", "both"}
        assert gateway.store.head("acme-blog").state is State.ACTIVE

    def test_it_is_shown_with_what_it_is_about(self, gateway):
        assert gateway.operate("DELETE", "/acme/apps/shop").document["space"] == SPACE
        [app] = gateway.operate("GET", "/acme").document["apps"]
        assert (app["state"], app["deletion"]["stage"]) == ("deleting", "closing")
        assert gateway.operate("DELETE", "/zeta").document["deletion"]["stage"] == "closing"
        assert gateway.operate("GET", "/zeta").document["state"] == "deleting"


class TestSlices:
    def test_from_the_first_to_the_last(self, gateway):
        gateway.emit()
        run_all(gateway)
        assert (gateway.tenants.find("acme"), gateway.store.head(SPACE), gateway.store.log) == (None, None, {})
        assert gateway.tenants.find("zeta") is not None
        assert slices(gateway) == []
        gateway.account("acme")

    def test_what_is_under_way_is_over_before_anything_is_deleted(self, gateway, worker):
        gateway.eraser.delete_tenant("acme")
        [message] = slices(gateway)
        gateway.clock.advance(119)
        assert failures(worker.handle({"Records": [record(message)]}, 60)) == ["m1"]
        assert gateway.queue.postponed == [("r1", 1.0)]
        gateway.clock.advance(1)
        assert failures(worker.handle({"Records": [record(message)]}, 60)) == []
        assert gateway.store.log == {}

    def test_a_slice_ends_in_time_and_the_next_goes_on_where_it_was(self, gateway):
        positions = []

        class Endless:
            def sweep(self, spaces, position):
                positions.append(position)
                return Swept(1, f"{len(positions)}")

        runner = ErasureRunner(gateway.eraser, dict.fromkeys(ERASING, Endless()))
        gateway.eraser_runner = runner
        gateway.eraser.delete_tenant("acme")
        run(gateway, Deadline(STEP_SECONDS, lambda: 0.0))
        for _ in range(3):
            found = run(gateway, Deadline(STEP_SECONDS, lambda: 0.0))
        assert (positions, found.erased, found.slices) == (["", "1", "2"], {"configuration": 3}, 4)

    def test_a_step_that_fails_behind_others_is_done_later(self, gateway):
        gateway.eraser.delete_tenant("acme")
        gateway.eraser_runner.remains[Stage.RECORDS].away = True
        found = run(gateway, STILL)
        assert (found.stage, found.slices) == (Stage.RECORDS, 1)
        with pytest.raises(Unavailable):
            run(gateway, STILL)
        assert gateway.erasures.find("acme", "") == found

    def test_a_slice_that_comes_twice_is_done_once_and_the_next_is_sent_again(self, gateway):
        gateway.eraser.delete_tenant("acme")
        [message] = slices(gateway)
        found = run(gateway)
        sweeps = {stage: each.sweeps for stage, each in gateway.eraser_runner.remains.items()}
        gateway.eraser_runner.run(message, PLENTY)
        assert gateway.erasures.find("acme", "") == found
        assert {stage: each.sweeps for stage, each in gateway.eraser_runner.remains.items()} == sweeps
        assert len(set(slices(gateway))) == 1

    def test_who_notes_a_slice_second_sends_nothing(self, gateway):
        gateway.eraser.delete_tenant("acme")
        [message] = slices(gateway)
        gateway.clock.advance(120)
        gateway.erasures.rivals = [lambda: gateway.eraser_runner.run(message, PLENTY)]
        gateway.eraser_runner.run(message, PLENTY)
        assert len([each for each in slices(gateway) if each.number == 1]) == 1

    def test_messages_of_no_erasure_or_an_earlier_one_do_nothing(self, gateway):
        gateway.eraser_runner.run(ErasureSlice("acme", "", "id", 0, 0), PLENTY)
        gateway.eraser.delete_tenant("acme")
        before = gateway.erasures.find("acme", "")
        for number, unique in ((0, "id"), (5, before.id)):
            gateway.eraser_runner.run(ErasureSlice("acme", "", unique, number, 0), PLENTY)
        assert gateway.erasures.find("acme", "") == before

    def test_a_space_that_somebody_else_has_is_no_part_of_it(self, gateway):
        gateway.store.heads[SPACE] = replace(gateway.store.heads[SPACE], owner="zeta")
        gateway.eraser.delete_tenant("acme")
        assert run(gateway).lives == ()
        assert gateway.store.head(SPACE).state is State.ACTIVE

    def test_where_nothing_is_deleted_the_message_comes_again(self, gateway, worker):
        message = ErasureSlice("acme", "", "id", 0, 0)
        assert failures(replace(worker, erasures=None).handle({"Records": [record(message)]}, 60)) == ["m1"]


def test_rests_may_be_short():
    assert Erasure.start("a", "", "i", 0.0, Rests(0.12, 0.9)).not_before == 0.12
