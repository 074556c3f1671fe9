"""The operator key in the deployed handler, on emulated AWS: nothing of the Config API is open, and a rotation counts."""

import json
import os

import boto3
import pytest

from eventgateway import wiring
from eventgateway.web.config_api import ConfigApi
from functions.config import handler as config
from local.emulator import Emulator
from local.resources import create_resources

SECRET = "event-gateway/operator-key"


@pytest.fixture
def emulated(monkeypatch):
    """Environment and emulated AWS of a deployed config function, whose key is in Secrets Manager."""
    with Emulator():
        boto3.client("secretsmanager").create_secret(Name=SECRET, SecretString="the-key")
        for name, value in create_resources(operator_key_secret=SECRET).to_env().items():
            monkeypatch.setitem(os.environ, name, value)
        config.api.cache_clear()
        yield
        config.api.cache_clear()


def ask(key, method="GET", path="/v1/spaces/default/eventtypes", document=None):
    headers = {"authorization": f"Bearer {key}"} if key else {}
    body = None if document is None else json.dumps(document)
    event = {"requestContext": {"http": {"method": method}}, "rawPath": path, "headers": headers, "body": body}
    answer = config.handler(event, None)
    return answer["statusCode"], answer["body"]


def test_only_who_has_the_key_configures(emulated):
    assert [ask(key, "POST", document={"name": "u"})[0] for key in (None, "another", "the-key")] == [401, 403, 201]
    assert ask(None, path="/v1/status") == (200, "")
    assert ask(None, path="/v1/metrics")[0] == 401
    assert "eventgateway_eventtypes_total" in ask("the-key", path="/v1/metrics")[1]


def test_a_rotation_counts_for_a_minute_old_instance(emulated):
    assert ask("the-key")[0] == 200
    boto3.client("secretsmanager").put_secret_value(SecretId=SECRET, SecretString="the-new-key")
    assert ask("the-key")[0] == 200
    config.api().doors.due -= 60
    assert [ask(key)[0] for key in ("the-key", "the-new-key")] == [403, 200]


def test_a_deleted_secret_opens_nothing(emulated):
    boto3.client("secretsmanager").delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)
    status, body = ask("the-key")
    assert (status, json.loads(body)) == (503, {"errors": [{"message": "Keys cannot be checked at the moment. Please try again."}]})


def test_the_secret_is_read_once_for_many_requests(emulated, monkeypatch):
    reads = []
    known = config.api().doors.source
    monkeypatch.setattr(type(known), "read", lambda _: reads.append(1) or "the-key")
    assert {ask("the-key")[0] for _ in range(5)} == {200}
    assert len(reads) == 1


def test_a_key_in_the_environment_needs_no_secrets_manager():
    with Emulator():
        api = wiring.config_api(create_resources(operator_key="the-key"))
    assert isinstance(api, ConfigApi)
    event = {"requestContext": {"http": {"method": "GET"}}, "rawPath": "/v1/openapi.json"}
    assert api.handle(event)["statusCode"] == 401
    assert api.handle(event | {"headers": {"authorization": "bearer the-key"}})["statusCode"] == 200
