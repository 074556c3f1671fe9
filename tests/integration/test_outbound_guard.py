"""The outbound guard at calls: each hop and each address, against real servers.

The tests' own guard takes 127.0.0.1 for public; 127.0.0.2 stays what it is. Names are looked up in a book.
"""

import socket
from collections.abc import Iterable

import pytest

from eventgateway import http_connection
from eventgateway.core.address import NOT_PUBLIC
from eventgateway.core.errors import FunctionRefused, FunctionUnreachable
from eventgateway.core.guard import PublicOnly
from eventgateway.http_client import HttpClient
from tests.hostile_urls import AT_CALLS, HARMLESS, HOSTILE
from tests.integration.exchange import post
from tests.loopback import Loopback, Then, answer, redirect

BY_GUARD = "refused by the outbound guard: "
NOT_CALLED = [(url, reason) for table in (HOSTILE, AT_CALLS) for reason, urls in table.items() for url in urls]
PUBLIC, PRIVATE = "127.0.0.1", "127.0.0.2"


class LoopbackIsPublic(PublicOnly):
    def check_addresses(self, addresses: Iterable[str]) -> None:
        super().check_addresses("8.8.8.8" if address == PUBLIC else address for address in addresses)


class Book:
    """Stands for the name servers: `names` are looked up in it, `asked` is what was."""

    def __init__(self) -> None:
        self.names: dict[str, list[str]] = {}
        self.asked: list[str] = []

    def look_up(self, host, port, **_):
        self.asked.append(host)
        families = [(socket.AF_INET6 if ":" in each else socket.AF_INET, each) for each in self.names[host]]
        return [(family, socket.SOCK_STREAM, 6, "", (each, port)) for family, each in families]


@pytest.fixture
def book(monkeypatch):
    book = Book()
    monkeypatch.setattr(socket, "getaddrinfo", book.look_up)
    return book


@pytest.fixture
def dialed(monkeypatch):
    """What is connected to; nothing really is."""
    dialed = []

    def connect(_, address):
        dialed.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket.socket, "connect", connect)
    return dialed


@pytest.fixture(scope="module")
def strict():
    return HttpClient(guard=PublicOnly())


@pytest.fixture
def client():
    client = HttpClient(guard=LoopbackIsPublic())
    yield client
    client.close()


def refusal(client, url):
    with pytest.raises(FunctionRefused) as refused:
        post(client, url)
    return refused.value.message


class TestUrls:
    @pytest.mark.parametrize(("url", "reason"), NOT_CALLED)
    def test_hostile_one_is_not_even_looked_up(self, strict, book, dialed, url, reason):
        assert refusal(strict, url) == BY_GUARD + reason
        assert (book.asked, dialed) == ([], [])

    @pytest.mark.parametrize("url", HARMLESS)
    def test_harmless_one_is_called_at_the_address_that_was_checked(self, strict, dialed, monkeypatch, url):
        asked = []

        def look_up(host, port, **_):
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        with pytest.raises(FunctionUnreachable, match=r"^Connection refused$"):
            post(strict, url)
        assert len(asked) == 1
        assert [host for host, _ in dialed] == ["93.184.215.14"]

    def test_loopback_is_refused_and_reached_without_a_guard(self, strict, server):
        assert refusal(strict, server.url()) == BY_GUARD + NOT_PUBLIC
        assert server.connections == 0
        assert post(HttpClient(), server.url()).status == 200
        assert post(HttpClient(), server.url().replace("127.0.0.1", "localhost")).status == 200


class TestAddresses:
    @pytest.mark.parametrize(
        "address",
        ["127.0.0.1", "10.0.0.1", "169.254.169.254", "100.100.100.200", "168.63.129.16", "0.0.0.0", "::1", "fd00:ec2::254", "fe80::1%eth0",
         "::ffff:10.0.0.1", "64:ff9b::a00:1", "::ffff:169.254.169.254"],
    )  # fmt: skip
    @pytest.mark.parametrize("others", [[], ["8.8.8.8"], ["8.8.8.8", "2606:4700::1111"]])
    def test_name_with_one_that_is_not_public_is_refused_as_a_whole(self, strict, book, dialed, address, others):
        for addresses in ([*others, address], [address, *others]):
            book.names["a.rebind.test"] = addresses
            assert refusal(strict, "http://a.rebind.test/") == BY_GUARD + NOT_PUBLIC
        assert dialed == []

    def test_only_those_that_were_checked_are_connected_to(self, strict, book, dialed):
        book.names["www.example.com"] = ["8.8.8.8", "2606:4700::1111"]
        with pytest.raises(FunctionUnreachable):
            post(strict, "http://www.example.com:8080/")
        assert dialed == [("8.8.8.8", 8080), ("2606:4700::1111", 8080)]
        assert book.asked == ["www.example.com"]

    def test_name_that_changes_its_address_is_checked_anew(self, client, book, server):
        """DNS rebinding: public when it is checked, private when it is connected to."""
        book.names["rebind.test"] = [PUBLIC]
        server.script = lambda _: [answer(b"ok", "Connection: close"), Then.CLOSE]
        url = f"http://rebind.test:{server.port}/"
        assert post(client, url).status == 200
        assert book.asked == ["rebind.test"]
        book.names["rebind.test"] = [PRIVATE]
        assert refusal(client, url) == BY_GUARD + NOT_PUBLIC
        assert server.connections == 1

    def test_kept_connection_is_the_one_that_was_checked(self, client, book, server, monkeypatch):
        book.names["rebind.test"] = [PUBLIC]
        url = f"http://rebind.test:{server.port}/"
        assert post(client, url).status == 200
        book.names["rebind.test"] = [PRIVATE]
        assert post(client, url).status == 200
        assert (server.connections, book.asked) == (1, ["rebind.test"])
        monkeypatch.setattr(http_connection, "IDLE_SECONDS", 0.0)
        assert refusal(client, url) == BY_GUARD + NOT_PUBLIC


class TestRedirects:
    @pytest.mark.parametrize("reason", HOSTILE)
    @pytest.mark.parametrize("status", [302, 307])
    def test_hop_to_a_hostile_url_is_refused(self, client, book, server, reason, status):
        book.names["public.test"] = [PUBLIC]
        for number, url in enumerate(HOSTILE[reason], 1):
            server.script = lambda _, url=url: [redirect(url, status)]
            assert refusal(client, f"http://public.test:{server.port}/") == BY_GUARD + reason
            assert (len(server.requests), book.asked) == (number, ["public.test"])

    def test_hop_to_a_private_address_behind_a_public_name(self, client, book, server):
        book.names |= {"public.test": [PUBLIC], "private.test": [PRIVATE]}
        with Loopback(host=PRIVATE) as private:
            server.script = lambda _: [redirect(f"http://private.test:{private.port}/latest/meta-data/")]
            assert refusal(client, f"http://public.test:{server.port}/") == BY_GUARD + NOT_PUBLIC
            assert private.connections == 0

    def test_last_of_many_hops(self, client, book, server):
        book.names["public.test"] = [PUBLIC]
        hops = {"/": "/1", "/1": f"http://public.test:{server.port}/2", "/2": "//localhost/3"}
        server.script = lambda request: [redirect(hops[request.target])]
        assert refusal(client, f"http://public.test:{server.port}/") == f"{BY_GUARD}the host is a local name"
        assert [request.target for request in server.requests] == ["/", "/1", "/2"]

    def test_hop_to_a_public_host_is_followed(self, client, book, server):
        book.names |= {"a.public.test": [PUBLIC], "b.public.test": [PUBLIC]}
        server.script = lambda request: [answer() if request.target == "/there" else redirect(f"http://b.public.test:{server.port}/there")]
        assert post(client, f"http://a.public.test:{server.port}/").status == 200
        assert server.requests[-1].headers["host"] == f"b.public.test:{server.port}"
