"""`GET /v1/status` at the Events API: a health check, but only where nobody has subscribed to it."""

from typing import Any

import pytest

from eventgateway.web.events_api import EventsApi
from tests.fakes import Gateway

RECEIVED = "eventgateway.event.received"


class Client:
    """A client of the Events API over fakes, with a subscriber of every event that is received."""

    def __init__(self) -> None:
        self.gateway = Gateway()
        self.gateway.subscribe("async", "observer", RECEIVED)
        self.api = EventsApi(self.gateway.receiver)

    def ask(self, method: str = "GET", path: str = "/v1/status", **headers: str) -> dict[str, Any]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.api.handle({"requestContext": {"http": {"method": method}}, "rawPath": path, "headers": named})

    @property
    def events(self) -> int:
        return len(self.gateway.queue.events("observer"))


@pytest.fixture
def client() -> Client:
    return Client()


def test_it_is_answered_without_an_event(client: Client) -> None:
    assert client.ask() == {"statusCode": 200, "headers": {}, "body": "", "isBase64Encoded": False}
    assert client.events == 0


@pytest.mark.parametrize(
    ("method", "path"), [("HEAD", "/v1/status"), ("POST", "/v1/status"), ("GET", "/v1/status/"), ("GET", "/default/v1/status")]
)
def test_every_other_request_is_an_event(client: Client, method: str, path: str) -> None:
    assert client.ask(method, path)["statusCode"] == 202
    assert client.events == 1


@pytest.mark.parametrize("path", ["/v1/status", "/v1/:what", "/*all"])
def test_a_sync_subscriber_answers_instead(client: Client, path: str) -> None:
    client.gateway.subscribe("sync", "f", "http.request", path, "GET")
    client.gateway.functions.answer("f", {"statusCode": 201, "body": "mine"})
    assert (client.ask()["statusCode"], client.ask()["body"]) == (201, "mine")
    assert client.events == 2


def test_an_async_subscriber_gets_its_event(client: Client) -> None:
    client.gateway.subscribe("async", "f", "http.request", "/v1/status", "GET")
    assert client.ask()["statusCode"] == 202
    assert len(client.gateway.queue.events("f")) == client.events == 1


def test_subscribers_of_other_methods_and_types_do_not_count(client: Client) -> None:
    client.gateway.subscribe("sync", "f", "http.request", "/v1/status", "POST")
    client.gateway.subscribe("async", "f", "user.created", "/v1/status", "GET")
    assert client.ask()["statusCode"] == 200
    assert client.events == 0


def test_an_event_that_is_sent_there_is_an_event(client: Client) -> None:
    client.gateway.subscribe("async", "f", "user.created", "/v1/status", "GET")
    assert client.ask(event="user.created")["statusCode"] == 202
    assert len(client.gateway.queue.events("f")) == 1


def test_a_request_that_cannot_be_read_is_refused_as_everywhere(client: Client) -> None:
    assert client.ask(content_type="text/")["statusCode"] == 400


def test_a_page_of_another_origin_may_see_it_if_a_rule_says_so(client: Client) -> None:
    client.gateway.cors({"method": "GET", "path": "/v1/status"})
    assert client.ask(origin="https://example.com")["headers"] == {"vary": "Origin", "access-control-allow-origin": "*"}


def test_a_gateway_without_its_configuration_is_not_healthy(client: Client) -> None:
    client.gateway.store.away = True
    client.gateway.spaces.fresh_at = float("-inf")
    client.gateway.spaces.expire()
    assert client.ask()["statusCode"] == 503
