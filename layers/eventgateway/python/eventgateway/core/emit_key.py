"""Emit keys: whoever has one may emit to its space. Only their digests are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from eventgateway.core import limits
from eventgateway.core.document import Failures, Fields
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.instant import parse, show
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.key import digest, hint
from eventgateway.core.resource import without_empty


@dataclass(frozen=True, slots=True)
class EmitKey:
    """Times are instants (microseconds since the epoch). One that does not expire counts until it is deleted."""

    id: str
    digest: str = field(repr=False)
    hint: str
    created_at: int
    name: str = ""
    expires_at: int | None = None

    @classmethod
    def new(cls, identifier: str, text: str, now: int, document: Mapping[str, JsonValue]) -> "EmitKey":
        """The key `text`, with the name and the end that a client wants. Raises InvalidRequest."""
        fields = Fields(document)
        key = cls(identifier, digest(text), hint(text), now, fields.text("name"), _instant(fields, "expiresAt"))
        key.validate()
        return key

    @classmethod
    def restore(cls, document: Mapping[str, JsonValue]) -> "EmitKey":
        """Read a stored document."""
        fields = Fields(document)
        created_at, expires_at = _instant(fields, "createdAt") or 0, _instant(fields, "expiresAt")
        return cls(fields.text("id"), fields.text("digest"), fields.text("hint"), created_at, fields.text("name"), expires_at)

    def validate(self) -> None:
        """Raise InvalidRequest for a name that is too long, or an end that is over already."""
        failures = Failures("EmitKey")
        failures.check_max("Name", len(self.name), limits.KEY_NAME)
        failures.check("ExpiresAt", future=not self.is_over(self.created_at))
        failures.raise_if_any()

    def is_over(self, now: int) -> bool:
        """Whether it has expired."""
        return self.expires_at is not None and self.expires_at <= now

    def stored(self) -> JsonObject:
        """The document as it is kept."""
        return self.shown() | {"digest": self.digest}

    def shown(self) -> JsonObject:
        """The document as clients see it, without the digest."""
        document: JsonObject = {"id": self.id, "name": self.name, "hint": self.hint, "createdAt": show(self.created_at)}
        document["expiresAt"] = "" if self.expires_at is None else show(self.expires_at)
        return without_empty(document, "name", "expiresAt")


def _instant(fields: Fields, name: str) -> int | None:
    if fields.document.get(name) is None:
        return None
    try:
        return parse(fields.text(name))
    except (ValueError, OverflowError) as error:
        raise InvalidRequest(f"{name} is no time") from error
