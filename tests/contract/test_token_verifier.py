"""Tokens against the keys of real issuers on the loopback: which are accepted, and how often the issuer is asked."""

import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Event

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from eventgateway.core.errors import Unavailable
from eventgateway.core.jwt_rule import JwtRule
from eventgateway.http_client import HttpClient
from tests import certificates
from tests.contract.issuers import ELLIPTIC, KEY, ROTATED, Issuer
from tests.loopback import Loopback, answer, redirect
from tests.tokens import AUDIENCE, ISSUER, SigningKey, claims, key_set, private_key, raw


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
