"""Plugins are found as they are installed: in folders with the metadata of packages."""

import sys
from importlib.metadata import DistributionFinder

import pytest

from eventgateway import plugin_loader
from eventgateway.operations.plugins import NO_PLUGINS
from eventgateway.plugin import ASYNC, INVOKED, INVOKING, RECEIVED, SYNC, Subscription
from eventgateway.plugin_loader import InvalidPlugin
from eventgateway.settings import InvalidSettings, PluginPolicy, Settings

PLUGIN = """
class Plugin:
    def subscriptions(self):
        return {subscriptions}

    def react(self, event):
        return None
"""
SENSIBLE = [(RECEIVED, SYNC)]
packages = iter(range(1_000_000))


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a plugin from source, in a package of its own."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name, source=None, attribute="Plugin", module=None):
        number = next(packages)
        module = module or f"plugin_of_the_tests_{number}"
        (tmp_path / f"{module}.py").write_text(
            PLUGIN.format(subscriptions=[(str(a), str(b)) for a, b in SENSIBLE]) if source is None else source
        )
        metadata = tmp_path / f"package_{number}-1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: package-{number}\nVersion: 1\n")
        (metadata / "entry_points.txt").write_text(f"[eventgateway.plugins]\n{name} = {module}:{attribute}\n")
        return module

    return install


def load(plugins="*", **settings):
    return plugin_loader.load(Settings("", "", "", "", "", plugins=plugins, **settings))


def refusal(plugins="*"):
    with pytest.raises(InvalidPlugin) as refused:
        load(plugins)
    assert isinstance(refused.value, InvalidSettings)
    return str(refused.value)


def test_what_is_installed_takes_part_in_the_order_of_its_names(install):
    for name in ("b", "c", "a"):
        install(name)
    plugins = load()
    assert [each.name for each in plugins.wanted[RECEIVED].sync] == ["a", "b", "c"]
    assert plugins.wanted[RECEIVED].asynchronous == []
    assert set(plugins.wanted) == {RECEIVED}


@pytest.mark.parametrize(("asked", "names"), [("b", ["b"]), (" c , a,", ["a", "c"]), ("a,*", ["a", "b", "c"]), ("", []), (" , ", [])])
def test_the_setting_chooses_by_name(install, asked, names):
    for name in ("c", "a", "b"):
        install(name)
    assert sorted(each.name for each in load(asked).workers) == names


def test_without_plugins_nothing_is_searched(install, monkeypatch):
    class Exploding(DistributionFinder):
        @staticmethod
        def find_distributions(*_):
            raise AssertionError("nobody should look")

    monkeypatch.setattr(sys, "meta_path", [Exploding, *sys.meta_path])
    assert load("") is NO_PLUGINS
    with pytest.raises(AssertionError):
        load("*")


def test_each_plugin_gets_what_it_subscribed_to(install):
    install("p", PLUGIN.format(subscriptions=f'iter([("{INVOKING}", "sync"), ("{INVOKED}", "async"), ("{RECEIVED}",)])'))
    [worker] = load().workers
    assert worker.subscriptions == [Subscription(INVOKING, SYNC), Subscription(INVOKED, ASYNC), Subscription(RECEIVED, SYNC)]


def test_limits_come_from_the_settings(install):
    install("p")
    [first], [second] = load().workers, load(plugin_seconds=0.5, plugin_policy=PluginPolicy.OPEN).workers
    assert [(first.seconds, first.fails_open), (second.seconds, second.fails_open)] == [(2.0, False), (0.5, True)]


def test_a_plugin_that_is_not_installed_is_named(install):
    install("a")
    assert refusal("a,b") == 'Plugin "b" is not installed: no entry point of the group eventgateway.plugins has that name'


def test_two_plugins_of_one_name_are_refused_unless_they_are_the_same(install):
    one = install("p")
    install("p", module=one)
    assert len(load().workers) == 1
    two = install("p")
    assert "installed twice" in refusal()
    assert one in refusal()
    assert two in refusal("p")


def test_a_plugin_that_is_not_asked_for_does_no_harm(install):
    install("good")
    install("bad", "import nothing_of_this_name")
    assert [each.name for each in load("good").workers] == ["good"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import nothing_of_this_name", "cannot be loaded: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("import sys; sys.exit(3)", "cannot be loaded: SystemExit: 3"),
        ("Plugin =", "cannot be loaded: SyntaxError"),
        ("Other = 1", "cannot be loaded: AttributeError"),
        ("Plugin = 1", "cannot be loaded: TypeError"),
        ("class Plugin:\n    def __init__(self, x): pass", "cannot be loaded: TypeError"),
        ("class Plugin:\n    def react(self, event): pass", "cannot be loaded: AttributeError"),
        (PLUGIN.format(subscriptions="1 / 0"), "cannot be loaded: ZeroDivisionError: division by zero"),
        (PLUGIN.format(subscriptions="None"), "cannot be loaded: TypeError"),
        (PLUGIN.format(subscriptions=f"'{RECEIVED}'"), "subscribes to 'e', 'sync'"),
        (PLUGIN.format(subscriptions="[]"), "subscribes to nothing"),
        (PLUGIN.format(subscriptions="[('user.created', 'sync')]"), "subscribes to 'user.created', 'sync': the types are "),
        (PLUGIN.format(subscriptions=f"[('{RECEIVED}', 'later')]"), "the modes sync and async"),
        (PLUGIN.format(subscriptions=f"[('{RECEIVED}', 'sync'), ('{RECEIVED}', 'async')]"), "subscribes twice to one type of event"),
        (PLUGIN.format(subscriptions=[tuple(map(str, SENSIBLE[0]))]).replace("def react", "def act"), "has no react(event)"),
        (PLUGIN.format(subscriptions=[tuple(map(str, SENSIBLE[0]))]).replace("def react", "async def react"), "that is a plain method"),
    ],
)  # fmt: skip
def test_a_plugin_that_makes_no_sense_is_named_with_the_reason(install, source, reason):
    install("p", source)
    assert refusal().startswith('Plugin "p" ')
    assert reason in refusal()


def test_the_settings_of_plugins_can_be_taken_alone():
    environment = {"PLUGINS": "", "PLUGIN_SECONDS": "0.5", "PLUGIN_POLICY": "open"}
    assert Settings.given(environment) == {"plugins": "", "plugin_seconds": 0.5, "plugin_policy": PluginPolicy.OPEN}
    assert Settings.given({}) == {}


@pytest.mark.parametrize(("name", "value"), [("PLUGIN_SECONDS", "0"), ("PLUGIN_SECONDS", "nan"), ("PLUGIN_POLICY", "ajar")])
def test_limits_that_make_no_sense_are_named(name, value):
    with pytest.raises(InvalidSettings, match=f"^{name}='{value}': "):
        Settings.given({name: value})
