"""HTTP functions beyond what all types promise: which answers are failures, and what is sent."""

from time import time
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from eventgateway.core.errors import FunctionFailed
from eventgateway.core.provider import Call, Purpose
from eventgateway.http_client import HttpClient
from eventgateway.providers.http import ID_LIMIT, TIMEOUT, HttpEndpoint
from tests.contract.backends import PREVIOUS, SIGNING
from tests.loopback import Loopback, answer, redirect

FAILURES = {
    Purpose.SYNC: {500},
    Purpose.ASYNC: {*range(300, 600)},
    Purpose.AUTHORIZE: {*range(400, 600)},
}


@pytest.mark.parametrize("purpose", Purpose)
def test_which_statuses_are_failures(network, server, purpose):
    statuses = [200, 201, 202, 204, 299, 300, 301, 304, 399, 400, 403, 404, 429, 499, 500, 501, 502, 503, 599]
    failed = set()
    for status in statuses:
        server.script = lambda _, status=status: [answer(b"", status=f"{status} X")]
        try:
            HttpEndpoint(server.url()).call(Call(b"{}", purpose, 2.0), network)
        except FunctionFailed as error:
            assert error.status == status  # noqa: PT017
            failed.add(status)
    assert failed == FAILURES[purpose].intersection(statuses)


def test_status_after_redirects_counts(network, server):
    server.script = lambda request: [redirect("/there", 307) if request.target == "/" else answer(b"arrived")]
    assert HttpEndpoint(server.url()).call(Call(b"{}", Purpose.ASYNC, 2.0), network) == b"arrived"


def test_what_is_sent(network, server):
    HttpEndpoint(server.url("/f?x=y")).call(Call(b'{"a":1}', Purpose.SYNC, 2.0, "event-1"), network)
    [request] = server.requests
    assert (request.method, request.target, request.body) == ("POST", "/f?x=y", b'{"a":1}')
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert not {"x-event-id", "x-delivery-id"}.intersection(request.headers)


def test_ids_of_a_delivery_are_sent(network, server):
    HttpEndpoint(server.url()).call(Call(b"{}", Purpose.ASYNC, 2.0, "event-1", "delivery-1"), network)
    assert (server.requests[0].headers["x-event-id"], server.requests[0].headers["x-delivery-id"]) == ("event-1", "delivery-1")


def test_headers_of_the_owner_are_sent(network, server):
    own = {"authorization": "Bearer t", "X-Name": "J\u00fcrgen \u00a0 \u00ff"}
    HttpEndpoint(server.url(login="user:password@"), own).call(Call(b"{}", Purpose.ASYNC, 2.0, "e", "d"), network)
    [request] = server.requests
    assert {name: request.headers[name.lower()] for name in own} == own
    assert "webhook-id" not in request.headers


class TestSignature:
    """By the receivers' own library."""

    def test_of_a_delivery(self, network, server):
        sign(network, server, at=time() - 1.5)
        [request] = server.requests
        assert request.headers["webhook-id"] == request.headers["x-delivery-id"] == "delivery-1"
        assert Webhook(SIGNING).verify(request.body, request.headers) == {"a": "\u00e4"}

    def test_of_a_sync_call_has_the_id_of_the_event(self, network, server):
        sign(network, server, delivery="")
        Webhook(SIGNING).verify(server.requests[0].body, server.requests[0].headers)
        assert server.requests[0].headers["webhook-id"] == "event%2E1"

    def test_both_secrets_are_valid_while_they_change(self, network, server):
        sign(network, server, PREVIOUS)
        for secret in (SIGNING, PREVIOUS):
            assert Webhook(secret).verify(server.requests[0].body, server.requests[0].headers)

    def test_previous_secret_alone_signs_nothing(self, network, server):
        HttpEndpoint(server.url(), previous_signing_secret=PREVIOUS).call(Call(b"{}", Purpose.SYNC, 2.0, "e"), network)
        assert "webhook-signature" not in server.requests[0].headers

    def test_each_attempt_has_its_time(self, network, server):
        for at in (1_800_000_000.9, 1_800_000_005.0):
            sign(network, server, at=at)
        assert [request.headers["webhook-timestamp"] for request in server.requests] == ["1800000000", "1800000005"]

    @pytest.mark.parametrize("status", [307, 308])
    def test_fits_behind_a_redirect_that_posts_again(self, network, server, status):
        server.script = lambda request: [redirect("/there", status) if request.target == "/" else answer(b"arrived")]
        sign(network, server)
        assert [Webhook(SIGNING).verify(request.body, request.headers) for request in server.requests] == [{"a": "\u00e4"}] * 2


def sign(network, server, previous="", delivery="delivery-1", at=None):
    function = HttpEndpoint(server.url(), signing_secret=SIGNING, previous_signing_secret=previous)
    call = Call('{"a": "\u00e4"}'.encode(), Purpose.ASYNC, 2.0, "event.1", delivery, time() if at is None else at)
    return function.call(call, network)


@pytest.fixture(scope="module")
def listening():
    with Loopback() as server:
        yield server


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=ID_LIMIT))
def test_any_event_id_can_be_delivered(warm_network, listening, event_id):
    """Regression: an id with a line break or outside of Latin-1 could never be delivered."""
    HttpEndpoint(listening.url()).call(Call(b"{}", Purpose.ASYNC, 2.0, event_id, "delivery-1"), warm_network)
    assert unquote(listening.requests[-1].headers["x-event-id"]) == event_id


def test_time_out_is_five_seconds_at_most(network, monkeypatch):
    timeouts = []
    monkeypatch.setattr(HttpClient, "post", lambda _self, _url, _body, _headers, timeout, _private: timeouts.append(timeout))
    for timeout in (28.0, 2.0):
        with pytest.raises(AttributeError):
            HttpEndpoint("http://function.test").call(Call(b"{}", Purpose.SYNC, timeout), network)
    assert timeouts == [TIMEOUT, 2.0]
