from dataclasses import replace

import pytest

from eventgateway import wiring
from eventgateway.core import limits
from eventgateway.core.errors import FunctionRefused, FunctionUnreachable
from eventgateway.core.guard import Guard, PublicOnly
from eventgateway.core.own_role import EVERYBODYS
from eventgateway.operations.admission import Admission
from eventgateway.operations.borders import Borders
from eventgateway.settings import InvalidSettings, Mode, OutboundGuard, Settings
from tests.loopback import refused_url


def settings(guard=OutboundGuard.AUTO, mode=Mode.STANDALONE):
    return Settings("config", "records", "https://sqs.us-east-1.amazonaws.com/1/queue", "payloads", "key", outbound_guard=guard, mode=mode)


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch):
    for name, value in {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}.items():
        monkeypatch.setenv(name, value)


def test_in_hosted_mode_nobody_gets_in_without_a_key():
    """Otherwise everybody could read and change the spaces, counters and metrics of all tenants."""
    api = wiring.config_api(settings(mode=Mode.HOSTED))
    assert isinstance(api.doors, Borders)
    assert api.doors.operator is None


@pytest.mark.parametrize("build", [wiring.events_api, wiring.config_api, wiring.delivery_worker])
@pytest.mark.parametrize("domain", ["https://example.com", "Example.com", "*.example.com", "example.com.", "a..b", "x" * 200])
def test_a_domain_must_be_one(build, domain):
    with pytest.raises(InvalidSettings, match="GATEWAY_DOMAIN"):
        build(replace(settings(mode=Mode.HOSTED), domain=domain))


def with_key(key="", secret=""):
    return replace(settings(), operator_key=key, operator_key_secret=secret)


def test_without_a_key_the_config_api_is_open():
    assert wiring.config_api(settings()).doors is None


@pytest.mark.parametrize("given", [with_key("the-key"), with_key(secret="the-secret")], ids=["key", "secret"])
def test_a_key_or_a_secret_closes_it(given):
    assert isinstance(wiring.config_api(given).doors, Admission)


def test_a_key_and_a_secret_are_one_too_many():
    with pytest.raises(InvalidSettings, match="GATEWAY_OPERATOR_KEY and GATEWAY_OPERATOR_KEY_SECRET"):
        wiring.config_api(with_key("the-key", "the-secret"))


@pytest.mark.parametrize("key", ["the key", "schlüssel", "k" * (limits.KEY + 1), " "])
def test_a_key_that_no_header_can_carry_is_refused_and_not_told(key):
    with pytest.raises(InvalidSettings) as refused:
        wiring.config_api(with_key(key))
    assert str(refused.value) == "GATEWAY_OPERATOR_KEY: must be visible ASCII, at most 1024 characters"


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


ALLOWED = "arn:aws:sqs:us-east-1:123456789012:shared, arn:aws:lambda:us-east-1:123456789012:function:shared-*,"


def test_in_hosted_mode_the_gateways_own_role_is_the_operators():
    hosted = replace(settings(mode=Mode.HOSTED), allowed_targets=ALLOWED)
    for each in (*outbound(hosted), wiring.config_api(hosted).manager):
        assert [(pattern.service, pattern.name) for pattern in each.own_role.patterns] == [("sqs", "shared"), ("lambda", "shared-*")]
    assert wiring.own_role(settings(mode=Mode.HOSTED)).patterns == ()


def test_standalone_it_is_everybodys():
    alone = replace(settings(), allowed_targets=ALLOWED)
    for each in (*outbound(alone), wiring.config_api(alone).manager):
        assert each.own_role is EVERYBODYS


@pytest.mark.parametrize("build", [wiring.events_api, wiring.config_api, wiring.delivery_worker])
@pytest.mark.parametrize("targets", ["*", "shared", f"{ALLOWED}arn:aws:s3:::shared"])
def test_allowed_targets_must_be_targets(build, targets):
    with pytest.raises(InvalidSettings, match=r"ALLOWED_TARGETS: .* is no ARN of a function, queue or stream"):
        build(replace(settings(mode=Mode.HOSTED), allowed_targets=targets))


@pytest.mark.parametrize(("mode", "copies"), [(Mode.STANDALONE, False), (Mode.HOSTED, True)])
def test_the_mode_decides_how_deliveries_wait(mode, copies):
    assert wiring.delivery_worker(settings(mode=mode)).copies is copies


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
