"""Issuers of JSON Web Tokens: their keys, their key sets, and the tokens that they sign, good ones and others."""

import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.api_jws import PyJWS

ISSUER, AUDIENCE = "https://issuer.example", "gateway"
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}


@cache
def private_key(name: str) -> Any:
    """A key by its name, such as `RSA-2048 a` or `P-256 b`: made once, because that takes long."""
    kind = name.partition(" ")[0]
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind])
    return rsa.generate_private_key(65537, int(kind.removeprefix("RSA-")))


@dataclass(frozen=True)
class SigningKey:
    """A key of an issuer; `more` goes into its entry of the key set."""

    name: str = "RSA-2048 a"
    id: str = "a"
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def algorithm(self) -> str:
        return "ES256" if self.name.startswith("P-256") else "RS256"

    def public(self) -> dict[str, Any]:
        """The entry of the key set."""
        key = private_key(self.name).public_key()
        document = (ECAlgorithm if self.name.startswith("P-") else RSAAlgorithm).to_jwk(key, as_dict=True)
        return {name: value for name, value in document.items() if name != "key_ops"} | {"kid": self.id, "use": "sig"} | self.more

    def sign(self, claims: dict[str, Any], headers: dict[str, Any] | None = None) -> str:
        """A token with these claims, whatever they are."""
        named = {"kid": self.id, **(headers or {})}
        return PyJWS().encode(json.dumps(claims).encode(), private_key(self.name), self.algorithm, named)

    def sign_as_es256(self, claims: dict[str, Any]) -> str:
        """A token of a key with a longer curve, which says that it is ES256."""
        signing_input = raw({"alg": "ES256", "kid": self.id}, claims).rpartition(".")[0]
        pair = decode_dss_signature(private_key(self.name).sign(signing_input.encode(), ec.ECDSA(SHA256())))
        return raw({"alg": "ES256", "kid": self.id}, claims, b"".join(each.to_bytes(48, "big") for each in pair))


def key_set(*keys: SigningKey) -> bytes:
    """A JSON Web Key Set."""
    return json.dumps({"keys": [each.public() for each in keys]}).encode()


def claims(**others: Any) -> dict[str, Any]:
    """The claims of a good token, with others; None takes one away."""
    now = int(time.time())
    found = {"iss": ISSUER, "aud": AUDIENCE, "exp": now + 300, "iat": now} | others
    return {name: value for name, value in found.items() if value is not None}


def raw(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    """A token built by hand."""
    parts = [json.dumps(header).encode(), json.dumps(payload).encode(), signature]
    return ".".join(urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts)
