"""Who may emit to a space: the addresses, keys and tokens that its owner lets in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hmac import compare_digest
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import ClassVar

from eventgateway.core import limits
from eventgateway.core.bearer import Credentials
from eventgateway.core.document import Failures, Fields
from eventgateway.core.emit_key import EmitKey
from eventgateway.core.errors import AccessRefused, InvalidRequest, KeyMissing
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.jwt_rule import JwtRule
from eventgateway.core.key import digest
from eventgateway.core.resource import Kind
from eventgateway.core.single import Single

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
MAPPED = 96  # bits before an IPv4 address in IPv6 (RFC 4291, section 2.5.5.2)
LONGEST_ADDRESS = 50  # characters


@dataclass(frozen=True)  # no slots: what is looked up is cached
class EmitAccess(Single):
    """What a request must bring: an address in one of the blocks, if there are any; and a key or token, if keys or tokens are wanted.

    `keys` is None until the first one is made. Then a key is wanted for good, also when the last one is deleted: taking a key away
    never opens a space.
    """

    kind: ClassVar[Kind] = Kind("access", "access", "emitaccess", "space", "Emit access")

    addresses: tuple[str, ...] = ()
    jwt: JwtRule | None = None
    keys: tuple[EmitKey, ...] | None = None

    @classmethod
    def read(cls, space: str, document: Mapping[str, JsonValue]) -> "EmitAccess":
        """See `Single`: keys have no effect here."""
        fields = Fields(document)
        jwt = fields.object("jwt")
        return cls(space, fields.texts("addresses"), None if jwt is None else JwtRule.restore(jwt))

    @classmethod
    def parse(cls, space: str, document: Mapping[str, JsonValue]) -> "EmitAccess":
        """See `Single`: each block of addresses is there once, in its usual spelling."""
        access = super().parse(space, document)
        return replace(access, addresses=tuple(dict.fromkeys(map(_normal, access.addresses))))

    @classmethod
    def restore(cls, space: str, document: Mapping[str, JsonValue]) -> "EmitAccess":
        """Read a stored document, which was valid when it was stored."""
        fields, jwt, keys = Fields(document), document.get("jwt"), document.get("keys")
        restored = tuple(EmitKey.restore(each) for each in keys if isinstance(each, dict)) if isinstance(keys, list) else None
        return cls(space, fields.texts("addresses"), JwtRule.restore(jwt) if isinstance(jwt, dict) else None, restored)

    def validate(self) -> None:
        """Raise InvalidRequest with one line for every field that is missing or wrong."""
        failures = Failures("EmitAccess")
        failures.check_space(self.space)
        failures.check_max("Addresses", len(self.addresses), limits.ADDRESSES, "items")
        if self.jwt is not None:
            self.jwt.check(failures)
        failures.raise_if_any()
        for each in self.addresses:
            _network(each)

    @property
    def has_keys(self) -> bool:
        """Whether there is a key that could be deleted."""
        return bool(self.keys)

    def admit(self, source: str, credentials: Credentials, now: int, verify: Callable[[JwtRule, str], None]) -> None:
        """Return for a request that may come in at an instant. Raises AccessRefused, KeyMissing, and what `verify` raises for a token."""
        if self.addresses and not self.contains(source):
            raise AccessRefused
        offered = self._of_interest(credentials)
        if offered is None or any(self._has(each, now) for each in offered):
            return
        if not any(offered):
            raise KeyMissing
        if self.jwt is None or not credentials.token:
            raise AccessRefused
        verify(self.jwt, credentials.token)

    def _of_interest(self, credentials: Credentials) -> Sequence[str] | None:
        """What a request brought of what counts here, None if nothing is wanted."""
        if self.keys is not None:
            return credentials.token, credentials.api_key
        return None if self.jwt is None else (credentials.token,)

    def contains(self, source: str) -> bool:
        """Whether an IP address lies in one of the blocks; an IPv4 address in IPv6 counts as itself."""
        try:
            address = _plain(ip_address(source))
        except ValueError:
            return False
        return any(address in each for each in self._networks)

    def _has(self, text: str, now: int) -> bool:
        found = digest(text)
        key = self._by_digest.get(found)
        return key is not None and compare_digest(key.digest, found) and not key.is_over(now)

    @cached_property
    def _networks(self) -> tuple[Network, ...]:
        return tuple(map(_network, self.addresses))

    @cached_property
    def _by_digest(self) -> dict[str, EmitKey]:
        return {each.digest: each for each in self.keys or ()}

    def following(self, old: "EmitAccess | None") -> "EmitAccess":
        """What a client sent, with the keys that there are."""
        return replace(self, keys=old.keys if old else None)

    def with_key(self, key: EmitKey) -> "EmitAccess":
        """With one key more. Raises InvalidRequest if there are too many."""
        if len(self.keys or ()) >= limits.EMIT_KEYS:
            raise InvalidRequest(f"A space has at most {limits.EMIT_KEYS} emit keys.")
        return replace(self, keys=(*(self.keys or ()), key))

    def without_key(self, identifier: str) -> "EmitAccess":
        """With one key less. Raises NotFound."""
        kept = tuple(each for each in self.keys or () if each.id != identifier)
        if len(kept) == len(self.keys or ()):
            raise KEY.not_found(identifier)
        return replace(self, keys=kept)

    def stored(self) -> JsonObject:
        """The document as it is kept: digests in place of keys."""
        return self._document([each.stored() for each in self.keys or ()])

    def shown(self) -> JsonObject:
        """The document as clients see it: no digests."""
        return self._document([each.shown() for each in self.keys or ()])

    def _document(self, keys: list[JsonValue]) -> JsonObject:
        document: JsonObject = {"space": self.space}
        if self.addresses:
            document["addresses"] = [*self.addresses]
        if self.jwt is not None:
            document["jwt"] = self.jwt.stored()
        return document if self.keys is None else document | {"keys": keys}


KEY = Kind("keys", "keys", "emitkey", "id", "Emit key")


def _network(text: str) -> Network:
    """A block of addresses, or a single address. Raises InvalidRequest: host bits may be a slip that lets in more than is meant."""
    try:
        network = ip_network(text)
    except ValueError as error:
        raise InvalidRequest(f"{text[:LONGEST_ADDRESS]!r} is no block of IP addresses, such as 203.0.113.0/24 or 2001:db8::/32") from error
    if isinstance(network, IPv4Network):
        return network
    first = network.network_address
    if first.scope_id is not None:
        raise InvalidRequest("addresses have no zone")
    mapped = first.ipv4_mapped
    return network if mapped is None or network.prefixlen < MAPPED else IPv4Network((mapped, network.prefixlen - MAPPED))


def _normal(text: str) -> str:
    return str(_network(text))


def _plain(address: Address) -> Address:
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
