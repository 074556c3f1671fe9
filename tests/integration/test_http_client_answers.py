"""The HTTP client: deadlines, redirects, answers and their size."""

import socket
from itertools import count, repeat

import pytest

from eventgateway.core.errors import FunctionFailed, FunctionUnreachable
from eventgateway.core.provider import HttpAnswer
from eventgateway.http_client import ANSWER_LIMIT, REDIRECT_LIMIT, HttpClient
from tests.integration.exchange import CHUNKED, HEADERS, SHORT, TIMEOUT, post, times_out
from tests.loopback import Loopback, Then, answer, redirect

PRIVATE = {"X-Token": "secret"}


class TestDeadline:
    def test_connecting(self, client):
        with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, socket.socket() as other, socket.socket() as third:
            for filler in (other, third):  # a full backlog makes the kernel ignore further ones
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
            with times_out():
                post(client, f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout=SHORT)

    @pytest.mark.parametrize(
        "steps",
        [
            [2.0],
            [b"HTTP/1.1 200 OK\r\n", 2.0],
            [b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", 2.0],
            [CHUNKED + b"5\r\nhello\r\n", 2.0],
        ],
    )
    def test_silence(self, client, server, steps):
        server.script = lambda _: steps
        with times_out():
            post(client, server.url(), timeout=SHORT)
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        ("head", "drip"),
        [
            (b"", b"H"),
            (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n", b"x"),
            (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
            (CHUNKED, b"1\r\nx\r\n"),
            (CHUNKED + b"0\r\n", b"X-Trailer: x\r\n"),
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        ],
    )
    def test_drip(self, client, server, head, drip):
        server.script = lambda _: [head] + [drip, 0.1] * 20
        with times_out():
            post(client, server.url(), timeout=SHORT)

    def test_server_that_does_not_read(self, client):
        with Loopback(lambda _: [2.0], reads_bodies=False) as server, times_out():
            post(client, server.url(), bytes(32 * 1024 * 1024), timeout=SHORT)

    def test_all_redirects_together(self, client, server):
        server.script = lambda _: [0.1, redirect("/again")]
        with times_out():
            post(client, server.url(), timeout=SHORT)
        assert len(server.requests) <= 4

    def test_kept_connection_gets_the_new_one(self, client, server):
        server.script = lambda request: [0.2 if request.body == b"slow" else 0.0, answer()]
        post(client, server.url(), timeout=0.1)
        assert post(client, server.url(), b"slow", timeout=1).status == 200
        with times_out(0.1):
            post(client, server.url(), b"slow", timeout=0.1)
        assert server.connections == 1

    def test_nothing_is_sent_when_it_has_passed(self, client, server):
        with pytest.raises(FunctionUnreachable, match="timed out"):
            post(client, server.url(), timeout=0)
        assert server.requests == []


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 303])
    def test_becomes_get_without_body_but_same_headers(self, client, server, status):
        server.script = lambda request: [redirect("/there", status) if request.target == "/here" else answer(b"arrived")]
        assert post(client, server.url("/here"), b"payload") == HttpAnswer(200, b"arrived")
        first, second = server.requests
        assert (first.method, first.body) == ("POST", b"payload")
        assert (second.method, second.target, second.body) == ("GET", "/there", b"")
        assert second.headers["content-type"] == HEADERS["Content-Type"]
        assert "content-length" not in second.headers

    @pytest.mark.parametrize("status", [307, 308])
    def test_posts_again(self, client, server, status):
        server.script = lambda request: [redirect("/there", status) if request.target == "/here" else answer(b"arrived")]
        assert post(client, server.url("/here"), b"payload") == HttpAnswer(200, b"arrived")
        assert [(request.method, request.body) for request in server.requests] == [("POST", b"payload")] * 2

    def test_get_stays_get(self, client, server):
        steps = {"/1": redirect("/2", 303), "/2": redirect("/3", 307), "/3": answer()}
        server.script = lambda request: [steps[request.target]]
        post(client, server.url("/1"))
        assert [request.method for request in server.requests] == ["POST", "GET", "GET"]

    @pytest.mark.parametrize(
        ("location", "target"),
        [
            ("there", "/a/there"),
            ("../there?x=1#part", "/there?x=1"),
            ("?y", "/a/b?y"),
            ("/with space/ü", "/with%20space/%C3%BC"),
            ("//127.0.0.1:{port}/there", "/there"),
        ],
    )
    def test_location_is_resolved(self, client, server, location, target):
        first = redirect(location.format(port=server.port))
        server.script = lambda request: [first if request.target == "/a/b?q" else answer()]
        post(client, server.url("/a/b?q"))
        assert server.requests[-1].target == target

    def test_to_another_server(self, client, server):
        with Loopback(lambda _: [redirect(server.url("/x"), 307)]) as other:
            post(client, other.url(login="user:password@"), b"payload")
        assert server.requests[0].body == b"payload"
        assert "authorization" not in server.requests[0].headers
        assert server.requests[0].headers["host"] == f"127.0.0.1:{server.port}"

    @pytest.mark.parametrize("status", [302, 307])
    def test_private_headers_stay_on_their_server(self, client, server, status):
        server.script = lambda request: [redirect("/there", status) if request.target == "/" else answer()]
        client.post(server.url(), b"payload", HEADERS, TIMEOUT, PRIVATE)
        assert [request.headers.get("x-token") for request in server.requests] == ["secret"] * 2

    def test_private_headers_do_not_leave_their_server(self, client, server):
        """Not even for a redirect back: the other server chose what is asked for there."""
        with Loopback(lambda _: [redirect(server.url("/back"), 307)]) as other:
            server.script = lambda request: [redirect(other.url(), 307) if request.target == "/" else answer()]
            client.post(server.url(), b"payload", HEADERS, TIMEOUT, PRIVATE)
        sent = [*server.requests, *other.requests]
        assert [(request.target, request.headers.get("x-token")) for request in sent] == [("/", "secret"), ("/back", None), ("/", None)]
        assert all(request.headers["content-type"] == HEADERS["Content-Type"] for request in sent)

    def test_private_headers_do_not_leave_their_scheme(self, client, server):
        server.script = lambda _: [redirect(server.url().replace("http:", "https:"), 307)]
        with pytest.raises(FunctionUnreachable):
            client.post(server.url(), b"payload", HEADERS, SHORT, PRIVATE)
        tokens = [request.headers.get("x-token") for request in server.requests]  # a handshake of TLS may look like a request
        assert [token for token in tokens if token] == ["secret"]

    @pytest.mark.parametrize("location", ["http://[", "ftp://host/", "http://host:x/"])
    def test_private_headers_go_nowhere(self, client, server, location):
        server.script = lambda _: [redirect(location, 307)]
        with pytest.raises(FunctionUnreachable) as caught:
            client.post(server.url(), b"payload", HEADERS, TIMEOUT, PRIVATE)
        assert "secret" not in caught.value.message

    def test_on_the_same_server_keeps_the_login(self, client, server):
        server.script = lambda request: [redirect("/there") if request.target == "/" else answer()]
        post(client, server.url(login="user:password@"))
        assert server.requests[0].headers["authorization"] == server.requests[1].headers["authorization"]

    def test_loop_is_bounded(self, client, server):
        server.script = lambda request: [redirect(request.target)]
        with pytest.raises(FunctionUnreachable, match="more than 10 redirects"):
            post(client, server.url())
        assert len(server.requests) == REDIRECT_LIMIT + 1

    @pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect", "300 Multiple Choices", "304 Not Modified"])
    def test_without_location_is_an_answer(self, client, server, status):
        server.script = lambda _: [answer(b"", status=status)]
        assert post(client, server.url()) == HttpAnswer(int(status[:3]), b"")

    @pytest.mark.parametrize(
        "location", ["ftp://host/", "http://[", "mailto:x@y", "http://host:99999/", "http:///x", "javascript:alert(1)"]
    )
    def test_to_nowhere(self, client, server, location):
        """Regression: `http://[` escaped as a ValueError."""
        server.script = lambda _: [redirect(location)]
        with pytest.raises(FunctionUnreachable):
            post(client, server.url())


class TestAnswers:
    @pytest.mark.parametrize(
        ("parts", "body"),
        [
            ([CHUNKED, b"5\r\nhello\r\n", b"1;x=y\r\n \r\n5\r\nworld\r\n0\r\nX-T: t\r\n\r\n"], b"hello world"),
            ([b"HTTP/1.0 200 OK\r\n\r\nhello", Then.CLOSE], b"hello"),
            ([b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", Then.CLOSE], b"hello"),
            ([b"HTTP/1.1 200 OK\r\n\r\nhello", b" world", Then.CLOSE], b"hello world"),
            ([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], b""),
            ([b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"], b"ok"),
        ],
    )  # fmt: skip
    def test_framing(self, client, server, parts, body):
        server.script = lambda _: parts
        assert [post(client, server.url()) for _ in range(2)] == [HttpAnswer(200, body)] * 2

    def test_statuses_are_handed_on(self, client, server):
        statuses = count(400)
        server.script = lambda _: [answer(b"no", status=f"{next(statuses)} No")]
        assert [post(client, server.url()).status for _ in range(3)] == [400, 401, 402]

    def test_no_content_leaves_the_connection_usable(self, client, server):
        server.script = lambda _: [b"HTTP/1.1 204 No Content\r\n\r\n"]
        assert [post(client, server.url()) for _ in range(2)] == [HttpAnswer(204, b"")] * 2
        assert server.connections == 1

    @pytest.mark.parametrize("size", [0, 1, 8192, 65536, 1_000_000])
    def test_sizes(self, client, server, size):
        server.script = lambda request: [answer(request.body)]
        body = bytes(range(256)) * (size // 256) + bytes(size % 256)
        assert post(client, server.url(), body).body == body


class TestSizeLimit:
    @pytest.mark.parametrize("number", [97, 98])
    def test_number_of_headers(self, client, server, number):
        """http.client's own limit, together with Content-Length: it may not grow unnoticed."""
        server.script = lambda _: [answer(b"ok", *(f"X-{each}: x" for each in range(number + 1)))]
        if number == 97:
            assert post(client, server.url()) == HttpAnswer(200, b"ok")
        else:
            with pytest.raises(FunctionUnreachable):
                post(client, server.url())

    def test_size_of_headers(self, client, server):
        server.script = lambda request: [answer(b"ok", *[f"X-A: {'x' * 1000}"] * int(request.body), f"X-B: {'x' * 60_000}")]
        assert post(client, server.url(), b"90").status == 200
        server.script = lambda request: [answer(b"ok", *[f"X-A: {'x' * 60_000}"] * int(request.body))]
        assert post(client, server.url(), b"4").status == 200
        with pytest.raises(FunctionFailed, match="the answer is too large"):
            post(client, server.url(), b"5")

    def test_large_headers_take_nothing_from_the_body(self, client, server):
        server.script = lambda _: [answer(bytes(ANSWER_LIMIT), *[f"X-A: {'x' * 60_000}"] * 4)]
        assert len(post(client, server.url()).body) == ANSWER_LIMIT

    def test_default(self, client, server):
        server.script = lambda request: [answer(bytes(ANSWER_LIMIT + int(request.body)))]
        assert len(post(client, server.url(), b"0").body) == ANSWER_LIMIT
        with pytest.raises(FunctionFailed, match=f"larger than {ANSWER_LIMIT} bytes"):
            post(client, server.url(), b"1")

    @pytest.mark.parametrize(
        ("head", "piece"),
        [
            (b"HTTP/1.1 200 OK\r\n\r\n", bytes(65536)),
            (CHUNKED, b"1000\r\n" + bytes(0x1000) + b"\r\n"),
            (CHUNKED + b"-1\r\n", bytes(65536)),
            (CHUNKED, b"1;" + b"x" * 60_000 + b"\r\nx\r\n"),
            (CHUNKED + b"0\r\n", b"X-Trailer: " + b"x" * 60_000 + b"\r\n"),
            (b"", b"HTTP/1.1 100 Continue\r\nX-Header: " + b"x" * 60_000 + b"\r\n\r\n"),
        ],
    )
    def test_endless_answer_is_not_read_to_the_end(self, server, head, piece):
        """Regression: a chunk of the size -1, trailers and interim answers were read without any limit."""
        sent = 0

        def endless(_):
            nonlocal sent
            yield head
            for part in repeat(piece):
                yield part
                sent += len(part)

        server.script = endless
        client = HttpClient(answer_limit=100_000)
        with pytest.raises(FunctionFailed, match=r"the answer is (too large|larger than 100000 bytes)"):
            post(client, server.url())
        assert server.wait_until(lambda: server.ended == 1)
        assert sent < 10_000_000
