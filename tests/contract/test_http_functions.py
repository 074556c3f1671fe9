"""HTTP functions beyond what all types promise: which answers are failures, and what is sent."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventgateway.core.errors import FunctionFailed
from eventgateway.core.provider import Call, Purpose
from eventgateway.http_client import HttpClient
from eventgateway.providers.http import ID_LIMIT, TIMEOUT, HttpEndpoint
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
    monkeypatch.setattr(HttpClient, "post", lambda _self, _url, _body, _headers, timeout: timeouts.append(timeout))
    for timeout in (28.0, 2.0):
        with pytest.raises(AttributeError):
            HttpEndpoint("http://function.test").call(Call(b"{}", Purpose.SYNC, timeout), network)
    assert timeouts == [TIMEOUT, 2.0]
