"""Secrets in the deployed code, on an emulated AWS: nothing readable is in the table, and a function gets what it was given."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.kms.models import kms_backends
from standardwebhooks import Webhook

from eventgateway import wiring
from eventgateway.settings import Settings
from eventgateway.web.payload import Json
from local.emulator import Emulator
from local.resources import CONFIG_TABLE, create_resources
from tests.loopback import Loopback, answer

SIGNING = f"whsec_{'c2ln' * 8}"
TOKEN = "the-token"


@pytest.fixture
def settings() -> Iterator[Settings]:
    with Emulator():
        yield create_resources()


def request(handler: Any, path: str, body: Json) -> Json:
    headers = {"event": "u", "content-type": "application/json"}
    event = {"requestContext": {"http": {"method": "POST"}}, "rawPath": path, "headers": headers, "body": json.dumps(body)}
    answered: Json = handler.handle(event)
    return answered


def test_from_the_config_api_to_the_function(settings: Settings, server: Loopback) -> None:
    server.script = lambda _: [answer(b'{"statusCode": 201}')]
    config, events = wiring.config_api(settings), wiring.events_api(settings)
    provider = {"url": server.url(), "headers": {"X-Token": TOKEN}, "signingSecret": SIGNING}
    created = request(config, "/v1/spaces/default/functions", {"functionId": "f", "type": "http", "provider": provider})
    request(config, "/v1/spaces/default/eventtypes", {"name": "u"})
    request(config, "/v1/spaces/default/subscriptions", {"type": "sync", "eventType": "u", "functionId": "f"})
    assert json.loads(created["body"])["provider"] == provider | {"headers": {"X-Token": "*****"}, "signingSecret": "*****"}
    assert request(events, "/", {"a": 1})["statusCode"] == 201
    [received] = server.requests
    assert received.headers["x-token"] == TOKEN
    assert Webhook(SIGNING).verify(received.body, received.headers)["data"] == {"a": 1}
    stored = str(boto3.client("dynamodb").scan(TableName=CONFIG_TABLE)["Items"])
    assert "sealed" in stored
    assert not [secret for secret in (TOKEN, SIGNING) if secret in stored]


def test_a_key_that_is_gone_is_a_503(settings: Settings, server: Loopback) -> None:
    config, events = wiring.config_api(settings), wiring.events_api(settings)
    provider = {"url": server.url(), "headers": {"X-Token": TOKEN}}
    for kind, document in {
        "functions": {"functionId": "f", "type": "http", "provider": provider},
        "eventtypes": {"name": "u"},
        "subscriptions": {"type": "sync", "eventType": "u", "functionId": "f"},
    }.items():
        assert request(config, f"/v1/spaces/default/{kind}", document)["statusCode"] == 201
    kms_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].reset()
    refused = request(config, "/v1/spaces/default/functions", {"functionId": "g", "type": "http", "provider": provider})
    away = request(events, "/", {"a": 1})
    assert [(each["statusCode"], each["headers"]["retry-after"]) for each in (refused, away)] == [(503, "1")] * 2
    assert server.requests == []
