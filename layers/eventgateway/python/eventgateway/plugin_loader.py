"""Finds plugins: the entry points of a group, in whatever package or Lambda layer they are installed."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from inspect import iscoroutinefunction
from typing import Any

from eventgateway.core.plugin import Mode, Subscription
from eventgateway.operations.plugin_worker import PluginWorker
from eventgateway.operations.plugins import NO_PLUGINS, Plugins
from eventgateway.operations.system_events import INVOCATION_FAILED, INVOKED, INVOKING, RECEIVED
from eventgateway.settings import InvalidSettings, PluginPolicy, Settings

GROUP = "eventgateway.plugins"
ALL = "*"
TYPES = (RECEIVED, INVOKING, INVOKED, INVOCATION_FAILED)
MODES = tuple(Mode)


class InvalidPlugin(InvalidSettings):
    """A plugin that is asked for cannot take part."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f'Plugin "{name}" {reason}')


def load(settings: Settings) -> Plugins:
    """The plugins that the settings ask for. Raises InvalidPlugin. Without any, nothing is searched."""
    names = [name.strip() for name in settings.plugins.split(",") if name.strip()]
    return Plugins.of([_worker(each, settings) for each in _chosen(names)]) if names else NO_PLUGINS


def _chosen(names: list[str]) -> Iterable[EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for each in entry_points(group=GROUP):
        if ALL in names or each.name in names:
            other = found.setdefault(each.name, each)
            if other.value != each.value:
                raise InvalidPlugin(each.name, f"is installed twice: {other.value} and {each.value}")
    if missing := sorted({*names} - {ALL, *found}):
        raise InvalidPlugin(missing[0], f"is not installed: no entry point of the group {GROUP} has that name")
    return found.values()


def _worker(found: EntryPoint, settings: Settings) -> PluginWorker:
    try:
        plugin: Any = found.load()()
        subscriptions = [Subscription(*each) for each in plugin.subscriptions()]
    except (Exception, SystemExit) as error:
        raise InvalidPlugin(found.name, f"cannot be loaded: {type(error).__name__}: {error}") from error
    if reason := _reason_against(plugin, subscriptions):
        raise InvalidPlugin(found.name, reason)
    return PluginWorker(found.name, plugin, subscriptions, settings.plugin_seconds, settings.plugin_policy is PluginPolicy.OPEN)


def _reason_against(plugin: object, subscriptions: list[Subscription]) -> str | None:
    """Why a plugin makes no sense, None if it does."""
    react = getattr(plugin, "react", None)
    if not callable(react) or iscoroutinefunction(react):
        return "has no react(event) that is a plain method"
    for type_, mode in subscriptions:
        if type_ not in TYPES or mode not in MODES:
            return f"subscribes to {type_!r}, {str(mode)!r}: the types are {', '.join(TYPES)}, the modes {' and '.join(MODES)}"
    if len({each.event_type for each in subscriptions}) != len(subscriptions):
        return "subscribes twice to one type of event"
    return None if subscriptions else "subscribes to nothing"
