"""Closed spaces in the deployed handlers, on emulated AWS and with an issuer on the loopback."""

import json
import logging

import boto3
import pytest

from eventgateway import wiring
from functions.config import handler as config
from functions.delivery import handler as delivery
from functions.router import handler as router
from tests import certificates
from tests.loopback import Loopback, answer
from tests.tokens import SigningKey, claims, key_set

KEY = SigningKey()


@pytest.fixture
def closed(deployed):
    """A deployment with an async subscriber, which answers well."""
    deployed.subscribe("user.created")
    deployed.heal()
    return deployed


@pytest.fixture
def issuer(tmp_path, monkeypatch):
    """An issuer with discovery, whose certificate is trusted by handlers that are built from now on."""
    certificate = certificates.of_loopback(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Loopback(tls=certificates.server_side(certificate)) as server:
        found = json.dumps({"issuer": server.url(""), "jwks_uri": server.url("/keys")}).encode()
        server.script = lambda request: [answer(key_set(KEY) if request.target == "/keys" else found)]
        forget_handlers()
        yield server
    monkeypatch.undo()
    forget_handlers()


def forget_handlers():
    wiring.trust.cache_clear()
    for build in (router.api, config.api, delivery.worker):
        build.cache_clear()


def access(deployed, method, path="", **document):
    return deployed.send(f"/v1/spaces/{deployed.space}/access{path}", method, body=json.dumps(document))


def emit(deployed, source="203.0.113.7", event_type="user.created", **headers):
    headers = {"event": event_type, "content-type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    http = {"method": "POST", "sourceIp": source}
    answered = router.handler({"requestContext": {"http": http}, "rawPath": deployed.path, "headers": headers, "body": "{}"}, None)
    return answered["statusCode"]


def test_from_the_first_key_to_its_end(closed):
    assert emit(closed) == 202
    status, key = access(closed, "POST", "/keys", name="ci")
    assert (status, key["name"]) == (201, "ci")
    assert [emit(closed), emit(closed, x_api_key=key["key"]), emit(closed, authorization=f"Bearer {key['key']}")] == [401, 202, 202]
    assert access(closed, "DELETE", f"/keys/{key['id']}") == (204, None)
    assert [emit(closed), emit(closed, x_api_key=key["key"])] == [401, 403]
    assert access(closed, "DELETE")[0] == 204
    assert emit(closed) == 202


def test_the_key_is_nowhere_but_with_its_owner(closed, caplog):
    closed.create("eventtypes", name="http.request")
    wanted = {"type": "async", "eventType": "http.request", "functionId": "f", "path": closed.path, "retry": {"maxAttempts": 1}}
    closed.create("subscriptions", **wanted)
    key = access(closed, "POST", "/keys")[1]["key"]
    closed.heal(False)
    with caplog.at_level(logging.DEBUG, "eventgateway"):
        assert emit(closed, event_type="", authorization=f"Bearer {key}", x_api_key=key) == 202
        closed.work()
    assert [each["data"]["headers"]["Authorization"] for each in closed.delivered()] == ["Bearer *****"]
    [letter] = closed.letters()
    assert closed.ask("GET", f"/{letter['id']}")[1]["event"]["data"]["headers"]["X-Api-Key"] == "*****"
    tables = [boto3.client("dynamodb").scan(TableName=name) for name in (closed.settings.config_table, closed.settings.records_table)]
    told = [each.getMessage() + str(vars(each)) for each in caplog.records if each.name.startswith("eventgateway")]
    assert key not in f"{tables}{told}{access(closed, 'GET')}"


def test_addresses_are_those_that_api_gateway_reports(closed):
    assert access(closed, "PUT", addresses=["203.0.113.0/24"])[0] == 200
    assert [emit(closed), emit(closed, "198.51.100.1", x_forwarded_for="203.0.113.7")] == [202, 403]


def test_tokens_of_an_issuer_with_discovery(closed, issuer):
    rule = {"issuer": issuer.url(""), "audiences": ["gateway"]}
    assert access(closed, "PUT", jwt=rule) == (200, {"space": closed.space, "jwt": rule})
    good, other = (KEY.sign(claims(iss=issuer.url(""), aud=aud)) for aud in ("gateway", "others"))
    assert [emit(closed, authorization=each) for each in (f"Bearer {good}", f"Bearer {other}", "", f"Bearer {good}")] == [
        202,
        403,
        401,
        202,
    ]
    assert len(issuer.requests) == 2


def test_an_issuer_that_is_away(closed, issuer):
    access(closed, "PUT", jwt={"issuer": issuer.url(""), "audiences": ["gateway"]})
    issuer.script = lambda _: [answer(b"", status="500 Oops")]
    assert emit(closed, authorization=f"Bearer {KEY.sign(claims(iss=issuer.url('')))}") == 503


def test_a_space_of_somebody_else_stays_open(closed):
    access(closed, "POST", "/keys")
    closed.space, closed.path = f"{closed.space}-other", f"{closed.path}-other"
    closed.subscribe("user.created")
    assert emit(closed) == 202
