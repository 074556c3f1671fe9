"""What a kind of function must bring along: its configuration as a frozen dataclass, and how to call it.

A provider is one file in `eventgateway.providers`. Its fields are the single source of validation, secret masking, API schema, forms
and docs: declare each with `setting(...)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import Enum
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, Self

from eventgateway.core import limits
from eventgateway.core.document import Failures, Fields
from eventgateway.core.errors import FunctionOverflow, InvalidRequest
from eventgateway.core.json import JsonObject, JsonValue
from eventgateway.core.resource import MASK
from eventgateway.core.setting import malformed, masked, parts, read, setting, unmasked
from eventgateway.core.target import Target

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
REGION = "[a-z0-9-]+"  # it becomes part of host names
ROLE_ARN = "arn:aws[a-z-]*:iam::[0-9]{12}:role/[!-~]{1,576}"  # https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html


class Purpose(Enum):
    """Why a function is called. It decides which answers count as failure."""

    SYNC = "sync"
    ASYNC = "async"
    AUTHORIZE = "authorize"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a function: the payload (JSON), why, and how long it may take in seconds.

    `event_id` and `delivery_id` stay the same over all attempts of a delivery; `at` is the time of this one, in seconds since the epoch.
    """

    payload: bytes
    purpose: Purpose
    timeout: float
    event_id: str = ""
    delivery_id: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What an HTTP function answered after redirects; `retry_after` is its header of that name."""

    status: int
    body: bytes
    retry_after: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys of an AWS account, empty ones mean the gateway's own role; and the role to assume with them, if there is one."""

    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""
    role_arn: str = ""
    external_id: str = ""

    @property
    def have_keys(self) -> bool:
        """Whether there are keys to call with; half of a pair is none."""
        return bool(self.access_key_id and self.secret_access_key)

    @property
    def are_whole(self) -> bool:
        """Whether there are no keys at all, or a pair with nothing blank in it."""
        pair, given = (self.access_key_id, self.secret_access_key), (self.access_key_id, self.secret_access_key, self.session_token)
        return not any(given) or (all(pair) and all(text.strip() for text in given if text))


class Outbound(Protocol):
    """The way out to functions."""

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float, private: Mapping[str, str] = NO_HEADERS
    ) -> HttpAnswer:
        """POST and follow redirects, all within `timeout` seconds. Raises FunctionUnreachable.

        `private` headers go to the URL's own host only.
        """

    def aws(self, target: Target, operation: str, credentials: Credentials, timeout: float, **parameters: object) -> Any:  # noqa: ANN401
        """Call an AWS API once; returns the SDK's response. Raises a ProviderError, whatever the SDK raised.

        The parameters must name the target and no other: what it is decides whether the gateway's own role may call it.
        """


@dataclass(frozen=True)
class Provider:
    """Base of all providers. `type` is its name in documents, `label` its name in messages."""

    type: ClassVar[str]
    label: ClassVar[str]

    @classmethod
    def parse(cls, document: Mapping[str, JsonValue]) -> Self:
        """Read what a client sent; what is the gateway's own to set is dropped. Raises InvalidRequest."""
        own = {each.metadata["key"] for each in fields(cls) if each.metadata["read_only"]}
        provider = cls.restore({key: value for key, value in document.items() if key not in own})
        provider.validate()
        return provider

    @classmethod
    def restore(cls, document: Mapping[str, JsonValue]) -> Self:
        """Read the fields of a document; unknown ones are dropped. Raises InvalidRequest for a wrong type."""
        reader = Fields(document)
        return cls(**{each.name: read(each, reader) for each in fields(cls)})

    def validate(self) -> None:
        """Raise InvalidRequest if a field is missing, too long or malformed. Providers add their own rules."""
        if any(each.metadata["required"] and not getattr(self, each.name) for each in fields(self)):
            raise self.invalid()
        failures = Failures("Provider")
        for each in fields(self):
            for name, text in parts(each, getattr(self, each.name)).items():
                failures.check_max(name, len(text), each.metadata["length"])
        failures.raise_if_any()
        for each in fields(self):
            if flaw := malformed(each, getattr(self, each.name)):
                raise InvalidRequest(f"provider field '{flaw}' is malformed: {each.metadata['help']}")

    def target_fault(self) -> str | None:
        """Why the outbound guard will never let it be called, as far as the configuration tells; None: it may. For types with a URL."""
        return None

    def invalid(self) -> InvalidRequest:
        """The original's message for every shortcoming of a provider's required fields."""
        return InvalidRequest(f"missing required fields for {self.label}")

    def document(self) -> JsonObject:
        """The fields that are set, secrets included."""
        values = {each.metadata["key"]: getattr(self, each.name) for each in fields(self)}
        return {key: value if isinstance(value, str) else dict(value) for key, value in values.items() if value}

    def shown(self) -> JsonObject:
        """The fields that are set, secrets masked."""
        return self.masked().document()

    def secrets(self) -> JsonObject:
        """The secret fields that are set."""
        names = {each.metadata["key"] for each in fields(self) if each.metadata["secret"]}
        return {key: value for key, value in self.document().items() if key in names}

    def masked(self) -> Self:
        """This configuration with masks in place of its secrets."""
        return replace(self, **{each.name: masked(getattr(self, each.name)) for each in fields(self) if each.metadata["secret"]})

    def masks(self) -> list[str]:
        """The names of the secrets that are masked."""
        secrets = [parts(each, getattr(self, each.name)) for each in fields(self) if each.metadata["secret"]]
        return [name for texts in secrets for name, text in texts.items() if text == MASK]

    def opened(self, secrets: Mapping[str, JsonValue]) -> Self:
        """This configuration with its secrets in place of their masks."""
        return self.restore({**self.document(), **secrets})

    def keeping_secrets_of(self, old: "Provider") -> Self:
        """This configuration, where a masked secret means the one of `old`, if `old` is of the same type and has one."""
        if not isinstance(old, type(self)):
            return self
        secret = [each.name for each in fields(self) if each.metadata["secret"]]
        return replace(self, **{name: unmasked(getattr(self, name), getattr(old, name)) for name in secret})

    def call(self, call: Call, outbound: Outbound) -> bytes:
        """Call the function and return its result. Raises a ProviderError for every failure."""
        raise NotImplementedError


@dataclass(frozen=True)
class AwsProvider(Provider):
    """Base of providers that are AWS APIs: where, with whose keys, and in which role. Keys count only as a pair.


    `payload_limit` is what the API takes, in bytes.
    """

    payload_limit: ClassVar[int]

    region: str = setting("region", help="AWS region, such as us-east-1", required=True, pattern=REGION)
    access_key_id: str = setting("awsAccessKeyId", help="Access key of the account; empty: the gateway's own role")
    secret_access_key: str = setting("awsSecretAccessKey", help="Secret of the access key", secret=True)
    session_token: str = setting("awsSessionToken", help="Token of temporary credentials", secret=True, length=limits.TOKEN)
    role_arn: str = setting(
        "roleArn", help="IAM role that is assumed for each call, such as arn:aws:iam::123456789012:role/name", pattern=ROLE_ARN
    )
    external_id: str = setting(
        "externalId", help="External id that the role is assumed with: one for all functions of the space", read_only=True
    )

    @property
    def target(self) -> Target:
        """What it calls, from the same fields as the call itself; without a name where they leave any doubt."""
        raise NotImplementedError

    def check_size(self, payload: bytes) -> None:
        """Raise FunctionOverflow for what the API does not take."""
        if len(payload) > self.payload_limit:
            raise FunctionOverflow(self.label, len(payload), self.payload_limit)

    @property
    def credentials(self) -> Credentials:
        """Keys and role."""
        return Credentials(self.access_key_id, self.secret_access_key, self.session_token, self.role_arn, self.external_id)


Providers = Mapping[str, type[Provider]]
