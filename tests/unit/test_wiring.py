import pytest

from eventgateway import wiring
from eventgateway.settings import InvalidSettings, Mode, Settings


@pytest.mark.parametrize("build", [wiring.events_api, wiring.config_api, wiring.delivery_worker])
def test_hosted_mode_does_not_start_before_there_are_keys(build, monkeypatch):
    """Otherwise everybody could read and change the spaces, counters and metrics of all tenants."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises(InvalidSettings, match="access keys are not there yet"):
        build(Settings("config", "records", "https://sqs.us-east-1.amazonaws.com/1/queue", "payloads", "key", mode=Mode.HOSTED))
