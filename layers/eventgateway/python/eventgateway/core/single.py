"""Resources of which a space has one at most."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.resource import Kind


@dataclass(frozen=True, slots=True)
class Single:
    """Implements `Resource`; its id is the name of its space, and it has no labels."""

    kind: ClassVar[Kind]

    space: str

    @property
    def id(self) -> str:
        """A space has one at most."""
        return self.space

    @property
    def metadata(self) -> dict[str, str]:
        """It has no labels."""
        return {}

    @classmethod
    def parse(cls, space: str, document: Mapping[str, JsonValue]) -> Self:
        """Read a document of the Config API. Raises InvalidRequest."""
        try:
            single = cls.read(space, document)
            single.validate()
        except InvalidRequest as error:
            raise cls.kind.invalid(error) from error
        return single

    @classmethod
    def read(cls, space: str, document: Mapping[str, JsonValue]) -> Self:
        """What a client may set of it. Raises InvalidRequest."""
        return cls.restore(space, document)

    @classmethod
    def restore(cls, space: str, document: Mapping[str, JsonValue]) -> Self:
        """Read a stored document, which was valid when it was stored."""
        raise NotImplementedError

    def validate(self) -> None:
        """Raise InvalidRequest if the space can have no name like this, or a field is missing or wrong."""
        raise NotImplementedError

    def following(self, old: Self | None) -> Self:  # noqa: ARG002 - others keep something
        """What is stored in place of `old`: nothing of that stays."""
        return self

    def stored(self) -> JsonObject:
        """The document as it is kept."""
        raise NotImplementedError

    def shown(self) -> JsonObject:
        """The document as clients see it: there are no secrets."""
        return self.stored()
