"""Tokens against the keys of real issuers on the loopback: which are accepted, and how often the issuer is asked."""

import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Event

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from eventgateway.core.errors import AccessRefused, Unavailable
from eventgateway.core.guard import PublicOnly
from eventgateway.core.jwt_rule import JwtRule
from eventgateway.http_client import HttpClient
from eventgateway.token_verifier import JwtVerifier
from tests import certificates
from tests.loopback import Loopback, answer, redirect, refused_url
from tests.memory import FakeClock
from tests.tokens import AUDIENCE, ISSUER, SigningKey, claims, key_set, private_key, raw

KEY, ROTATED, ELLIPTIC = SigningKey(), SigningKey("RSA-2048 b", "b"), SigningKey("P-256 a", "e")


class Issuer:
    """A server with a key set, and an instance of the gateway whose clock is at hand."""

    def __init__(self, server, client):
        self.server, self.clock = server, FakeClock()
        self.verifier = JwtVerifier(client, self.clock)
        self.rule = JwtRule(ISSUER, (AUDIENCE,), server.url("/keys"))
        self.offer(KEY)

    def offer(self, *keys):
        self.server.script = lambda _: [answer(key_set(*keys))]

    def leave(self):
        self.server.script = lambda _: [answer(b"", status="503 Service Unavailable")]

    def accepts(self, token):
        try:
            self.verifier.verify(self.rule, token)
        except AccessRefused:
            return False
        return True

    @property
    def fetches(self):
        return len(self.server.requests)


@pytest.fixture
def client():
    client = HttpClient()
    yield client
    client.close()


@pytest.fixture
def issuer(server, client):
    return Issuer(server, client)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return certificates.of_loopback(tmp_path_factory.mktemp("tls"))


class TestTokens:
    @pytest.mark.parametrize("key", [KEY, ELLIPTIC, SigningKey("RSA-3072 a"), SigningKey(more={"alg": "RS256"})])
    def test_good_ones_are_accepted(self, issuer, key):
        issuer.offer(key)
        assert issuer.accepts(key.sign(claims()))

    @pytest.mark.parametrize(
        "others",
        [
            {"exp": 1},
            {"exp": None},
            {"exp": "tomorrow"},
            {"exp": float("inf")},
            {"nbf": 4_000_000_000},
            {"iat": 4_000_000_000},
            {"aud": None},
            {"aud": "others"},
            {"aud": ["others"]},
            {"aud": [AUDIENCE, 1]},
            {"iss": None},
            {"iss": ISSUER + "/"},
            {"iss": [ISSUER]},
        ],
        ids=str,
    )
    def test_claims_that_do_not_fit_are_refused(self, issuer, others):
        assert not issuer.accepts(KEY.sign(claims(**others)))

    def test_clocks_may_differ_by_half_a_minute(self, issuer):
        now = claims()["iat"]
        assert issuer.accepts(KEY.sign(claims(exp=now - 20)))
        assert issuer.accepts(KEY.sign(claims(nbf=now + 20)))
        assert not issuer.accepts(KEY.sign(claims(exp=now - 40)))
        assert not issuer.accepts(KEY.sign(claims(nbf=now + 40)))

    def test_one_of_two_audiences_is_enough_on_either_side(self, issuer):
        assert issuer.accepts(KEY.sign(claims(aud=["others", AUDIENCE])))
        issuer.rule = JwtRule(ISSUER, ("others", AUDIENCE), issuer.rule.jwks_url)
        assert issuer.accepts(KEY.sign(claims()))
        assert issuer.accepts(KEY.sign(claims(aud="others")))
        assert not issuer.accepts(KEY.sign(claims(aud="third")))

    def test_without_a_signature_it_is_none(self, issuer):
        issuer.accepts(KEY.sign(claims()))
        for algorithm in ("none", "None", "", None, ["RS256"]):
            assert not issuer.accepts(raw({"alg": algorithm, "kid": "a"}, claims()))
        assert not issuer.accepts(raw({"alg": "RS256", "kid": "a"}, claims()))

    def test_the_public_key_is_no_secret_to_sign_with(self, issuer):
        public = private_key(KEY.name).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        for algorithm in ("HS256", "RS256"):
            signing_input = raw({"alg": algorithm, "kid": "a"}, claims()).rpartition(".")[0]
            forged = hmac.digest(public, signing_input.encode(), sha256)
            assert not issuer.accepts(raw({"alg": algorithm, "kid": "a"}, claims(), forged))

    def test_a_shared_secret_in_the_key_set_is_no_key(self, issuer):
        issuer.server.script = lambda _: [answer(json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]}).encode())]
        signing_input = raw({"alg": "HS256", "kid": "a"}, claims()).rpartition(".")[0]
        assert not issuer.accepts(raw({"alg": "HS256", "kid": "a"}, claims(), hmac.digest(b"secret", signing_input.encode(), sha256)))

    @pytest.mark.parametrize(
        "key",
        [
            SigningKey("RSA-1024 a"),
            SigningKey("P-384 a"),
            SigningKey(more={"use": "enc"}),
            SigningKey(more={"key_ops": ["encrypt"]}),
            SigningKey(more={"alg": "RS512"}),
            SigningKey(more={"alg": "ES256"}),
            SigningKey(more={"kty": "EC"}),
            SigningKey(more={"n": "AQAB"}),
            SigningKey(more={"n": 1}),
            SigningKey(more={"e": "?"}),
        ],
        ids=str,
    )
    @pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
    def test_keys_for_something_else_verify_nothing_and_harm_no_others(self, issuer, key):
        issuer.offer(key, ELLIPTIC)
        token = key.sign_as_es256(claims()) if key.name == "P-384 a" else key.sign(claims())
        assert not issuer.accepts(token)
        assert issuer.accepts(ELLIPTIC.sign(claims()))

    def test_a_key_of_another_issuer_is_none(self, issuer):
        assert not issuer.accepts(SigningKey("RSA-2048 b", "a").sign(claims()))

    def test_a_critical_extension_is_not_understood(self, issuer):
        assert not issuer.accepts(KEY.sign(claims(), {"crit": ["exp"], "exp": 1}))

    @pytest.mark.parametrize("token", ["", "a", "a.b.c", "..", "\x7f.é.", "[" * 8000, "eyJhbGciOiJSUzI1NiJ9." + "A" * 9000 + ".x"])
    def test_what_is_no_token_is_refused_before_anybody_is_asked(self, issuer, token):
        assert not issuer.accepts(token)
        assert issuer.fetches == 0

    def test_one_that_is_too_long_is_refused(self, issuer):
        assert issuer.accepts(KEY.sign(claims(more="x" * 4000)))
        assert not issuer.accepts(KEY.sign(claims(more="x" * 8000)))

    def test_one_that_names_no_key_is_for_the_only_one_of_its_algorithm(self, issuer):
        unnamed = SigningKey(id="")
        issuer.offer(KEY, ELLIPTIC)
        assert issuer.accepts(unnamed.sign(claims()))
        issuer.clock.advance(600)
        issuer.offer(KEY, ROTATED)
        assert not issuer.accepts(unnamed.sign(claims()))


class TestDiscovery:
    @pytest.fixture
    def discovering(self, certificate, monkeypatch):
        """An issuer at an https address, with discovery."""
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        client = HttpClient()
        with Loopback(tls=certificates.server_side(certificate)) as server:
            issuer = Issuer(server, client)
            issuer.address = server.url("")
            issuer.rule = JwtRule(issuer.address, (AUDIENCE,))
            issuer.found = {"issuer": issuer.address, "jwks_uri": server.url("/keys")}
            server.script = lambda request: [answer(key_set(KEY) if request.target == "/keys" else json.dumps(issuer.found).encode())]
            yield issuer
        client.close()

    def test_it_tells_where_the_keys_are(self, discovering):
        assert discovering.accepts(KEY.sign(claims(iss=discovering.address)))
        assert discovering.accepts(KEY.sign(claims(iss=discovering.address)))
        assert [each.target for each in discovering.server.requests] == ["/.well-known/openid-configuration", "/keys"]
        assert {each.method for each in discovering.server.requests} == {"GET"}

    def test_keys_without_encryption_are_not_even_fetched(self, discovering):
        with Loopback(lambda _: [answer(key_set(KEY))]) as plain:
            discovering.found["jwks_uri"] = plain.url("/keys")
            with pytest.raises(Unavailable):
                discovering.accepts(KEY.sign(claims(iss=discovering.address)))
            assert plain.requests == []

    @pytest.mark.parametrize("change", [{"issuer": ISSUER}, {"issuer": None}, {"jwks_uri": None}, {"jwks_uri": 1}])
    def test_that_of_another_issuer_does_not_count(self, discovering, change):
        discovering.found |= change
        with pytest.raises(Unavailable, match="Tokens cannot be checked"):
            discovering.accepts(KEY.sign(claims(iss=discovering.address)))
        assert discovering.fetches == 1

    def test_a_redirect_does_not_leave_the_encryption(self, discovering):
        with Loopback(lambda _: [answer(key_set(KEY))]) as plain:
            discovering.server.script = lambda _: [redirect(plain.url("/keys"))]
            with pytest.raises(Unavailable):
                discovering.accepts(KEY.sign(claims(iss=discovering.address)))
            assert plain.requests == []


class TestRotation:
    def test_keys_are_used_for_ten_minutes(self, issuer):
        assert issuer.accepts(KEY.sign(claims()))
        issuer.clock.advance(599)
        assert issuer.accepts(KEY.sign(claims()))
        assert issuer.fetches == 1
        issuer.clock.advance(1)
        assert issuer.accepts(KEY.sign(claims()))
        assert issuer.fetches == 2

    def test_a_new_key_is_fetched_when_it_is_needed(self, issuer):
        issuer.accepts(KEY.sign(claims()))
        issuer.clock.advance(30)
        issuer.offer(KEY, ROTATED)
        assert issuer.accepts(ROTATED.sign(claims()))
        assert issuer.accepts(KEY.sign(claims()))
        assert issuer.fetches == 2

    def test_a_key_that_was_taken_back_does_not_count_after_the_next_fetch(self, issuer):
        issuer.accepts(KEY.sign(claims()))
        issuer.offer()
        issuer.clock.advance(600)
        assert not issuer.accepts(KEY.sign(claims()))

    def test_a_flood_of_unknown_keys_causes_one_fetch_in_half_a_minute(self, issuer):
        for number in range(50):
            assert not issuer.accepts(SigningKey("RSA-2048 b", f"random-{number}").sign(claims()))
        assert issuer.fetches == 1
        issuer.clock.advance(30)
        for number in range(50):
            assert not issuer.accepts(SigningKey("RSA-2048 b", f"random-{number}").sign(claims()))
        assert issuer.accepts(KEY.sign(claims()))
        assert issuer.fetches == 2

    def test_requests_at_once_cause_one_fetch(self, issuer):
        arrived = Event()

        def slow(_):
            arrived.wait(0.3)
            return [answer(key_set(KEY))]

        issuer.server.script = slow
        token = KEY.sign(claims())
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(issuer.accepts, [token] * 8))
        assert issuer.fetches == 1

    def test_two_rules_for_one_key_set_do_not_share_issuers(self, issuer):
        issuer.accepts(KEY.sign(claims()))
        issuer.rule = JwtRule("https://other.example", (AUDIENCE,), issuer.rule.jwks_url)
        assert not issuer.accepts(KEY.sign(claims()))


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
