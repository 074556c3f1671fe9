"""The HTTP client against real servers on the loopback: connections and failures."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eventgateway import http_connection
from eventgateway.core.errors import FunctionUnreachable, ProviderError
from eventgateway.core.provider import HttpAnswer
from tests.integration.exchange import CHUNKED, PIECES, TIMEOUT, post
from tests.loopback import Loopback, Then, answer, refused_url


class TestConnections:
    def test_is_kept_alive_between_calls(self, client, server):
        assert [post(client, server.url()) for _ in range(3)] == [HttpAnswer(200, b"ok")] * 3
        assert server.connections == 1

    def test_is_not_reused_where_the_server_ends_it(self, client, server):
        server.script = lambda _: [answer(b"ok", "Connection: close"), Then.CLOSE]
        assert [post(client, server.url()).body for _ in range(2)] == [b"ok", b"ok"]
        assert server.connections == 2

    def test_answer_that_ends_the_connection_may_come_late(self, client, server):
        """Regression: http.client closed the socket before the body was read."""
        server.script = lambda _: [
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n",
            0.05,
            b"he",
            0.05,
            b"llo",
            Then.CLOSE,
        ]
        assert post(client, server.url()) == HttpAnswer(200, b"hello")

    def test_server_that_closes_idle_connections(self, client, server):
        server.script = lambda _: [answer(), Then.CLOSE]
        for calls in range(1, 4):
            assert post(client, server.url()) == HttpAnswer(200, b"ok")
            assert server.wait_until(lambda calls=calls: server.ended == calls)
        assert server.connections == 3

    def test_what_arrives_on_an_idle_connection_answers_nothing(self, client, server):
        server.script = lambda request: [answer(request.body), *([0.02, answer(b"surplus")] if request.body == b"1" else [])]
        assert post(client, server.url(), b"1").body == b"1"
        server._over.wait(0.1)
        assert post(client, server.url(), b"2").body == b"2"
        assert server.connections == 2

    def test_is_not_kept_for_ever(self, client, server, monkeypatch):
        monkeypatch.setattr(http_connection, "IDLE_SECONDS", 0.0)
        post(client, server.url())
        post(client, server.url())
        assert server.connections == 2

    def test_idle_ones_are_limited_and_those_of_the_oldest_host_go_first(self, client, monkeypatch):
        """Regression: after 256 hosts no new one was kept alive, and the old ones stayed open."""
        monkeypatch.setattr(http_connection, "IDLE_LIMIT", 2)
        with Loopback() as first, Loopback() as second, Loopback() as third:
            for server in (first, second, third):
                post(client, server.url())
            assert first.wait_until(lambda: first.ended == 1)
            for server in (second, third, first):
                post(client, server.url())
            assert [server.connections for server in (first, second, third)] == [2, 1, 1]

    def test_close_drops_idle_ones(self, client, server):
        post(client, server.url())
        client.close()
        assert server.wait_until(lambda: server.ended == 1)
        assert post(client, server.url()).status == 200
        assert server.connections == 2

    def test_threads_get_their_own_answers(self, client, server):
        server.script = lambda request: [answer(request.body)]

        def call_often(thread):
            return [post(client, server.url(), f"{thread}-{number}".encode()).body == f"{thread}-{number}".encode() for number in range(50)]

        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(call_often, range(8)))
        assert results == [[True] * 50] * 8
        assert len(server.requests) == 400
        assert server.connections <= 8

    def test_interim_answers_are_skipped(self, client, server):
        """Regression: 103 was taken for the answer, and the real one answered the next request on the connection."""
        hint = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        server.script = lambda request: [b"HTTP/1.1 100 Continue\r\n\r\n", hint, 0.02, hint, answer(request.body)]
        assert [post(client, server.url(), body).body for body in (b"1", b"2")] == [b"1", b"2"]


class TestFailures:
    def test_connection_refused(self, client):
        with pytest.raises(FunctionUnreachable, match=r"^Connection refused$"):
            post(client, refused_url())

    @pytest.mark.parametrize("end", [Then.CLOSE, Then.RESET])
    def test_hang_up_is_not_retried(self, client, server, end):
        server.script = lambda _: [end]
        with pytest.raises(FunctionUnreachable):
            post(client, server.url())
        assert len(server.requests) == 1

    def test_hang_up_on_a_reused_connection_is_not_retried(self, client, server):
        server.script = lambda request: [Then.CLOSE if request.body == b"2" else answer()]
        post(client, server.url(), b"1")
        with pytest.raises(FunctionUnreachable, match="closed without an answer"):
            post(client, server.url(), b"2")
        assert [request.body for request in server.requests] == [b"1", b"2"]
        assert server.connections == 1
        assert post(client, server.url(), b"3").status == 200

    @pytest.mark.parametrize(
        "half",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\nhello",
            CHUNKED + b"5\r\nhello\r\n",
            CHUNKED + b"50\r\nhello",
            CHUNKED + b"x\r\n",
            b"HTTP/1.1 ",
            b"HTTP/1.1 200 OK\r\nContent-Le",
            b"HTTP/1.1 200 OK\r\nX-A: b\r\n",
        ],
    )
    def test_half_answer_is_no_answer(self, client, server, half):
        """Regression: a body that ended before its Content-Length counted as complete, and a head that ended early as well."""
        server.script = lambda _: [half, Then.CLOSE]
        with pytest.raises(FunctionUnreachable):
            post(client, server.url())
        assert len(server.requests) == 1

    @pytest.mark.parametrize("garbage", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\0" * 100, b"HTTP/1.1 abc OK\r\n\r\n", b"x" * 70_000, b"\r\n\r\n"])
    def test_garbage(self, client, server, garbage):
        server.script = lambda _: [garbage, Then.CLOSE]
        with pytest.raises(FunctionUnreachable):
            post(client, server.url())

    @pytest.mark.parametrize("after", [b"", CHUNKED])
    def test_echo_reveals_nothing(self, client, server, after):
        """Regression: the message quoted the garbage, which was our own request."""
        login = "dXNlcjpwYXNzd29yZA=="
        server.script = lambda request: [after, f"{request.method} {request.target} {request.headers}".encode(), Then.CLOSE]
        url = server.url("/secret-path?token=secret-query", "user:password@")
        with pytest.raises(FunctionUnreachable) as caught:
            client.post(url, b"secret-body", {}, TIMEOUT, {"X-Token": "secret-header"})
        assert not any(part in caught.value.message for part in ("secret", "password", login, "127.0.0.1"))

    @pytest.mark.parametrize(
        "url", ["", "/x", "ftp://host/", "http://", "http:///x", "http://[", "http://host:70000/", "http://host:x/", "http://a..b/"]
    )
    def test_url_that_is_none(self, client, url):
        with pytest.raises(FunctionUnreachable):
            post(client, url)

    def test_header_that_cannot_be_sent(self, client, server):
        with pytest.raises(FunctionUnreachable, match="malformed") as caught:
            client.post(server.url(), b"{}", {}, TIMEOUT, {"X-Token": "secret\r\nX-Evil: 1"})
        assert "secret" not in caught.value.message

    def test_early_refusal_of_a_large_body_is_an_answer(self, client):
        with Loopback(lambda _: [answer(b"too large", "Connection: close", status="413 Content Too Large"), 0.1, Then.RESET]) as server:
            server.reads_bodies = False
            assert post(client, server.url(), bytes(16 * 1024 * 1024)) == HttpAnswer(413, b"too large")

    @given(st.lists(PIECES | st.binary(max_size=5), max_size=12))
    @example([CHUNKED + b"-5\r\nabc"])
    @example([b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n"])
    def test_whatever_is_answered_there_is_an_answer_or_a_provider_error(self, fuzzed, pieces):
        client, server = fuzzed
        server.script = lambda _: [b"".join(pieces), Then.CLOSE]
        with suppress(ProviderError):
            assert isinstance(post(client, server.url()), HttpAnswer)
