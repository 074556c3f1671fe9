"""What plugins can do to events, and what they cannot do to the gateway."""

from dataclasses import replace
from functools import reduce

import pytest

from eventgateway.core.errors import FunctionUnreachable, PluginError
from eventgateway.core.result import Result
from eventgateway.operations.deliver import Outcome
from eventgateway.operations.plugins import NO_PLUGINS
from eventgateway.operations.system_events import FunctionCall
from eventgateway.plugin import ASYNC, INVOCATION_FAILED, INVOKED, INVOKING, RECEIVED, SYNC, Refused, subject
from tests.unit.plugging import EVENT, Recorder, changing, plug_in, raising, returning, worker


class TestWithoutPlugins:
    def test_nothing_is_built(self, gateway):
        def explode():
            raise AssertionError("nobody wants to know")

        with NO_PLUGINS.reactions(gateway.clock) as reactions:
            assert reactions.invoking(FunctionCall("space", "f", False, explode)) is None
            reactions.invoked(FunctionCall("space", "f", False, explode), b"")
        assert gateway.clock.stamps == 0

    def test_nothing_is_built_for_a_type_that_no_plugin_wants(self, gateway):
        plug_in(gateway, worker("p", Recorder(), [(INVOKED, SYNC)]))
        gateway.emit()
        assert gateway.clock.stamps == 1  # the event itself


class TestReceived:
    def test_a_plugin_is_told_path_event_and_headers(self, gateway):
        plugin = Recorder()
        plug_in(gateway, worker("p", plugin))
        gateway.emit("u", "/a", {"x": 1})
        [told] = plugin.told
        assert (told.type, told.content_type, told.source) == (RECEIVED, "application/json", subject(told).source)
        assert told.data["path"] == "/a"
        assert told.data["headers"] == {"Event": "u", "Content-Type": "application/json"}
        assert (subject(told).type, subject(told).data) == ("u", {"x": 1})

    def test_what_it_returns_is_routed_queued_told_and_called(self, gateway):
        gateway.subscribe("sync", "f", "changed")
        gateway.subscribe("async", "g", "changed")
        gateway.subscribe("async", "s", RECEIVED)
        gateway.subscribe("async", "never", "u")
        plug_in(gateway, worker("p", Recorder(returning(EVENT))))
        assert gateway.emit("u") == Result(200)
        assert gateway.functions.calls == [("f", EVENT.document())]
        assert gateway.queue.events("g") == [EVENT.document()]
        assert [each["data"]["event"] for each in gateway.queue.events("s")] == [EVENT.document()]
        assert gateway.queue.events("never") == []

    def test_plugins_are_asked_in_the_order_of_their_names_each_about_what_the_one_before_returned(self, gateway):
        first, second, third = (
            Recorder(changing(lambda e: {"data": [*e.data, "a"]})),
            Recorder(),
            Recorder(changing(lambda e: {"type": "v"})),
        )
        plug_in(gateway, worker("c", third), worker("a", first), worker("b", second))
        gateway.subscribe("async", "f", "v")
        gateway.emit(data=[])
        assert [subject(each.told[0]).data for each in (first, second, third)] == [[], ["a"], ["a"]]
        assert gateway.queue.events("f")[0]["data"] == ["a"]

    def test_a_raw_request_that_is_changed_still_gets_its_path_parameters(self, gateway):
        gateway.subscribe("sync", "f", "http.request", "/x/:id", "GET")
        plug_in(gateway, worker("p", Recorder(changing(lambda e: {"extensions": {"tenant": "t"}}))))
        gateway.request("GET", "/x/7")
        [(_, seen)] = gateway.functions.calls
        assert (seen["data"]["params"], seen["extensions"]) == ({"id": "7"}, {"tenant": "t"})

    def test_a_refusal_names_the_plugin_and_nothing_is_called_or_queued(self, gateway):
        gateway.event_type("u", None)
        gateway.function("authorizer")
        gateway.manager.update(gateway.event_type("v", "authorizer").kind, "default", "v", b'{"name":"v","authorizerId":"authorizer"}')
        for type_ in ("sync", "async"):
            gateway.subscribe(type_, "f", "v")
        gateway.subscribe("async", "s", RECEIVED)
        last = Recorder()
        plug_in(
            gateway,
            worker("guard", Recorder(raising(Refused("no tenant", 401)))),
            worker("z", last),
            worker("a", Recorder(), [(RECEIVED, ASYNC)]),
        )
        with pytest.raises(PluginError, match=r'^Plugin "guard" refused the event: no tenant$') as refused:
            gateway.emit("v")
        assert refused.value.status == 401
        assert (gateway.journal, last.told) == ([], [])

    @pytest.mark.parametrize(
        "error", [RuntimeError("secret"), SystemExit(1), KeyboardInterrupt(), TimeoutError("secret"), RecursionError()]
    )
    def test_any_other_error_is_a_500_that_keeps_its_text_to_itself(self, gateway, error, logged):
        gateway.subscribe("async", "f")
        plug_in(gateway, worker("p", Recorder(raising(error))))
        with pytest.raises(PluginError, match=r'^Plugin "p" failed. Please check logs\.$') as failed:
            gateway.emit()
        assert (failed.value.status, gateway.journal) == (500, [])
        assert [record.errorType for record in logged.records if record.message == "plugin failed"] == [type(error).__name__]
        assert "secret" not in "".join(str(vars(record)) for record in logged.records)

    @pytest.mark.parametrize(
        "returned",
        [
            "text", {}, 1, False, replace(EVENT, id=""), replace(EVENT, type=RECEIVED), replace(EVENT, type="eventgateway.x"),
            replace(EVENT, type=None), replace(EVENT, source=":"), replace(EVENT, data=object()), replace(EVENT, data="\ud800"),
            replace(EVENT, data=2**70), replace(EVENT, extensions=["a"]), replace(EVENT, time="yesterday"),
            replace(EVENT, data=reduce(lambda inner, _: [inner], range(240), 1)),
        ],
        ids=[
            "text", "object", "number", "false", "no id", "system type", "any system type", "no type", "source is no URI", "no JSON",
            "data is no Unicode", "number too large", "extensions are no object", "time is none", "too deep",
        ],
    )  # fmt: skip
    def test_what_is_no_valid_event_cannot_be_returned(self, gateway, returned, logged):
        gateway.subscribe("async", "f")
        plug_in(gateway, worker("p", Recorder(returning(returned))))
        with pytest.raises(PluginError, match=r'^Plugin "p" failed. Please check logs\.$'):
            gateway.emit()
        assert gateway.journal == []
        assert "no valid event" in logged.text

    def test_a_plugin_changes_the_event_by_returning_one_and_in_no_other_way(self, gateway):
        returned = replace(EVENT, type="u", data={"by": "plugin"})

        def answer(event):
            event.data["event"]["data"]["x"] = event.extensions["x"] = 2
            return returned

        plug_in(gateway, worker("a", Recorder(lambda e: e.data["event"]["data"].clear())), worker("b", last := Recorder(answer)))
        gateway.subscribe("sync", "f")
        gateway.functions.answer("f", {})
        gateway.emit(data={"x": 1})
        assert subject(last.told[0]).data == {"x": 2}
        returned.data["by"] = "nobody"
        assert gateway.functions.calls == [("f", {**EVENT.document(), "eventType": "u"})]

    @pytest.mark.parametrize("type_", ["u", "http.request"])
    def test_an_event_may_be_as_deep_as_any(self, gateway, type_):
        gateway.subscribe("sync", "f", type_)
        gateway.subscribe("async", "s", RECEIVED)
        plug_in(gateway, worker("p", Recorder(changing(lambda e: {"extensions": {"x": "y"}}))))
        event = {} if type_ == "http.request" else {"event": type_}
        assert gateway.request("POST", "/", b"[" * 200 + b"]" * 200, content_type="application/json", **event) == Result(200)
        assert gateway.functions.called() == ["f"]
        assert gateway.deliver_next() is Outcome.DELIVERED

    @pytest.mark.parametrize("status", [399, 600, 200, "400", None])
    def test_a_refusal_is_an_error(self, status):
        with pytest.raises(ValueError, match="400 to 599"):
            Refused("why", status)


class TestInvoking:
    def test_what_it_returns_is_what_that_function_sees(self, gateway):
        gateway.subscribe("sync", "f")
        gateway.subscribe("async", "g")
        gateway.subscribe("async", "s", INVOKING)
        gateway.subscribe("async", "t", INVOKED)
        plugin = Recorder(returning(EVENT))
        plug_in(gateway, worker("p", plugin, [(INVOKING, SYNC)]))
        gateway.emit(data={"x": 1})
        assert gateway.functions.calls == [("f", EVENT.document())]
        assert [each["data"] for each in gateway.queue.events("g")] == [{"x": 1}]
        assert {each: gateway.queue.events(each)[0]["data"]["event"] for each in "st"} == dict.fromkeys("st", EVENT.document())
        assert {name: plugin.told[0].data[name] for name in ("space", "functionId")} == {"space": "default", "functionId": "f"}

    def test_so_does_an_async_function_at_each_attempt(self, gateway):
        gateway.subscribe("async", "f")
        plugin = Recorder(changing(lambda e: {"id": "new", "data": [e.data]}))
        plug_in(gateway, worker("p", plugin, [(INVOKING, SYNC)]))
        gateway.emit(data=1)
        gateway.functions.answers["f"] = FunctionUnreachable("refused")
        gateway.deliver_next()
        gateway.deliver_next()
        assert [event["data"] for _, event in gateway.functions.calls] == [[1], [1]]
        assert {each["X-Event-Id"] for each in gateway.functions.headers} == {"new"}
        assert len({each["X-Delivery-Id"] for each in gateway.functions.headers}) == 1

    def test_a_refusal_of_a_sync_call_leaves_nothing_called_or_queued(self, gateway):
        gateway.subscribe("sync", "f")
        gateway.subscribe("async", "g")
        failed = Recorder()
        plug_in(
            gateway,
            worker("p", Recorder(raising(Refused("no", 451))), [(INVOKING, SYNC)]),
            worker("q", failed, [(INVOCATION_FAILED, SYNC)]),
        )
        with pytest.raises(PluginError) as refused:
            gateway.emit()
        assert (refused.value.status, gateway.journal, failed.told) == (451, [], [])

    @pytest.mark.parametrize("error", [Refused("no"), RuntimeError("bug")])
    def test_a_refusal_of_an_async_delivery_is_a_failed_attempt(self, gateway, error):
        gateway.subscribe("async", "f")
        gateway.emit()
        plug_in(gateway, worker("p", Recorder(raising(error)), [(INVOKING, SYNC)]))
        outcomes = []
        while gateway.queue.waiting:
            gateway.clock.now = max(gateway.clock.now, gateway.queue.waiting[0].not_before)
            outcomes.append(gateway.deliver_next())
        assert outcomes == [Outcome.RETRIED] * 7 + [Outcome.DEAD]
        assert gateway.dead_letters.letters[0].delivery.failures[0].error.startswith('Plugin "p" ')
        assert gateway.functions.calls == []

    def test_plugins_are_not_told_about_functions_that_get_system_events(self, gateway):
        gateway.subscribe("async", "s", RECEIVED)
        plugin = Recorder(raising(Refused("never asked")))
        plug_in(gateway, worker("p", plugin, [(INVOKING, SYNC), (INVOKED, ASYNC)]))
        gateway.emit()
        assert gateway.deliver_next() is Outcome.DELIVERED
        assert plugin.told == []
