"""JSON Web Tokens (RFC 7519) that a space accepts: whose they are, for whom, and where the issuer's keys are."""

from collections.abc import Mapping
from dataclasses import dataclass

from eventgateway.core import limits
from eventgateway.core.document import Failures, Fields
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.resource import without_empty
from eventgateway.core.uri import http_url

DISCOVERY = "/.well-known/openid-configuration"  # https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig


@dataclass(frozen=True, slots=True)
class JwtRule:
    """`issuer` is what `iss` must be, `audiences` what `aud` must have one of. Without `jwks_url` the issuer's discovery tells it."""

    issuer: str
    audiences: tuple[str, ...]
    jwks_url: str = ""

    @classmethod
    def restore(cls, document: Mapping[str, JsonValue]) -> "JwtRule":
        """Read a document. Raises InvalidRequest for a wrong type."""
        fields = Fields(document)
        return cls(fields.text("issuer"), fields.texts("audiences"), fields.text("jwksUrl"))

    @property
    def first_url(self) -> str:
        """Where the way to the keys begins."""
        return self.jwks_url or self.issuer.removesuffix("/") + DISCOVERY

    def check(self, failures: Failures) -> None:
        """Note every field that is missing, malformed or too long."""
        failures.check_max("Issuer", len(self.issuer), limits.SETTING)
        failures.check("Issuer", required=self.issuer != "", https=is_https(self.issuer), plain=not set("?#") & set(self.issuer))
        failures.check_max("JwksUrl", len(self.jwks_url), limits.SETTING)
        failures.check("JwksUrl", https=self.jwks_url == "" or is_https(self.jwks_url))
        failures.check_max("Audiences", len(self.audiences), limits.AUDIENCES, "items")
        failures.check_max("Audiences", max(map(len, self.audiences), default=0), limits.LIST_TEXT, "characters in an item")
        failures.check("Audiences", required=all(self.audiences) and self.audiences != ())

    def stored(self) -> JsonObject:
        """The document as it is kept, and as it is shown."""
        document: JsonObject = {"issuer": self.issuer, "audiences": [*self.audiences], "jwksUrl": self.jwks_url}
        return without_empty(document, "jwksUrl")


def is_https(url: str) -> bool:
    """Whether a text is an https URL with a host and without a login, which logs could show."""
    parts = http_url(url)
    return parts is not None and parts.scheme == "https" and parts.username is None
