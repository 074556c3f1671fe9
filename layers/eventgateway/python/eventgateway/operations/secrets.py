"""The secrets of functions: sealed when they are stored, and opened when a function is called."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from threading import Lock

from eventgateway.core.errors import InvalidRequest, Unavailable
from eventgateway.core.function import Function
from eventgateway.core.json import JsonError, dumps, restore
from eventgateway.core.ports import Clock, Vault
from eventgateway.core.provider import Provider

TEXT_LIMIT = 4096  # bytes, https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
OPEN_SECONDS = 300.0
OPEN_LIMIT = 1000

Key = tuple[str, str, str]  # space, id of the function, ciphertext


@dataclass(frozen=True, slots=True)
class _Opened:
    """A provider with its secrets, what it was opened from, and when."""

    masked: Provider
    provider: Provider
    at: float


@dataclass(slots=True, eq=False)
class Secrets:
    """Thread-safe. What was opened is kept for `seconds`, for the `limit` functions called last. Without a vault there are no secrets."""

    vault: Vault | None
    clock: Clock | None
    seconds: float = OPEN_SECONDS
    limit: int = OPEN_LIMIT
    kept: OrderedDict[Key, _Opened] = field(default_factory=OrderedDict)
    lock: Lock = field(default_factory=Lock)

    def sealed(self, function: Function, old: Function | None = None) -> Function:
        """The function as it is stored, as successor of `old`: a masked secret is the old one, the same secrets are the same ciphertext.

        Raises InvalidRequest for a mask that stands for nothing and for too many secrets, Unavailable.
        """
        provider = function.provider
        if provider.masks() and old:
            provider = provider.keeping_secrets_of(self.opened(old))
        if masks := provider.masks():
            message = f"provider field '{masks[0]}' is masked, and no secret is stored that the mask could mean"
            raise Function.kind.invalid(InvalidRequest(message))
        return replace(function, provider=provider.masked(), sealed=self._ciphertext(function, provider, old))

    def opened(self, function: Function) -> Provider:
        """The provider of a function with its secrets. Raises Unavailable."""
        if not function.sealed:
            return function.provider
        key, now = (function.space, function.id, function.sealed), self._now()
        with self.lock:
            known = self.kept.get(key)
            if known and known.masked == function.provider and 0 <= now - known.at < self.seconds:
                self.kept.move_to_end(key)
                return known.provider
        opened = _Opened(function.provider, self._open(function), now)
        with self.lock:
            self.kept[key] = opened
            self.kept.move_to_end(key)
            if len(self.kept) > self.limit:
                self.kept.popitem(last=False)
        return opened.provider

    def _open(self, function: Function) -> Provider:
        if self.vault is None:
            raise unreadable()
        try:
            secrets = restore(self.vault.open(function.space, function.id, function.sealed))
        except JsonError as error:
            raise unreadable() from error
        if not isinstance(secrets, dict):
            raise unreadable()
        return function.provider.opened(secrets)

    def _ciphertext(self, function: Function, provider: Provider, old: Function | None) -> str:
        secrets = provider.secrets()
        if not secrets:
            return ""
        if old and self._has(old, provider):
            return old.sealed
        text = dumps(secrets)
        if len(text) > TEXT_LIMIT:
            message = f"the secrets of the provider have {len(text)} bytes together, as JSON, the limit is {TEXT_LIMIT}"
            raise Function.kind.invalid(InvalidRequest(message))
        if self.vault is None:
            raise unwritable()
        return self.vault.seal(function.space, function.id, text.decode())

    def _has(self, old: Function, provider: Provider) -> bool:
        """Whether a stored function has these secrets. If its own cannot be read any more, others may take their place."""
        try:
            return bool(old.sealed) and type(old.provider) is type(provider) and self.opened(old).secrets() == provider.secrets()
        except Unavailable:
            return False

    def _now(self) -> float:
        return self.clock.time() if self.clock else 0.0


def unreadable() -> Unavailable:
    """The error of secrets that cannot be opened."""
    return Unavailable("The secrets of the function cannot be read. Please try again.")


def unwritable() -> Unavailable:
    """The error of secrets that cannot be sealed."""
    return Unavailable("The secrets of the function cannot be stored. Please try again.")


NO_SECRETS = Secrets(None, None)
