"""The HTTP client: URLs and TLS."""

import socket
from base64 import b64decode

import pytest

from eventgateway import http_client
from eventgateway.core.errors import FunctionUnreachable
from eventgateway.http_client import HttpClient
from tests import certificates
from tests.integration.exchange import HOSTS, SHORT, post, times_out
from tests.loopback import Loopback, answer, refused_url


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

    @pytest.mark.parametrize("name", ["Authorization", "authorization"])
    def test_header_counts_more_than_the_login(self, client, server, name):
        client.post(server.url("/x", "user:pass@"), b"{}", {}, SHORT, {name: "Bearer t"})
        assert server.requests[0].headers["authorization"] == "Bearer t"

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
    return certificates.of_loopback(tmp_path_factory.mktemp("tls"))


class TestTls:
    @pytest.fixture
    def server(self, certificate):
        with Loopback(lambda request: [answer(request.body)], tls=certificates.server_side(certificate)) as server:
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
