"""The HTTP client against real servers on the loopback."""

import socket
import ssl
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import count, repeat
from time import monotonic

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from eventgateway import http_client, http_connection
from eventgateway.core.errors import FunctionFailed, FunctionUnreachable, ProviderError
from eventgateway.core.provider import HttpAnswer
from eventgateway.http_client import ANSWER_LIMIT, REDIRECT_LIMIT, HttpClient
from tests.loopback import Loopback, Then, answer, has_ipv6, redirect, refused_url

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TIMEOUT, SHORT, TOLERANCE = 5.0, 0.3, 0.7  # what must not happen takes 2 s
HEADERS = {"Content-Type": "application/cloudevents+json"}
PIECES = st.sampled_from([
    b"HTTP/1.1 200 OK", b"HTTP/1.0 302 Found", b"HTTP/1.1 100 Continue", b"\r\n", b"\r\n\r\n", b"Content-Length: 3", b"Content-Length: -3",
    b"Transfer-Encoding: chunked", b"Connection: close", b"Location: http://[", b"Location: \xff\xfe:", b"-1", b"3", b"0", b"abc", b";x=y",
    b":", b"ffffffffffffffff", b"\0", b"\xff",
])  # fmt: skip
HOSTS = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]


@pytest.fixture(scope="module")
def shared_client():
    return HttpClient()


@pytest.fixture
def client(shared_client):
    yield shared_client
    shared_client.close()


@pytest.fixture
def server():
    with Loopback() as server:
        yield server


def post(client, url, body=b"{}", timeout=TIMEOUT):
    return client.post(url, body, HEADERS, timeout)


@contextmanager
def times_out(after: float = SHORT) -> Iterator[None]:
    """The block must end by a time-out, in time."""
    start = monotonic()
    with pytest.raises(FunctionUnreachable, match=r"^timed out$"):
        yield
    assert after * 0.9 <= monotonic() - start < after + TOLERANCE


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
        with pytest.raises(FunctionUnreachable) as caught:
            client.post(server.url("/secret-path?token=secret-query", "user:password@"), b"secret-body", {}, TIMEOUT)
        assert not any(part in caught.value.message for part in ("secret", "password", login, "127.0.0.1"))

    @pytest.mark.parametrize(
        "url", ["", "/x", "ftp://host/", "http://", "http:///x", "http://[", "http://host:70000/", "http://host:x/", "http://a..b/"]
    )
    def test_url_that_is_none(self, client, url):
        with pytest.raises(FunctionUnreachable):
            post(client, url)

    def test_header_that_cannot_be_sent(self, client, server):
        with pytest.raises(FunctionUnreachable, match="malformed") as caught:
            client.post(server.url(), b"{}", {"X-Token": "secret\r\nX-Evil: 1"}, TIMEOUT)
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


@pytest.fixture(scope="module")
def fuzzed():
    with Loopback() as server:
        yield HttpClient(), server


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


class TestUrls:
    @pytest.mark.parametrize(
        ("path", "target"),
        [
            ("", "/"),
            ("?a=b", "/?a=b"),
            ("/a/b?c=d&e=%20f#part", "/a/b?c=d&e=%20f"),
            ("/a b/ü/%2F?x=ü y", "/a%20b/%C3%BC/%2F?x=%C3%BC%20y"),
            ("//double//", "//double//"),
            ("/100%", "/100%"),
            ("/;v=1,2/(x)*!'$&+=:@~", "/;v=1,2/(x)*!'$&+=:@~"),
            ('/x?y?z/[]{}|\\^`"<>', "/x?y?z/%5B%5D%7B%7D%7C%5C%5E%60%22%3C%3E"),
        ],
    )
    def test_target(self, client, server, path, target):
        post(client, server.url(path))
        assert server.requests[0].target == target

    @pytest.mark.parametrize(
        ("login", "sent"), [("user:pass@", b"user:pass"), ("us%40er:p%C3%A4ss@", "us@er:päss".encode()), ("user@", b"user:")]
    )
    def test_login_becomes_basic_authentication(self, client, server, login, sent):
        post(client, server.url("/x", login))
        scheme, _, value = server.requests[0].headers["authorization"].partition(" ")
        assert (scheme, b64decode(value)) == ("Basic", sent)
        assert server.requests[0].headers["host"] == f"127.0.0.1:{server.port}"

    @pytest.mark.parametrize("host", HOSTS)
    def test_loopbacks(self, client, host, monkeypatch):
        """Regression: an IPv6 address without a port was split at its last colon."""
        with Loopback(host=host) as server:
            monkeypatch.setitem(http_client.DEFAULT_PORTS, "http", server.port)
            assert post(client, server.url()).status == 200
            assert post(client, f"http://{server.url().split('//')[1].rpartition(':')[0]}/").status == 200
            assert server.connections == 1
            assert server.requests[0].headers["host"] == server.url()[len("http://") : -1]

    def test_next_address_of_a_host_is_tried(self, client, server, monkeypatch):
        def addresses(host, port, **_):
            tried = [("127.0.0.1", int(refused_url().split(":")[2][:-1])), ("127.0.0.1", port)]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in tried]

        monkeypatch.setattr(socket, "getaddrinfo", addresses)
        assert post(client, f"http://function.test:{server.port}/").status == 200

    def test_empty_body_has_a_length(self, client, server):
        post(client, server.url(), b"")
        assert server.requests[0].headers["content-length"] == "0"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with a key and a certificate of 127.0.0.1 that it signed itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now, address = datetime.now(UTC), x509.IPAddress(ip_address("127.0.0.1"))
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1))
    signed = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False).sign(key, SHA256())
    path = tmp_path_factory.mktemp("tls") / "loopback.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + signed.public_bytes(Encoding.PEM))
    return path


class TestTls:
    @pytest.fixture
    def server(self, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        with Loopback(lambda request: [answer(request.body)], tls=context) as server:
            yield server

    @pytest.fixture
    def trusting(self, certificate, monkeypatch):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        client = HttpClient()
        yield client
        client.close()

    def test_is_kept_alive(self, trusting, server):
        bodies = [b"1", bytes(1_000_000), b"3"]
        assert [post(trusting, server.url(), body).body for body in bodies] == bodies
        assert server.connections == 1

    def test_unknown_certificate(self, client, server):
        with pytest.raises(FunctionUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
            post(client, server.url())
        assert server.requests == []

    def test_deadline(self, trusting, server):
        server.script = lambda _: [b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"] + [b"x", 0.1] * 20
        with times_out():
            post(trusting, server.url(), timeout=SHORT)

    def test_deadline_of_the_handshake(self, trusting):
        with socket.create_server(("127.0.0.1", 0)) as listener, times_out():
            post(trusting, f"https://127.0.0.1:{listener.getsockname()[1]}/", timeout=SHORT)

    def test_server_that_speaks_no_tls(self, trusting):
        with Loopback() as plain, pytest.raises(FunctionUnreachable):
            post(trusting, plain.url().replace("http:", "https:"), timeout=SHORT)
