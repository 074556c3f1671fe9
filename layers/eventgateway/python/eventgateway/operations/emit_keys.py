"""Makes and takes away the emit keys of a space."""

from dataclasses import dataclass
from secrets import token_bytes, token_hex

from eventgateway.core.document import decode
from eventgateway.core.emit_access import EmitAccess
from eventgateway.core.emit_key import EmitKey
from eventgateway.core.instant import microseconds
from eventgateway.core.key import EMIT, ENTROPY, new_key
from eventgateway.operations.manage import Manager

ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class EmitKeys:
    """Keys lie in the configuration of their space, so each change is a write to it, and counts as soon as any other."""

    manager: Manager

    def create(self, space: str, body: bytes) -> tuple[EmitKey, str]:
        """A new key, whose text is told this once. Raises InvalidRequest, Unavailable."""
        none_yet, text = EmitAccess.parse(space, {}), new_key(EMIT, token_bytes(ENTROPY))
        now = microseconds(self.manager.spaces.clock.time())
        key = EmitKey.new(token_hex(ID_BYTES), text, now, decode(body) if body else {})
        self.manager.follow(EmitAccess, space, lambda old: (old or none_yet).with_key(key))
        return key, text

    def delete(self, space: str, identifier: str) -> None:
        """Forget a key. Raises NotFound, Unavailable."""
        none_yet = EmitAccess(space)
        self.manager.follow(EmitAccess, space, lambda old: (old or none_yet).without_key(identifier))
