"""Functions: what a space can call, wherever it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from eventgateway.core import limits
from eventgateway.core.document import Failures, Fields, is_name
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.provider import Provider, Providers
from eventgateway.core.resource import Kind, without_empty


@dataclass(frozen=True, slots=True)
class Function:
    """A registered function and the provider that knows how to call it.

    Of a stored one the provider has masks where its secrets are; `sealed` is their ciphertext (base64), empty if there are none.
    """

    kind: ClassVar[Kind] = Kind("functions", "functions", "function", "functionId", "Function", "already registered.")

    space: str
    id: str
    provider: Provider
    metadata: dict[str, str] = field(default_factory=dict)
    sealed: str = ""

    @classmethod
    def parse(cls, space: str, document: Mapping[str, JsonValue], providers: Providers, identifier: str | None = None) -> "Function":
        """Read a document of the Config API; an update gives the `identifier` of the URL. Raises InvalidRequest."""
        fields = Fields(document)
        try:
            own_id, metadata, type_ = fields.text("functionId"), fields.metadata(), _provider_type(fields, providers)
            provider = type_.parse(fields.object("provider") or {})
            function = cls(space, own_id if identifier is None else identifier, provider, metadata)
            function.validate()
        except InvalidRequest as error:
            raise cls.kind.invalid(error) from error
        return function

    @classmethod
    def restore(cls, space: str, document: Mapping[str, JsonValue], providers: Providers) -> "Function":
        """Read a stored document, which was valid when it was stored."""
        fields = Fields(document)
        provider = _provider_type(fields, providers).restore(fields.object("provider") or {})
        return cls(space, fields.text("functionId"), provider, fields.metadata(), fields.text("sealed"))

    def validate(self) -> None:
        """Raise InvalidRequest with one line for every field that is missing or wrong."""
        failures = Failures("Function")
        failures.check_space(self.space)
        failures.check_max("ID", len(self.id), limits.NAME)
        failures.check("ID", required=self.id != "", functionid=is_name(self.id))
        failures.check_metadata(self.metadata)
        failures.raise_if_any()

    def stored(self) -> JsonObject:
        """The document as it is kept: secrets sealed."""
        return without_empty(self.shown() | {"sealed": self.sealed}, "sealed")

    def shown(self) -> JsonObject:
        """The document as clients see it: secrets masked."""
        document: JsonObject = {"space": self.space, "functionId": self.id, "type": self.provider.type, "provider": self.provider.shown()}
        return without_empty(document | {"metadata": dict(self.metadata)}, "metadata")


def _provider_type(fields: Fields, providers: Providers) -> type[Provider]:
    type_ = fields.text("type")
    if not type_ or fields.object("provider") is None:
        raise InvalidRequest("provider configuration not set")
    if type_ not in providers:
        raise InvalidRequest(f"provider {type_[: limits.NAME]} not supported")
    return providers[type_]
