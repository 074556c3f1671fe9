import pytest

from eventgateway import wiring
from eventgateway.core.errors import FunctionRefused, FunctionUnreachable
from eventgateway.core.guard import Guard, PublicOnly
from eventgateway.settings import InvalidSettings, Mode, OutboundGuard, Settings
from tests.loopback import refused_url


def settings(guard=OutboundGuard.AUTO, mode=Mode.STANDALONE):
    return Settings("config", "records", "https://sqs.us-east-1.amazonaws.com/1/queue", "payloads", "key", outbound_guard=guard, mode=mode)


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch):
    for name, value in {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("build", [wiring.events_api, wiring.config_api, wiring.delivery_worker])
def test_hosted_mode_does_not_start_before_there_are_keys(build):
    """Otherwise everybody could read and change the spaces, counters and metrics of all tenants."""
    with pytest.raises(InvalidSettings, match="access keys are not there yet"):
        build(settings(mode=Mode.HOSTED))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (settings(OutboundGuard.ON), PublicOnly),
        (settings(OutboundGuard.OFF), Guard),
        (settings(OutboundGuard.AUTO), Guard),
        (settings(OutboundGuard.ON, Mode.HOSTED), PublicOnly),
        (settings(OutboundGuard.OFF, Mode.HOSTED), Guard),
        (settings(OutboundGuard.AUTO, Mode.HOSTED), PublicOnly),
    ],
    ids=lambda each: f"{each.outbound_guard} {each.mode}" if isinstance(each, Settings) else each.__name__,
)
def test_settings_decide_who_is_on_guard(given, expected):
    assert type(wiring.guard(given)) is expected


def outbound(settings):
    """The ways out of the router and of the worker."""
    return [wiring.events_api(settings).receiver.outbound, wiring.delivery_worker(settings).deliverer.outbound]


def test_the_guard_stands_before_each_way_out():
    for each in outbound(settings(OutboundGuard.ON)):
        with pytest.raises(FunctionRefused):
            each.post(refused_url(), b"", {}, 1)
    assert isinstance(wiring.config_api(settings(OutboundGuard.ON)).manager.guard, PublicOnly)


def test_without_it_this_machine_is_reached():
    for each in outbound(settings()):
        with pytest.raises(FunctionUnreachable, match="Connection refused"):
            each.post(refused_url(), b"", {}, 1)
