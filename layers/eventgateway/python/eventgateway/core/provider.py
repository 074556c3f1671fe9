"""What a kind of function must bring along: its configuration as a frozen dataclass, and how to call it.

A provider is one file in `eventgateway.providers`. Its fields are the single source of validation, secret masking, API schema, forms
and docs: declare each with `setting(...)`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, ClassVar, Protocol, Self

from eventgateway.core.document import Fields
from eventgateway.core.errors import FunctionOverflow, InvalidRequest
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.resource import MASK

REGION = "[a-z0-9-]+"  # it becomes part of host names


def setting(key: str, *, help: str, required: bool = False, secret: bool = False, pattern: str = "") -> Any:  # noqa: ANN401, A002 - as dataclasses.field
    """One field of a provider: its name in documents, what it is for, whether it must be there, whether it is hidden, its form."""
    return field(default="", metadata={"key": key, "help": help, "required": required, "secret": secret, "pattern": pattern})


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
    """What an HTTP function answered after redirects; `retry_after` is its header of that name."""

    status: int
    body: bytes
    retry_after: str = ""


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
        """Raise InvalidRequest if a required field is empty or another one has not its form. Providers add their own rules."""
        if any(each.metadata["required"] and not getattr(self, each.name) for each in fields(self)):
            raise self.invalid()
        for each in fields(self):
            value, pattern = getattr(self, each.name), each.metadata["pattern"]
            if value and pattern and not re.fullmatch(pattern, value):
                raise InvalidRequest(f"{each.metadata['key']} of {self.label} must match {pattern}")

    def target_fault(self) -> str | None:
        """Why the outbound guard will never let it be called, as far as the configuration tells; None: it may. For types with a URL."""
        return None

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
    """Base of providers that are AWS APIs: where, and with whose keys. Keys count only as a pair.

    `payload_limit` is what the API takes, in bytes.
    """

    payload_limit: ClassVar[int]

    region: str = setting("region", help="AWS region, such as us-east-1", required=True, pattern=REGION)
    access_key_id: str = setting("awsAccessKeyId", help="Access key of the account; empty: the gateway's own role")
    secret_access_key: str = setting("awsSecretAccessKey", help="Secret of the access key", secret=True)
    session_token: str = setting("awsSessionToken", help="Token of temporary credentials", secret=True)

    def check_size(self, payload: bytes) -> None:
        """Raise FunctionOverflow for what the API does not take."""
        if len(payload) > self.payload_limit:
            raise FunctionOverflow(self.label, len(payload), self.payload_limit)

    @property
    def credentials(self) -> Credentials:
        """The keys as the SDK takes them."""
        return Credentials(self.access_key_id, self.secret_access_key, self.session_token)


Providers = Mapping[str, type[Provider]]
