"""Issuers of tokens on the loopback, with real keys."""

from eventgateway.core.errors import AccessRefused
from eventgateway.core.jwt_rule import JwtRule
from eventgateway.token_verifier import JwtVerifier
from tests.loopback import answer
from tests.memory import FakeClock
from tests.tokens import AUDIENCE, ISSUER, SigningKey, key_set

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
