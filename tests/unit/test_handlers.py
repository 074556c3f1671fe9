import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import functions.config.handler
import functions.dashboard.handler
import functions.delivery.handler
import functions.router.handler
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.settings import InvalidSettings
from eventgateway.web.config_api import ConfigApi
from eventgateway.web.events_api import EventsApi
from local.lambda_context import LambdaContext
from tests.unit.samples import sample

HANDLERS = [functions.router.handler, functions.config.handler, functions.delivery.handler]
EVENT_OF = {"functions.router.handler": "http_get", "functions.config.handler": "http_get", "functions.delivery.handler": "sqs"}
each_handler = pytest.mark.parametrize("module", HANDLERS, ids=lambda module: module.__name__)


@pytest.fixture
def router(gateway, monkeypatch):
    monkeypatch.setattr(functions.router.handler, "api", lambda: EventsApi(gateway.receiver))
    return functions.router.handler.handler


@pytest.fixture
def config(gateway, monkeypatch):
    monkeypatch.setattr(functions.config.handler, "api", lambda: ConfigApi(gateway.manager))
    return functions.config.handler.handler


@pytest.fixture
def delivery(gateway, monkeypatch):
    with ThreadPoolExecutor(2) as pool:
        worker = DeliveryWorker(gateway.deliverer, gateway.queue, pool, gateway.runner)
        monkeypatch.setattr(functions.delivery.handler, "worker", lambda: worker)
        yield functions.delivery.handler.handler


def config_request(method, path, body=None):
    event = sample("http_post_json") | {"rawPath": path, "body": body and json.dumps(body)}
    event["requestContext"]["http"]["method"] = method
    return event


@pytest.mark.parametrize("module", [*HANDLERS, functions.dashboard.handler], ids=lambda module: module.__name__)
def test_a_handler_is_small(module):
    assert len(Path(module.__file__).read_text(encoding="utf-8").splitlines()) <= 40


@each_handler
def test_a_handler_reads_its_environment_with_the_first_event_and_says_what_is_missing(module, monkeypatch):
    for name in ("CONFIG_TABLE", "RECORDS_TABLE", "DELIVERY_QUEUE_URL", "PAYLOAD_BUCKET", "SECRETS_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InvalidSettings, match="CONFIG_TABLE, RECORDS_TABLE, DELIVERY_QUEUE_URL, PAYLOAD_BUCKET, SECRETS_KEY"):
        module.handler(sample(EVENT_OF[module.__name__]), None)


def test_the_router_answers_with_the_result_of_the_function(gateway, router):
    gateway.subscribe("sync", "f", "http.request", "/users/:name/*rest", "GET")
    gateway.functions.answer("f", {"statusCode": 201, "headers": {"Content-Type": "text/html"}, "body": "<p>hi</p>"})
    answer = router(sample("http_get"), None)
    assert answer == {"statusCode": 201, "headers": {"content-type": "text/html"}, "body": "<p>hi</p>", "isBase64Encoded": False}
    assert gateway.functions.calls[0][1]["data"]["params"] == {"name": "a b", "rest": "100%"}


@pytest.mark.parametrize("name", ["http_post_json", "cloudevent_structured"])
def test_the_router_queues_an_event_and_accepts(gateway, router, name):
    gateway.subscribe("async", "welcome", "user.created")
    answer = router(sample(name), None)
    assert (answer["statusCode"], answer["body"]) == (202, "")
    assert [each["data"] for each in gateway.queue.events("welcome")] == [{"name": "Äda"}]


def test_the_router_answers_errors_as_json(router):
    event = sample("http_post_json")
    event["headers"]["content-type"] = "text/"
    answer = router(event, None)
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (400, "application/json")
    assert json.loads(answer["body"]) == {"errors": [{"message": "mime: expected token after slash"}]}


def test_the_router_answers_even_if_there_is_a_bug(gateway, router):
    gateway.subscribe("sync", "f", "http.request", "/*all", "GET")
    gateway.functions.answers["f"] = RuntimeError("bug")
    assert router(sample("http_get"), None)["statusCode"] == 500


def test_the_config_handler_creates_reads_lists_and_deletes(config):
    base, function = "/v1/spaces/default/functions", {"functionId": "f", "type": "http", "provider": {"url": "http://host/f"}}
    created = config(config_request("POST", base, function), None)
    assert (created["statusCode"], json.loads(created["body"])) == (201, {"space": "default", **function})
    assert json.loads(config(config_request("GET", f"{base}/f"), None)["body"]) == {"space": "default", **function}
    assert json.loads(config(config_request("GET", base), None)["body"]) == {"functions": [{"space": "default", **function}]}
    assert config(config_request("DELETE", f"{base}/f"), None)["statusCode"] == 204
    assert config(config_request("GET", f"{base}/f"), None)["statusCode"] == 404


def test_the_config_handler_finds_a_cors_rule_by_its_decoded_id(config):
    base = "/v1/spaces/default/cors"
    config(config_request("POST", base, {"method": "GET", "path": "/a/b"}), None)
    for identifier in ("GET/a/b", "GET%252Fa%252Fb"):
        assert config(config_request("GET", f"{base}/{identifier}"), None)["statusCode"] == 200


def test_the_delivery_handler_names_the_records_that_must_come_again(gateway, delivery):
    gateway.subscribe("async", "welcome", "user.created")
    batch = sample("sqs")
    answer = delivery(batch, LambdaContext("delivery", 60))
    delivered, foreign, early = (each["messageId"] for each in batch["Records"])
    assert answer == {"batchItemFailures": [{"itemIdentifier": foreign}, {"itemIdentifier": early}]}
    assert [(name, event["eventID"]) for name, event in gateway.functions.calls] == [("welcome", "id-1")]
    assert [handle for handle, _ in gateway.queue.postponed] == [batch["Records"][2]["receiptHandle"]]
    assert delivered not in str(answer)
