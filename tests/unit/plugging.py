"""Plugins of the tests, and how they get into a gateway of fakes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from threading import Event as Signal
from time import monotonic, sleep

from eventgateway.operations.plugin_worker import PluginWorker
from eventgateway.operations.plugins import Plugins
from eventgateway.plugin import RECEIVED, Event, Subscription, subject

EVENT = Event("changed", "urn:plugin", "p-1", data={"by": "plugin"})


@dataclass
class Recorder:
    """A plugin that remembers what it was told and answers by a function."""

    answer: Callable[[Event], object] = lambda _: None
    told: list[Event] = field(default_factory=list)

    def react(self, event):
        self.told.append(event)
        return self.answer(event)

    @property
    def types(self):
        return [each.type for each in self.told]


@dataclass
class Stuck(Recorder):
    """A plugin that comes back when it is released, for good."""

    released: Signal = field(default_factory=Signal)

    def react(self, event):
        super().react(event)
        self.released.wait(20)


def worker(name, plugin, subscriptions=((RECEIVED, "sync"),), **limits):
    return PluginWorker(name, plugin, [Subscription(*each) for each in subscriptions], **limits)


def plug_in(gateway, *workers):
    """Let receiver and deliverer of a gateway of fakes have these plugins from now on."""
    plugins = Plugins.of(workers)
    gateway.receiver = replace(gateway.receiver, plugins=plugins)
    gateway.deliverer = replace(gateway.deliverer, plugins=plugins)
    return plugins


def raising(error):
    def answer(_):
        raise error

    return answer


def returning(event):
    return lambda _: event


def changing(change: Callable[[Event], Mapping[str, object]]):
    """Answers with the event that the system event is about, with some fields changed."""
    return lambda event: replace(subject(event), **change(subject(event)))


def until(condition, seconds=2.0):
    """Whether a condition comes true in time."""
    end = monotonic() + seconds
    while not (holds := condition()) and monotonic() < end:
        sleep(0.005)
    return holds
