"""What a kind of function must bring along: its configuration as a frozen dataclass, and how to call it.

A provider is one file in `eventgateway.providers`. Its fields are the single source of validation, secret masking, API schema, forms
and docs: declare each with `setting(...)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, ClassVar, Protocol, Self

from eventgateway.core import limits
from eventgateway.core.document import Failures, Fields
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.resource import MASK


def setting(
    key: str,
    *,
    help: str,  # noqa: A002
    required: bool = False,
    secret: bool = False,
    limit: int = limits.SETTING,
) -> Any:  # noqa: ANN401 - as dataclasses.field
    """One field of a provider: its name in documents, what it is for, whether it must be there or is hidden, and its longest length."""
    return field(default="", metadata={"key": key, "help": help, "required": required, "secret": secret, "limit": limit})


class Purpose(Enum):
    """Why a function is called. It decides which answers count as failure."""

    SYNC = "sync"
    ASYNC = "async"
    AUTHORIZE = "authorize"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function: the payload (JSON), why, and how long it may take in seconds.

    `event_id` and `delivery_id` stay the same over all attempts of a delivery.
    """

    payload: bytes
    purpose: Purpose
    timeout: float
    event_id: str = ""
    delivery_id: str = ""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What an HTTP function answered after redirects."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys of an AWS account; empty ones mean the gateway's own role."""

    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""


class Outbound(Protocol):
    """The way out to functions."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> HttpAnswer:
        """POST and follow redirects, all within `timeout` seconds. Raises FunctionUnreachable."""

    def aws(self, service: str, operation: str, region: str, credentials: Credentials, timeout: float, **parameters: object) -> Any:  # noqa: ANN401
        """Call an AWS API once; returns the SDK's response. Raises a ProviderError, whatever the SDK raised."""


@dataclass(frozen=True)
class Provider:
    """Base of all providers. `type` is its name in documents, `label` its name in messages."""

    type: ClassVar[str]
    label: ClassVar[str]

    @classmethod
    def restore(cls, document: Mapping[str, JsonValue]) -> Self:
        """Read the fields of a document; unknown ones are dropped. Raises InvalidRequest for a wrong type."""
        reader = Fields(document)
        return cls(**{each.name: reader.text(each.metadata["key"]) for each in fields(cls)})

    def validate(self) -> None:
        """Raise InvalidRequest if a required field is empty or one is too long. Providers add their own rules."""
        if any(each.metadata["required"] and not getattr(self, each.name) for each in fields(self)):
            raise self.invalid()
        failures = Failures("Provider")
        for each in fields(self):
            failures.check_max(each.metadata["key"], len(getattr(self, each.name)), each.metadata["limit"])
        failures.raise_if_any()

    def invalid(self) -> InvalidRequest:
        """The original's message for every shortcoming of a provider."""
        return InvalidRequest(f"missing required fields for {self.label}")

    def stored(self) -> JsonObject:
        """The fields that are set, secrets included."""
        values = {each.metadata["key"]: getattr(self, each.name) for each in fields(self)}
        return {key: value for key, value in values.items() if value}

    def shown(self) -> JsonObject:
        """The fields that are set, secrets masked."""
        secrets = {each.metadata["key"] for each in fields(self) if each.metadata["secret"]}
        return {key: MASK if key in secrets else value for key, value in self.stored().items()}

    def keeping_secrets_of(self, old: "Provider") -> Self:
        """This configuration, where a masked secret means the one of `old`, if `old` is of the same type."""
        if not isinstance(old, type(self)):
            return self
        kept = {each.name: getattr(old, each.name) for each in fields(self) if each.metadata["secret"] and getattr(self, each.name) == MASK}
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return type(self)(**(values | kept))

    def call(self, call: Call, outbound: Outbound) -> bytes:
        """Call the function and return its result. Raises a ProviderError for every failure."""
        raise NotImplementedError


@dataclass(frozen=True)
class AwsProvider(Provider):
    """Base of providers that are AWS APIs: where, and with whose keys. Keys count only as a pair."""

    region: str = setting("region", help="AWS region, such as us-east-1", required=True)
    access_key_id: str = setting("awsAccessKeyId", help="Access key of the account; empty: the gateway's own role")
    secret_access_key: str = setting("awsSecretAccessKey", help="Secret of the access key", secret=True)
    session_token: str = setting("awsSessionToken", help="Token of temporary credentials", secret=True, limit=limits.TOKEN)

    @property
    def credentials(self) -> Credentials:
        """The keys as the SDK takes them."""
        return Credentials(self.access_key_id, self.secret_access_key, self.session_token)


Providers = Mapping[str, type[Provider]]
