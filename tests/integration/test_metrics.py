"""`GET /v1/metrics` through the deployed handlers: what was counted by router, worker and Config API stands together."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import boto3
import pytest

from functions.config import handler as config
from functions.delivery import handler as delivery
from functions.router import handler as router
from local.lambda_context import LambdaContext
from tests.integration.deployment import deployed_handlers


class Target(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(500 if self.path == "/bad" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def target():
    with HTTPServer(("127.0.0.1", 0), Target) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def settings():
    with deployed_handlers() as settings:
        yield settings


def send(handler, method, path, body="", **headers):
    http = {"requestContext": {"http": {"method": method}}, "rawPath": path, "headers": headers, "body": body}
    return handler.handler(http, None)


def create(kind, document):
    assert send(config, "POST", f"/v1/spaces/default/{kind}", json.dumps(document))["statusCode"] == 201


def deliver_all(queue_url):
    messages = boto3.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)["Messages"]
    records = [{"messageId": each["MessageId"], "receiptHandle": each["ReceiptHandle"], "body": each["Body"]} for each in messages]
    assert delivery.handler({"Records": records}, LambdaContext("delivery", 60)) == {"batchItemFailures": []}


def test_metrics_of_router_worker_and_config_api_stand_together(settings, target):
    create("eventtypes", {"name": "http.request"})
    create("eventtypes", {"name": "u"})
    for name in ("f", "bad"):
        create("functions", {"functionId": name, "type": "http", "provider": {"url": f"{target}/{name}"}})
        create("subscriptions", {"type": "sync", "eventType": "http.request", "functionId": name, "path": f"/{name}", "method": "GET"})
    create("subscriptions", {"type": "async", "eventType": "u", "functionId": "f"})
    statuses = [send(router, "GET", path)["statusCode"] for path in ("/f", "/f", "/bad", "/none")]
    assert statuses == [200, 200, 500, 202]
    assert send(router, "POST", "/", "x", event="u")["statusCode"] == 202
    deliver_all(settings.queue_url)
    router.api().receiver.usage.flush()
    answer = send(config, "GET", "/v1/metrics")
    assert (answer["statusCode"], answer["headers"]["content-type"].split(";")[0]) == (200, "text/plain")
    assert set(EXPECTED.split("\n")) - set(answer["body"].split("\n")) == set()


EXPECTED = """eventgateway_events_received_total{space="default",type="custom"} 1
eventgateway_events_received_total{space="default",type="http.request"} 3
eventgateway_events_received_total{space="default",type="eventgateway.function.invoking"} 4
eventgateway_events_received_total{space="default",type="eventgateway.function.invoked"} 3
eventgateway_events_received_total{space="default",type="eventgateway.function.invocationFailed"} 1
eventgateway_events_processed_total{space="default",type="custom"} 1
eventgateway_events_processed_total{space="default",type="http.request"} 3
eventgateway_deliveries_total{space="default",outcome="delivered"} 1
eventgateway_config_requests_total{space="default",resource="eventtype",operation="create"} 2
eventgateway_config_requests_total{space="default",resource="function",operation="create"} 2
eventgateway_config_requests_total{space="default",resource="subscription",operation="create"} 3
eventgateway_eventtypes_total{space="default"} 2
eventgateway_functions_total{space="default"} 2
eventgateway_subscriptions_total{space="default"} 3
eventgateway_events_custom_processing_seconds_count 1
eventgateway_config_request_duration_seconds_count 7
eventgateway_events_backlog 0"""


def test_made_up_spaces_are_not_counted(settings):
    for number in range(20):
        assert send(config, "GET", f"/v1/spaces/nowhere-{number}/functions")["statusCode"] == 200
    assert "nowhere" not in send(config, "GET", "/v1/metrics")["body"]


def test_only_get_reads_metrics(settings):
    assert send(config, "POST", "/v1/metrics")["statusCode"] == 405
