"""Plugins that are told what has happened already, or while it happens."""

from threading import Event as Signal

import pytest

from eventgateway.core.errors import FunctionUnreachable, MalformedResult, PluginError, ProviderError
from eventgateway.core.result import Result
from eventgateway.operations.deliver import Outcome
from eventgateway.plugin import ASYNC, INVOCATION_FAILED, INVOKED, INVOKING, RECEIVED, SYNC, Refused, subject
from tests.unit.plugging import EVENT, Recorder, changing, plug_in, raising, returning, worker


class TestBehindTheCall:
    def test_a_plugin_is_told_the_result(self, gateway):
        gateway.subscribe("sync", "f")
        gateway.functions.answer("f", {"body": "hi"})
        plugin = Recorder(lambda _: "is ignored")
        plug_in(gateway, worker("p", plugin, [(INVOKED, SYNC)]))
        assert gateway.emit() == Result(200, {}, "hi")
        assert (plugin.told[0].data["functionId"], plugin.told[0].data["result"]) == ("f", {"body": "hi"})

    def test_or_the_error(self, gateway):
        gateway.subscribe("sync", "f")
        gateway.functions.answers["f"] = FunctionUnreachable("refused")
        plugin = Recorder(returning(EVENT))
        plug_in(gateway, worker("p", plugin, [(INVOCATION_FAILED, SYNC)]))
        with pytest.raises(ProviderError):
            gateway.emit()
        assert plugin.told[0].data["error"] == {"message": "refused"}

    @pytest.mark.parametrize(("type_", "failure"), [(INVOKED, None), (INVOCATION_FAILED, FunctionUnreachable("refused"))])
    def test_one_that_raises_takes_the_place_of_the_answer_of_a_sync_function(self, gateway, type_, failure):
        gateway.subscribe("sync", "f")
        gateway.subscribe("async", "s", type_)
        if failure:
            gateway.functions.answers["f"] = failure
        plug_in(gateway, worker("p", Recorder(raising(Refused("not for you", 403))), [(type_, SYNC)]))
        with pytest.raises(PluginError, match="not for you"):
            gateway.emit()
        assert gateway.journal == ["call f", "queue s"]

    def test_a_malformed_result_was_a_call_all_the_same(self, gateway):
        gateway.subscribe("sync", "f")
        gateway.functions.answer("f", {"statusCode": 1})
        plugin = Recorder()
        plug_in(gateway, worker("p", plugin, [(INVOKED, SYNC), (INVOCATION_FAILED, SYNC)]))
        with pytest.raises(MalformedResult):
            gateway.emit()
        assert plugin.types == [INVOKED]

    @pytest.mark.parametrize(("type_", "status", "outcome"), [(INVOKED, 200, Outcome.DELIVERED), (INVOCATION_FAILED, 404, Outcome.RETRIED)])
    def test_one_that_raises_behind_an_async_delivery_changes_nothing(self, gateway, type_, status, outcome, logged):
        gateway.subscribe("async", "f")
        gateway.functions.answer("f", {}, status)
        gateway.emit()
        plug_in(gateway, worker("p", Recorder(raising(Refused("no"))), [(type_, SYNC)]))
        assert gateway.deliver_next() is outcome
        assert "plugin failed behind the call" in logged.text


class TestAsync:
    def test_a_plugin_runs_beside_the_event_and_is_waited_for(self, gateway):
        called, seen = Signal(), []
        gateway.subscribe("sync", "f")
        gateway.functions.post, post = lambda *a: (called.set(), post(*a))[1], gateway.functions.post
        plug_in(gateway, worker("p", Recorder(lambda _: seen.append(called.wait(2))), [(RECEIVED, ASYNC)]))
        gateway.emit()
        assert seen == [True]

    def test_it_is_told_what_the_sync_ones_made_of_the_event(self, gateway):
        beside = Recorder(returning(EVENT))
        plug_in(gateway, worker("a", beside, [(RECEIVED, ASYNC)]), worker("b", Recorder(changing(lambda e: {"data": 2}))))
        gateway.subscribe("async", "f")
        gateway.emit(data=1)
        assert subject(beside.told[0]).data == 2
        assert gateway.queue.events("f")[0]["data"] == 2

    def test_its_errors_are_logged_and_change_nothing(self, gateway, logged):
        gateway.subscribe("sync", "f")
        plug_in(gateway, worker("p", Recorder(raising(RuntimeError("bug"))), [(RECEIVED, ASYNC), (INVOKED, ASYNC)]))
        assert gateway.emit() == Result(200)
        assert logged.text.count("plugin failed beside the event") == 2

    def test_deliveries_wait_for_it_too(self, gateway):
        gateway.subscribe("async", "f")
        gateway.emit()
        plugin = Recorder()
        plug_in(gateway, worker("p", plugin, [(INVOKING, ASYNC), (INVOKED, ASYNC)]))
        gateway.deliver_next()
        assert sorted(plugin.types) == sorted([INVOKING, INVOKED])
