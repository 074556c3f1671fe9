"""JSON Web Tokens with PyJWT. It loads a large library, so only what needs a token checked imports it.

Which algorithm verifies is a matter of the key, never of the token (https://www.rfc-editor.org/rfc/rfc8725#section-3.1).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from eventgateway.core import limits
from eventgateway.core.errors import AccessRefused
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.jwt_rule import JwtRule

RS256, ES256 = "RS256", "ES256"  # RFC 7518, section 3.1
LEAST_BITS, MOST_BITS = 2048, 8192  # of RSA: below it is weak, above it takes long
LEEWAY = 30.0  # seconds that clocks may differ
CLAIMS = ["exp", "iss", "aud"]

PublicKey = RSAPublicKey | EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A key of an issuer and the one algorithm that it is for."""

    id: str
    algorithm: str
    key: PublicKey


KeySet = tuple[VerificationKey, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it came, and what its header says about the key."""

    text: str
    algorithm: str
    key_id: str

    @classmethod
    def read(cls, text: str) -> "Token":
        """Read the header, of which nothing is verified. Raises AccessRefused."""
        if len(text) > limits.JWT:
            raise AccessRefused
        try:
            header = jwt.get_unverified_header(text)
        except jwt.InvalidTokenError as error:
            raise AccessRefused from error
        if header.get("alg") not in (RS256, ES256):
            raise AccessRefused
        return cls(text, header["alg"], header.get("kid", ""))

    def key(self, keys: KeySet) -> VerificationKey | None:
        """The key that it names; where it names none, the only one of its algorithm."""
        fitting = [each for each in keys if each.algorithm == self.algorithm and self.key_id in ("", each.id)]
        return fitting[0] if (self.key_id and fitting) or len(fitting) == 1 else None

    def verify(self, key: VerificationKey, rule: JwtRule) -> None:
        """Return for a token that the rule accepts now. Raises AccessRefused."""
        try:
            jwt.decode(
                self.text,
                key.key,
                algorithms=[key.algorithm],
                options={"require": CLAIMS},
                audience=rule.audiences,
                issuer=rule.issuer,
                leeway=LEEWAY,
            )
        except (jwt.PyJWTError, ValueError, OverflowError, TypeError) as error:  # the issuer signed it, but may err
            raise AccessRefused from error


def read_keys(document: JsonValue) -> KeySet:
    """The usable keys of a JSON Web Key Set (RFC 7517). Raises ValueError for something else."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise ValueError("no key set")  # noqa: TRY004 - what came is of the wrong form, not what was passed
    return tuple(_usable(keys[: limits.KEY_SET_KEYS]))


def _usable(keys: list[JsonValue]) -> Iterator[VerificationKey]:
    for each in keys:
        if isinstance(each, dict) and (key := _key(each)) is not None:
            yield key


def _key(document: JsonObject) -> VerificationKey | None:
    """None for what is not for signatures, of another type, too weak, or malformed."""
    identifier, operations = document.get("kid", ""), document.get("key_ops", ["verify"])
    if document.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    key, algorithm = _rsa(document), RS256
    if key is None:
        key, algorithm = _elliptic(document), ES256
    if key is None or not isinstance(identifier, str) or document.get("alg", algorithm) != algorithm:
        return None
    return VerificationKey(identifier, algorithm, key)


def _rsa(document: JsonObject) -> PublicKey | None:
    public = _members(document, "RSA", "n", "e")
    key = _loaded(RSAAlgorithm, public) if public else None
    return key if isinstance(key, RSAPublicKey) and LEAST_BITS <= key.key_size <= MOST_BITS else None


def _elliptic(document: JsonObject) -> PublicKey | None:
    public = _members(document, "EC", "crv", "x", "y")
    key = _loaded(ECAlgorithm, public) if public else None
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None


def _members(document: JsonObject, type_: str, *names: str) -> dict[str, str] | None:
    """The public members of a key of a type (RFC 7518, section 6), and no others."""
    members = {name: value for name in ("kty", *names) if isinstance(value := document.get(name), str)}
    return members if document.get("kty") == type_ and len(members) == len(names) + 1 else None


def _loaded(algorithm: type[RSAAlgorithm] | type[ECAlgorithm], members: Mapping[str, str]) -> object:
    try:
        return algorithm.from_jwk({**members})
    except (jwt.PyJWTError, ValueError):
        return None
