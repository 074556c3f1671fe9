"""What all configuration resources have in common."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from eventgateway.core.errors import AlreadyExists, InvalidRequest, InvalidUpdate, NotFound
from eventgateway.core.json import JsonObject

MASK = "*****"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource: its names in paths, lists, keys and messages."""

    path: str  # segment of the Config API's URLs
    list_key: str  # key of the list answer
    tag: str  # prefix of the sort key
    id_key: str  # field of the document that holds the id
    label: str  # name in messages
    exists: str = "already exists."

    def invalid(self, error: InvalidRequest) -> InvalidRequest:
        """The error of a document that was read up to `error`."""
        return InvalidRequest(f"{self.label} doesn't validate. Validation error: {error.message}")

    def not_found(self, identifier: str) -> NotFound:
        """The error of an id that is not there."""
        return NotFound(f'{self.label} "{identifier}" not found.')

    def already_exists(self, identifier: str) -> AlreadyExists:
        """The error of an id that is taken."""
        return AlreadyExists(f'{self.label} "{identifier}" {self.exists}')

    def fixed(self, field: str) -> InvalidUpdate:
        """The error of a field that cannot change."""
        label = self.label if self.label.startswith("CORS") else self.label.lower()
        return InvalidUpdate(f"Invalid update. '{field}' of existing {label} cannot be updated.")


class Resource(Protocol):
    """One event type, function, subscription or CORS rule: a frozen dataclass."""

    kind: ClassVar[Kind]

    @property
    def space(self) -> str:
        """Name of the space it lives in."""

    @property
    def id(self) -> str:
        """Unique among its kind in its space."""

    @property
    def metadata(self) -> dict[str, str]:
        """Labels of its owner."""

    def stored(self) -> JsonObject:
        """The document as it is kept, secrets included."""

    def shown(self) -> JsonObject:
        """The document as clients see it, secrets masked."""


def without_empty(document: JsonObject, *names: str) -> JsonObject:
    """A document without those of the named fields that are empty."""
    return {key: value for key, value in document.items() if value or key not in names}
