"""Functions: what a space can call, wherever it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from eventgateway.core import limits
from eventgateway.core.document import Failures, Fields, is_name
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.provider import Provider, Providers
from eventgateway.core.resource import Kind, without_empty


@dataclass(frozen=True, slots=True)
class Function:
    """A registered function and the provider that knows how to call it."""

    kind: ClassVar[Kind] = Kind("functions", "functions", "function", "functionId", "Function", "already registered.")

    space: str
    id: str
    provider: Provider
    metadata: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, space: str, document: Mapping[str, JsonValue], providers: Providers, identifier: str | None = None) -> "Function":
        """Read a document of the Config API; an update gives the `identifier` of the URL. Raises InvalidRequest."""
        try:
            function = cls.restore(space, document, providers, identifier)
            function.provider.validate()
            function.validate()
        except InvalidRequest as error:
            raise cls.kind.invalid(error) from error
        return function

    @classmethod
    def restore(cls, space: str, document: Mapping[str, JsonValue], providers: Providers, identifier: str | None = None) -> "Function":
        """Read a stored document, which was valid when it was stored."""
        fields = Fields(document)
        own_id, type_, metadata = fields.text("functionId"), fields.text("type"), fields.metadata()
        configuration = fields.object("provider")
        if not type_ or configuration is None:
            raise InvalidRequest("provider configuration not set")
        if type_ not in providers:
            raise InvalidRequest(f"provider {type_[: limits.NAME]} not supported")
        provider = providers[type_].restore(configuration)
        return cls(space, own_id if identifier is None else identifier, provider, metadata)

    def validate(self) -> None:
        """Raise InvalidRequest with one line for every field that is missing or wrong."""
        failures = Failures("Function")
        failures.check_space(self.space)
        failures.check_max("ID", len(self.id), limits.NAME)
        failures.check("ID", required=self.id != "", functionid=is_name(self.id))
        failures.check_metadata(self.metadata)
        failures.raise_if_any()

    def updating(self, old: "Function") -> "Function":
        """This function as the successor of `old`: masked secrets are the old ones."""
        return replace(self, provider=self.provider.keeping_secrets_of(old.provider))

    def stored(self) -> JsonObject:
        """The document as it is kept, secrets included."""
        return self._document(self.provider.stored())

    def shown(self) -> JsonObject:
        """The document as clients see it."""
        return self._document(self.provider.shown())

    def _document(self, provider: JsonObject) -> JsonObject:
        document: JsonObject = {"space": self.space, "functionId": self.id, "type": self.provider.type, "provider": provider}
        return without_empty(document | {"metadata": dict(self.metadata)}, "metadata")
