"""Plugins that do not come back: the request is answered, and the instance knows that it had better end."""

import json
from time import monotonic

import pytest

from eventgateway.core.errors import PluginOverdue
from eventgateway.core.result import Result
from eventgateway.operations.deadline import Deadline
from eventgateway.operations.deliver import Outcome
from eventgateway.plugin import ASYNC, INVOKING, RECEIVED, SYNC
from eventgateway.web.events_api import EventsApi
from tests.unit.plugging import EVENT, Recorder, Stuck, plug_in, returning, until, worker
from tests.unit.samples import sample

SHORT = 0.05
ACCEPTED = Result(202)


@pytest.fixture
def stuck():
    plugin = Stuck()
    yield plugin
    plugin.released.set()


def overdue(gateway):
    started = monotonic()
    with pytest.raises(PluginOverdue, match=r'^Plugin "p" did not answer in time\. Please try again\.$'):
        gateway.emit()
    return monotonic() - started


def test_a_plugin_that_is_overdue_refuses_the_event(gateway, stuck):
    gateway.subscribe("async", "f")
    plugins = plug_in(gateway, worker("p", stuck, seconds=SHORT))
    assert SHORT <= overdue(gateway) < 1
    assert gateway.journal == []
    assert plugins.is_stuck


def test_it_is_not_called_again_before_it_comes_back(gateway, stuck):
    plugins = plug_in(gateway, worker("p", stuck, seconds=0.4))
    overdue(gateway)
    assert overdue(gateway) < 0.3
    assert len(stuck.told) == 1
    assert plugins.is_stuck


def test_when_it_has_come_back_it_takes_part_again(gateway, stuck):
    plugins = plug_in(gateway, worker("p", stuck, seconds=SHORT))
    overdue(gateway)
    stuck.released.set()
    assert until(lambda: not plugins.is_stuck)
    assert gateway.emit() == ACCEPTED
    assert len(stuck.told) == 2


def test_an_open_policy_goes_on_without_it(gateway, stuck):
    gateway.subscribe("async", "f", "changed")
    last = Recorder(returning(EVENT))
    plugins = plug_in(gateway, worker("p", stuck, seconds=SHORT, fails_open=True), worker("q", last))
    assert [gateway.emit(), gateway.emit()] == [ACCEPTED, ACCEPTED]
    assert len(gateway.queue.events("f")) == 2
    assert (len(stuck.told), plugins.is_stuck) == (1, True)


def test_an_open_policy_lets_nothing_but_slowness_pass(gateway):
    def fail(_):
        raise RuntimeError("bug")

    plug_in(gateway, worker("p", Recorder(fail), fails_open=True))
    with pytest.raises(Exception, match='Plugin "p" failed'):
        gateway.emit()


def test_a_plugin_has_no_more_time_than_the_request(gateway, stuck):
    event_worker = worker("p", stuck, seconds=20)
    started = monotonic()
    with pytest.raises(PluginOverdue):
        event_worker.ask(EVENT, Deadline.after(SHORT))
    assert monotonic() - started < 1


def test_an_async_delivery_that_a_plugin_holds_up_is_a_failed_attempt(gateway, stuck):
    gateway.subscribe("async", "f")
    gateway.emit()
    plugins = plug_in(gateway, worker("p", stuck, [(INVOKING, SYNC)], seconds=SHORT))
    assert gateway.deliver_next() is Outcome.RETRIED
    assert gateway.functions.calls == []
    assert plugins.is_stuck


def test_an_async_plugin_that_is_overdue_changes_nothing_but_is_left_alone(gateway, stuck):
    gateway.subscribe("sync", "f")
    gateway.functions.answer("f", {"body": "hi"})
    plugins = plug_in(gateway, worker("p", stuck, [(RECEIVED, ASYNC)], seconds=SHORT))
    assert [gateway.emit(), gateway.emit()] == [Result(200, {}, "hi")] * 2
    assert (len(stuck.told), plugins.is_stuck) == (1, True)


def test_other_plugins_have_threads_of_their_own(gateway, stuck):
    beside = Recorder()
    plug_in(gateway, worker("p", stuck, [(RECEIVED, ASYNC)], seconds=SHORT), worker("q", beside))
    for _ in range(3):
        assert gateway.emit() == ACCEPTED
    assert len(beside.told) == 3


def test_a_call_that_waited_for_a_thread_only_leaves_nothing_stuck(stuck, monkeypatch):
    monkeypatch.setattr("eventgateway.operations.plugin_worker.THREADS", 1)
    busy = worker("p", stuck, seconds=SHORT)
    busy.start(EVENT)
    second = busy.start(EVENT)
    with pytest.raises(PluginOverdue):
        busy.wait(second, Deadline.after(5))
    assert busy.overdue == set()


@pytest.mark.parametrize("seconds", [SHORT, 5])
def test_the_answer_of_the_events_api_names_the_plugin(gateway, stuck, seconds):
    if seconds != SHORT:
        stuck.released.set()
        stuck.answer = lambda _: 1 / 0
    event = sample("http_post_json")
    event["headers"]["origin"] = "http://web"
    gateway.cors({"method": "POST", "path": event["rawPath"]})
    plug_in(gateway, worker("tenant", stuck, seconds=seconds))
    answer = EventsApi(gateway.receiver).handle(event)
    status, text = (503, "did not answer in time. Please try again.") if seconds == SHORT else (500, "failed. Please check logs.")
    assert (answer["statusCode"], json.loads(answer["body"])) == (status, {"errors": [{"message": f'Plugin "tenant" {text}'}]})
    assert (answer["headers"]["content-type"], answer["headers"]["access-control-allow-origin"]) == ("application/json", "*")
