"""Access keys: what a tenant opens the Config API with. Only the digest of a key is kept."""

from dataclasses import dataclass

from eventgateway.core.caller import Caller
from eventgateway.core.instant import microseconds, show
from eventgateway.core.json import JsonObject, JsonValue

NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class AccessKey:
    """Times in seconds since the epoch, 0 for never. `spaces` limits it to some of the tenant's, None is all."""

    id: str
    tenant: str
    digest: str
    hint: str
    created_at: float
    name: str = ""
    expires_at: float = 0.0
    spaces: frozenset[str] | None = None
    is_read_only: bool = False
    last_used_at: float = 0.0

    def is_valid(self, now: float) -> bool:
        """Whether it has not expired."""
        return not self.expires_at or now < self.expires_at

    def caller(self) -> Caller:
        """Who uses it."""
        return Caller(f"key {self.id}", self.tenant, self.spaces, self.is_read_only)

    def shown(self) -> JsonObject:
        """As clients see it: without what would open anything."""
        times = {"createdAt": self.created_at, "expiresAt": self.expires_at, "lastUsedAt": self.last_used_at}
        document: JsonObject = {"id": self.id, "name": self.name, "key": self.hint, "readOnly": self.is_read_only}
        scope: list[JsonValue] | None = None if self.spaces is None else [*sorted(self.spaces)]
        return document | {"spaces": scope} | {name: show(microseconds(at)) if at else None for name, at in times.items()}
