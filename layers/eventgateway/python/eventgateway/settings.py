"""All settings of the gateway: their names as environment variables are written here and nowhere else."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self


class Mode(StrEnum):
    """How the gateway is shared."""

    STANDALONE = "standalone"  # one owner, no keys, all spaces share their paths
    HOSTED = "hosted"  # many tenants, each space has paths of its own


class LogLevel(StrEnum):
    """What is logged at least."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class OutboundGuard(StrEnum):
    """Whether HTTP functions are kept away from private addresses."""

    AUTO = "auto"  # as the mode wants it: on if hosted
    ON = "on"
    OFF = "off"


class PluginPolicy(StrEnum):
    """What becomes of an event when a sync plugin is not done with it in time."""

    CLOSED = "closed"  # it is refused
    OPEN = "open"  # it goes on without the plugin


BY_MODE = -1
NO_QUOTA = (0, 0, 0, 0, 0)
HOSTED_QUOTA = (100, 200, 5_000_000, 10 * 1024**3, 1_000)


class InvalidSettings(ValueError):
    """An environment variable is missing or makes no sense."""


def variable(name: str, *, help: str, default: Any = MISSING, minimum: float = 0, secret: bool = False) -> Any:  # noqa: ANN401, A002 - as dataclasses.field
    """One setting: its environment variable, what it is for, its default, the least value of a number; a secret is not shown."""
    metadata = {"name": name, "help": help, "minimum": minimum}
    return field(metadata=metadata, repr=not secret) if default is MISSING else field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True, slots=True)
class Variables:
    """What is read from environment variables: a base of dataclasses whose fields are made by `variable`."""

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> Self:
        """Read all settings; raises InvalidSettings that names the variable."""
        values = cls.given(environment)
        missing = [each.metadata["name"] for each in fields(cls) if each.default is MISSING and each.name not in values]
        if missing:
            raise InvalidSettings(f"environment variables are missing: {', '.join(missing)}")
        return cls(**values)

    @classmethod
    def given(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        """The fields that an environment sets; raises InvalidSettings."""
        present = [each for each in fields(cls) if each.metadata["name"] in environment]
        return {each.name: _read(each.type, each.metadata, environment) for each in present}

    def to_env(self) -> dict[str, str]:
        """The environment that `from_env` reads these settings from. What is empty unless given, and was not given, is left out."""
        told = [each for each in fields(self) if each.default != "" or getattr(self, each.name)]
        return {each.metadata["name"]: str(getattr(self, each.name)) for each in told}


@dataclass(frozen=True, slots=True)
class Settings(Variables):
    """Seconds where a number is a time."""

    config_table: str = variable("CONFIG_TABLE", help="DynamoDB table of the configuration")
    records_table: str = variable("RECORDS_TABLE", help="DynamoDB table of dead letters and counters")
    queue_url: str = variable("DELIVERY_QUEUE_URL", help="SQS queue of async deliveries")
    payload_bucket: str = variable("PAYLOAD_BUCKET", help="S3 bucket of events that are too large for queue or table")
    secrets_key: str = variable("SECRETS_KEY", help="KMS key (id, ARN or alias) that encrypts the secrets of functions")
    mode: Mode = variable("GATEWAY_MODE", help="standalone or hosted", default=Mode.STANDALONE)
    domain: str = variable(
        "GATEWAY_DOMAIN",
        help="domain whose subdomains are the spaces of hosted mode, empty for none: then paths begin with them",
        default="",
    )
    operator_key: str = variable("GATEWAY_OPERATOR_KEY", help="key of the Config API, empty for none", default="", secret=True)
    operator_key_secret: str = variable(
        "GATEWAY_OPERATOR_KEY_SECRET", help="secret of Secrets Manager (name or ARN) that holds the key of the Config API", default=""
    )
    outbound_guard: OutboundGuard = variable(
        "OUTBOUND_GUARD",
        help="on (HTTP functions reach public addresses only), off, or auto (on in hosted mode)",
        default=OutboundGuard.AUTO,
    )
    allowed_targets: str = variable(
        "ALLOWED_TARGETS",
        help="hosted mode: ARNs with commas between, * and ? in names, of what AWS functions may call with the gateway's own role",
        default="",
    )
    config_ttl: float = variable("CONFIG_TTL", help="how long a routing table is used without a look at its version", default=1.0)
    config_max_stale: float = variable("CONFIG_MAX_STALE", help="how long it is used while DynamoDB is away", default=900.0)
    request_seconds: float = variable("REQUEST_SECONDS", help="all steps of one request together", default=28.0, minimum=1)
    delivery_seconds: float = variable("DELIVERY_SECONDS", help="one async call of a function", default=28.0, minimum=1)
    delivery_concurrency: int = variable("DELIVERY_CONCURRENCY", help="deliveries of one batch at a time", default=10, minimum=1)
    retry_scale: float = variable("RETRY_SCALE", help="factor on all waits between attempts, for tests", default=1.0, minimum=0.001)
    plugins: str = variable(
        "PLUGINS", help="names of plugins with commas between, * for all that are installed, empty for none", default="*"
    )
    plugin_seconds: float = variable("PLUGIN_SECONDS", help="one call of a plugin", default=2.0, minimum=0.01)
    plugin_policy: PluginPolicy = variable(
        "PLUGIN_POLICY", help="closed (refuse the event) or open (go on) when that is over", default=PluginPolicy.CLOSED
    )
    quota_requests_per_second: int = variable(
        "QUOTA_REQUESTS_PER_SECOND", help="requests a second to a space without a quota, 0 without limit, -1 as the mode wants it",
        default=BY_MODE, minimum=BY_MODE,
    )  # fmt: skip
    quota_burst: int = variable("QUOTA_BURST", help="requests at once to such a space", default=BY_MODE, minimum=BY_MODE)
    quota_events_per_day: int = variable("QUOTA_EVENTS_PER_DAY", help="requests a day to such a space", default=BY_MODE, minimum=BY_MODE)
    quota_bytes_per_day: int = variable("QUOTA_BYTES_PER_DAY", help="bytes of their bodies a day", default=BY_MODE, minimum=BY_MODE)
    quota_resources: int = variable("QUOTA_RESOURCES", help="resources of each kind in such a space", default=BY_MODE, minimum=BY_MODE)
    log_level: LogLevel = variable("LOG_LEVEL", help="debug, info, warn or error", default=LogLevel.INFO)

    @property
    def quota(self) -> tuple[int, ...]:
        """Requests a second, burst, events and bytes a day, resources of each kind: for spaces without a quota, 0 without limit."""
        given = (self.quota_requests_per_second, self.quota_burst, self.quota_events_per_day, self.quota_bytes_per_day)
        usual = HOSTED_QUOTA if self.mode is Mode.HOSTED else NO_QUOTA
        return tuple(own if number == BY_MODE else number for number, own in zip((*given, self.quota_resources), usual, strict=True))

    @property
    def is_guarded(self) -> bool:
        """Whether the outbound guard is on."""
        return self.outbound_guard is OutboundGuard.ON or (self.outbound_guard is OutboundGuard.AUTO and self.mode is Mode.HOSTED)


class WebAddress(str):
    """An http or https address, without a slash at its end."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Raises ValueError."""
        if not text.startswith(("https://", "http://")):
            raise ValueError(text)
        return super().__new__(cls, text.rstrip("/"))


@dataclass(frozen=True, slots=True)
class DashboardSettings(Variables):
    """What the dashboard is told. It has no tables, no queue, no bucket and no key."""

    events_url: WebAddress = variable("EVENTS_URL", help="address of the Events API, beginning with https:// or http://")
    config_url: WebAddress = variable("CONFIG_URL", help="address of the Config API, beginning with https:// or http://")
    mode: Mode = variable("GATEWAY_MODE", help="standalone or hosted", default=Mode.STANDALONE)
    operator_key_secret: str = variable(
        "GATEWAY_OPERATOR_KEY_SECRET", help="what its pages call the secret of the operator key", default=""
    )
    region: str = variable("AWS_REGION", help="where that secret is", default="")
    domain: str = variable("GATEWAY_DOMAIN", help="domain whose subdomains are the spaces of hosted mode", default="")
    docs_url: str = variable("DOCS_URL", help="address of the folder docs of this project", default="")
    log_level: LogLevel = variable("LOG_LEVEL", help="debug, info, warn or error", default=LogLevel.INFO)


def _read(type_: Any, metadata: Mapping[str, Any], environment: Mapping[str, str]) -> Any:  # noqa: ANN401 - types of fields
    name, text = metadata["name"], environment[metadata["name"]]
    try:
        value = type_(text)
    except ValueError as error:
        raise InvalidSettings(f"{name}={text!r}: {metadata['help']}") from error
    if isinstance(value, int | float) and not value >= metadata["minimum"]:
        raise InvalidSettings(f"{name}={text!r}: must be at least {metadata['minimum']}")
    return value
