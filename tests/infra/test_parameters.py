"""What a deployment can choose: from cdk.json, from the command line, and what is said to a mistake."""

import json
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.hosting import is_domain
from eventgateway.settings import LogLevel, Mode, OutboundGuard
from infra.parameters import LOG_DAYS, InvalidParameter, LayerPlatform, Parameters, RemovalPolicy
from local.doctor.case import STACK

NAMES = {each.name for each in fields(Parameters)}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
WORDS = {True: ("true", "yes", "on", "1"), False: ("false", "no", "off", "0", "")}
ARNS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789:/-", min_size=1, max_size=40)
SPACES = st.text(alphabet=" \t", max_size=2)


def test_without_a_choice_data_is_kept_and_nothing_costs_extra():
    chosen = Parameters.from_context({})
    assert chosen == Parameters()
    assert chosen.keeps_data
    assert (chosen.mode, chosen.outbound_guard, chosen.log_level) == (Mode.STANDALONE, OutboundGuard.ON, LogLevel.INFO)
    assert [chosen.tracing, chosen.access_log, chosen.snap_start, chosen.reserved_concurrency] == [False, False, False, 0]
    assert chosen.allowed_targets == chosen.plugin_layers == ()


def test_the_cdk_json_of_the_repository_is_accepted_and_chooses_nothing():
    context = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]
    assert Parameters.from_context(context) == Parameters()


def test_what_cdk_itself_puts_into_the_context_is_no_parameter():
    context = {"@aws-cdk/core:x": True, "aws:cdk:bundling-stacks": ["*"], "availability-zones:account=1:region=x": ["a"]}
    assert Parameters.from_context(context) == Parameters()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("stack_name", "Staging", "Staging"),
        ("mode", "hosted", Mode.HOSTED),
        ("router_memory", "1769", 1769),
        ("log_retention", "7", 7),
        ("log_level", "debug", LogLevel.DEBUG),
        ("outbound_guard", "off", OutboundGuard.OFF),
        ("retry_scale", "0.01", 0.01),
        ("removal_policy", "destroy", RemovalPolicy.DESTROY),
        ("layer_platform", "host", LayerPlatform.HOST),
        ("allowed_targets", "a,b", ("a", "b")),
        ("tracing", "true", True),
    ],
)
def test_the_command_line_gives_text_and_cdk_json_what_it_stands_for(name, text, value):
    plain = list(value) if isinstance(value, tuple) else value
    assert getattr(Parameters.from_context({name: text}), name) == value
    assert getattr(Parameters.from_context({name: plain}), name) == value


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("router_memory", "64", "must be at least 128"),
        ("router_memory", "much", "memory of the router in MB"),
        ("router_memory", True, "memory of the router in MB"),
        ("router_memory", None, "memory of the router in MB"),
        ("router_memory", 512.5, "memory of the router in MB"),
        ("router_memory", 10241, "must be at least 128 and at most 10240"),
        ("delivery_concurrency", 1, "must be at least 2"),
        ("delivery_concurrency", 1001, "at most 1000"),
        ("allowed_targets", [1], "ARNs of functions, queues and streams"),
        ("allowed_targets", None, "ARNs of functions, queues and streams"),
        ("plugin_layers", {"a": "b"}, "ARNs of Lambda layers"),
        ("domain", "https://gateway.example.org", "a name such as events.example.com"),
        ("domain", "*.example.org", "a name such as events.example.com"),
        ("domain", "example", "a name such as events.example.com"),
        ("retry_scale", 0, "must be at least 0.001"),
        ("retry_scale", "nan", "must be at least 0.001"),
        ("mode", "shared", "standalone (one owner) or hosted (many tenants)"),
        ("tracing", "maybe", "trace the functions with X-Ray"),
        ("tracing", 2, "trace the functions with X-Ray"),
        ("log_level", "loud", "debug, info, warn or error"),
        ("log_retention", 8, "CloudWatch offers 1, 3, 5, 7"),
        ("removal_policy", "keep", "retain (data survives cdk destroy) or destroy"),
        ("domain", ["example.org"], "domain of the gateway"),
        ("stack_name", "", "letters, digits and hyphens"),
        ("stack_name", "my gateway", "letters, digits and hyphens"),
        ("stack_name", "x" * 129, "letters, digits and hyphens"),
        ("stack_name", "event-gateway-staging", "must not begin as the roles that the gateway may take, event-gateway-"),
        ("reserved_concurrency", "-1", "must be at least 0"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_its_name_and_what_would_do(name, value, said):
    with pytest.raises(InvalidParameter) as refused:
        Parameters.from_context({name: value})
    assert str(refused.value).startswith(f"{name}=")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"domain": "example.org"}, "domain needs hosted_zone (the certificate is made) or certificate_arn (a certificate of *.DOMAIN)"),
        ({"hosted_zone": "Z1"}, "hosted_zone needs domain"),
        (
            {"mode": "hosted", "domain": "a--b.org", "hosted_zone": "Z1"},
            "domain='a--b.org': in hosted mode labels are letters and digits with single hyphens between",
        ),
        ({"certificate_arn": CERTIFICATE}, "certificate_arn needs domain"),
    ],
)
def test_what_does_not_fit_together_is_refused_with_what_is_missing(context, said):
    with pytest.raises(InvalidParameter) as refused:
        Parameters.from_context(context)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    "given_", [{"hosted_zone": "Z1"}, {"certificate_arn": CERTIFICATE}, {"hosted_zone": "Z1", "certificate_arn": CERTIFICATE}]
)
def test_a_domain_takes_a_zone_or_a_certificate_or_both(given_):
    assert Parameters.from_context({"domain": "example.org"} | given_).domain == "example.org"


def test_a_name_that_is_none_is_refused_with_all_that_are():
    with pytest.raises(InvalidParameter) as refused:
        Parameters.from_context({"tracin": "true", "colour": "red"})
    unknown, _, known = str(refused.value).partition(". Known are: ")
    assert unknown == "unknown parameter: colour, tracin"
    assert set(known.split(", ")) == NAMES


def test_every_parameter_says_what_it_is_for():
    assert [each.name for each in fields(Parameters) if not each.metadata["help"]] == []


def test_logs_are_kept_for_any_time_that_cloudwatch_offers():
    assert [Parameters(log_retention=days).log_retention for days in LOG_DAYS] == list(LOG_DAYS)


@given(st.lists(st.tuples(SPACES, ARNS, SPACES), max_size=6))
def test_a_list_may_be_written_with_commas_and_spaces_or_as_json(padded):
    items = tuple(item for _, item, _ in padded)
    text = ",".join(f"{before}{item}{after}" for before, item, after in padded)
    assert Parameters.from_context({"allowed_targets": text}).allowed_targets == items
    assert Parameters.from_context({"allowed_targets": list(items)}).allowed_targets == items


@given(st.booleans(), st.data())
def test_a_switch_takes_any_usual_word_in_any_case(value, data):
    word = data.draw(st.sampled_from(WORDS[value]))
    written = "".join(data.draw(st.sampled_from([letter.lower(), letter.upper()])) for letter in word)
    assert Parameters.from_context({"tracing": written}).tracing is value
    assert Parameters.from_context({"tracing": value}).tracing is value


@given(st.text())
def test_a_switch_takes_no_other_word(text):
    if text.lower() not in WORDS[True] + WORDS[False]:
        with pytest.raises(InvalidParameter, match=r"^tracing="):
            Parameters.from_context({"tracing": text})


@given(
    st.one_of(
        st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers()), st.dictionaries(st.text(), st.none())
    )
)
def test_whatever_is_in_cdk_json_is_read_or_refused_with_the_name(value):
    for name in NAMES:
        try:
            read = getattr(Parameters.from_context({name: value}), name)
        except InvalidParameter as error:
            assert name in str(error)  # noqa: PT017 - either is well
        else:
            assert isinstance(read, str | int | float | tuple)


def test_the_doctor_looks_at_the_stack_that_is_deployed():
    assert Parameters().stack_name == STACK


@given(st.lists(st.text("a0-.", min_size=1, max_size=70) | st.sampled_from(["example", "a" * 63, "a" * 64]), min_size=1, max_size=5))
def test_a_hosted_gateway_starts_with_every_domain_that_the_stack_takes(labels):
    """The functions look at it, too, and would not start."""
    domain = ".".join(labels)
    with suppress(InvalidParameter):
        assert is_domain(Parameters(mode=Mode.HOSTED, domain=domain, hosted_zone="Z1").domain)


@pytest.mark.parametrize("domain", ["gateway.example.org", f"{'a' * 63}.example", "a-b.com"])
def test_a_hosted_gateway_has_any_domain_whose_subdomains_can_be_spaces(domain):
    assert Parameters(mode=Mode.HOSTED, domain=domain, hosted_zone="Z1").domain == domain
