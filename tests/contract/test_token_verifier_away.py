"""Issuers that are away, slow, or somewhere else."""

import pytest

from eventgateway.core.errors import Unavailable
from eventgateway.core.guard import PublicOnly
from eventgateway.core.jwt_rule import JwtRule
from eventgateway.http_client import HttpClient
from eventgateway.token_verifier import JwtVerifier
from tests.contract.issuers import KEY, ROTATED, Issuer
from tests.loopback import Loopback, answer, redirect, refused_url
from tests.tokens import AUDIENCE, ISSUER, claims, key_set


@pytest.fixture
def client():
    client = HttpClient()
    yield client
    client.close()


@pytest.fixture
def issuer(server, client):
    return Issuer(server, client)


class TestAway:
    def test_known_keys_count_for_an_hour(self, issuer):
        issuer.accepts(KEY.sign(claims()))
        issuer.leave()
        for seconds in (600, 600, 2399):
            issuer.clock.advance(seconds)
            assert issuer.accepts(KEY.sign(claims()))
        issuer.clock.advance(1)
        with pytest.raises(Unavailable):
            issuer.accepts(KEY.sign(claims()))

    def test_meanwhile_the_issuer_is_asked_twice_a_minute_at_most(self, issuer):
        issuer.accepts(KEY.sign(claims()))
        issuer.leave()
        issuer.clock.advance(600)
        for _ in range(10):
            issuer.accepts(KEY.sign(claims()))
        assert issuer.fetches == 2

    def test_a_key_that_is_not_known_may_be_a_new_one(self, issuer):
        issuer.accepts(KEY.sign(claims()))
        issuer.leave()
        issuer.clock.advance(30)
        with pytest.raises(Unavailable):
            issuer.accepts(ROTATED.sign(claims()))

    def test_where_nothing_is_known_the_answer_is_to_come_back(self, issuer, caplog):
        issuer.leave()
        for _ in range(3):
            with pytest.raises(Unavailable, match="Tokens cannot be checked at the moment"):
                issuer.accepts(KEY.sign(claims()))
        assert issuer.fetches == 1
        assert [(each.message, each.issuer, each.error) for each in caplog.records] == [
            ("the keys of an issuer cannot be read", ISSUER, "status 503")
        ]
        issuer.offer(KEY)
        issuer.clock.advance(5)
        assert issuer.accepts(KEY.sign(claims()))

    @pytest.mark.parametrize(
        ("script", "reason"),
        [
            ([answer(b"x" * (256 * 1024 + 1))], "the answer is larger than 262144 bytes"),
            ([answer(b"<html>")], "invalid JSON: unexpected character, expected a JSON value: line 1 column 1 (char 0)"),
            ([answer(b"[]")], "no key set"),
            ([answer(b'{"keys": {}}')], "no key set"),
            ([answer(b"[" * 100_000)], None),
            ([answer(key_set(KEY), status="404 Not Found")], "status 404"),
            ([redirect("file:///etc/passwd")], "not an http or https URL"),
        ],
    )
    def test_an_answer_that_is_no_key_set_is_none(self, issuer, caplog, script, reason):
        issuer.server.script = lambda _: script
        with pytest.raises(Unavailable):
            issuer.accepts(KEY.sign(claims()))
        assert reason in (None, caplog.records[0].error)

    def test_nobody_listens(self, issuer):
        issuer.rule = JwtRule(ISSUER, (AUDIENCE,), refused_url())
        with pytest.raises(Unavailable):
            issuer.accepts(KEY.sign(claims()))

    def test_an_issuer_that_is_slow_is_not_waited_for(self, issuer, caplog, monkeypatch):
        monkeypatch.setattr("eventgateway.key_sets.FETCH_SECONDS", 0.2)
        issuer.server.script = lambda _: [b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"] + [b"x", 0.1] * 50
        with pytest.raises(Unavailable):
            issuer.accepts(KEY.sign(claims()))
        assert caplog.records[0].error == "timed out"

    def test_the_outbound_guard_is_asked_for_the_address_and_for_redirects(self, server, caplog):
        guarded = Issuer(server, HttpClient(guard=PublicOnly()))
        with pytest.raises(Unavailable):
            guarded.accepts(KEY.sign(claims()))
        assert server.connections == 0
        assert caplog.records[0].error == "refused by the outbound guard: the host has an address that is not public"

    def test_a_redirect_to_a_private_address_is_not_followed(self, issuer, caplog):
        with Loopback(lambda _: [answer(key_set(KEY))], host="127.0.0.2") as private:
            issuer.verifier = JwtVerifier(HttpClient(guard=LoopbackIsPublic()), issuer.clock)
            issuer.server.script = lambda _: [redirect(private.url("/keys"))]
            with pytest.raises(Unavailable):
                issuer.accepts(KEY.sign(claims()))
            assert private.connections == 0
        assert issuer.fetches == 1


class LoopbackIsPublic(PublicOnly):
    """127.0.0.1 is public, 127.0.0.2 stays what it is."""

    def check_url(self, url):
        super().check_url(url.replace("127.0.0.1", "8.8.8.8"))

    def check_addresses(self, addresses):
        super().check_addresses("8.8.8.8" if each == "127.0.0.1" else each for each in addresses)
