import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.settings import InvalidSettings, LogLevel, Mode, OutboundGuard, Settings
from tests.unit.attempts import attempt

REQUIRED = {
    "CONFIG_TABLE": "gateway",
    "RECORDS_TABLE": "records",
    "DELIVERY_QUEUE_URL": "https://sqs/queue",
    "PAYLOAD_BUCKET": "payloads",
    "SECRETS_KEY": "key",
}
SECONDS = st.floats(0, allow_infinity=False)
SETTINGS = st.builds(
    Settings,
    config_table=st.text(),
    records_table=st.text(),
    queue_url=st.text(),
    payload_bucket=st.text(),
    secrets_key=st.text(),
    outbound_guard=st.sampled_from(OutboundGuard),
    retry_scale=st.floats(0.001, allow_infinity=False),
    mode=st.sampled_from(Mode),
    config_ttl=SECONDS,
    config_max_stale=SECONDS,
    request_seconds=st.floats(1, allow_infinity=False),
    delivery_seconds=st.floats(1, allow_infinity=False),
    delivery_concurrency=st.integers(1),
    log_level=st.sampled_from(LogLevel),
    operator_key=st.text(),
    operator_key_secret=st.text(),
)


def refusal(environment):
    with pytest.raises(InvalidSettings) as refused:
        Settings.from_env(environment)
    return str(refused.value)


def test_five_names_are_enough():
    settings = Settings.from_env(REQUIRED)
    assert (settings.config_table, settings.records_table, settings.queue_url) == ("gateway", "records", "https://sqs/queue")
    assert (settings.mode, settings.config_ttl, settings.config_max_stale) == (Mode.STANDALONE, 1.0, 900.0)
    assert (settings.request_seconds, settings.delivery_seconds, settings.delivery_concurrency) == (28.0, 28.0, 10)


def test_everything_that_is_missing_is_named_at_once():
    missing = "RECORDS_TABLE, DELIVERY_QUEUE_URL, PAYLOAD_BUCKET, SECRETS_KEY"
    assert refusal({"CONFIG_TABLE": "gateway"}) == f"environment variables are missing: {missing}"


def test_other_variables_do_not_matter():
    assert Settings.from_env(REQUIRED | {"PATH": "/bin", "config_ttl": "x"}) == Settings.from_env(REQUIRED)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_MODE", "shared"), ("GATEWAY_MODE", "Hosted"), ("CONFIG_TTL", "soon"), ("CONFIG_TTL", ""), ("CONFIG_TTL", "-1"),
        ("CONFIG_TTL", "nan"), ("CONFIG_MAX_STALE", "-0.1"), ("REQUEST_SECONDS", "0"), ("DELIVERY_SECONDS", "0.5"),
        ("DELIVERY_CONCURRENCY", "0"), ("DELIVERY_CONCURRENCY", "1.5"),
    ],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_named(name, value):
    assert refusal(REQUIRED | {name: value}).startswith(f"{name}={value!r}: ")


def test_a_key_is_not_shown():
    assert "the-key" not in repr(Settings.from_env(REQUIRED | {"GATEWAY_OPERATOR_KEY": "the-key"}))


def test_values_are_read_by_their_types():
    environment = REQUIRED | {"GATEWAY_MODE": "hosted", "CONFIG_TTL": "0", "DELIVERY_CONCURRENCY": "3"}
    settings = Settings.from_env(environment)
    assert (settings.mode, settings.config_ttl, settings.delivery_concurrency) == (Mode.HOSTED, 0.0, 3)


@given(SETTINGS)
def test_settings_survive_the_environment(settings):
    environment = settings.to_env()
    assert all(isinstance(value, str) for value in environment.values())
    assert Settings.from_env(environment) == settings


@given(st.dictionaries(st.sampled_from(sorted(Settings("", "", "", "", "").to_env())), st.text(max_size=8)))
def test_any_environment_is_read_or_refused(changes):
    outcome = attempt(Settings.from_env, REQUIRED | changes, error=InvalidSettings)
    assert isinstance(outcome, InvalidSettings) or min(outcome.request_seconds, outcome.delivery_seconds, outcome.delivery_concurrency) >= 1
