"""What a deployment can choose: every context parameter of `cdk.json` and `-c NAME=VALUE`, written here and nowhere else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum, StrEnum
from math import inf, isfinite
from typing import Any, get_args

from eventgateway.settings import LogLevel, Mode, OutboundGuard

LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)  # of CloudWatch
STACK_NAME = re.compile("[A-Za-z][A-Za-z0-9-]{0,127}")  # of CloudFormation
HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}")
OF_SPACES = re.compile(r"(?=.{1,189}$)(?!(.*\.)?\d+$)((?![^.]{64})[a-z0-9]+(-[a-z0-9]+)*(\.(?!$)|$)){2,}")  # as the gateway wants it
ROLE_PREFIX = "event-gateway-"  # of roles that owners of functions make for the gateway to take
TRUE, FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0", ""}


class RemovalPolicy(StrEnum):
    """What `cdk destroy` does with data."""

    RETAIN = "retain"
    DESTROY = "destroy"


class LayerPlatform(StrEnum):
    """The machine that the packages of the layer are for."""

    LAMBDA = "lambda"
    HOST = "host"


class InvalidParameter(ValueError):
    """A context parameter is unknown or makes no sense."""


def parameter(default: Any, *, help: str, minimum: float = -inf, maximum: float = inf) -> Any:  # noqa: ANN401, A002 - as dataclasses.field
    """One parameter: its default, what it is for, and the least and the greatest value of a number."""
    return field(default=default, metadata={"help": help, "minimum": minimum, "maximum": maximum})


@dataclass(frozen=True, slots=True)
class Parameters:
    """The name of a field is the name of the parameter. Lists may be written with commas between."""

    stack_name: str = parameter("EventGateway", help="name of the CloudFormation stack; another one is another gateway")
    mode: Mode = parameter(Mode.STANDALONE, help="standalone (one owner) or hosted (many tenants)")
    domain: str = parameter("", help="domain of the gateway: *.DOMAIN is the Events API, config.DOMAIN and dashboard.DOMAIN the others")
    hosted_zone: str = parameter("", help="id of the Route 53 zone that holds the domain; its records are made then, and the certificate")
    certificate_arn: str = parameter(
        "", help="ACM certificate of *.DOMAIN in the stack's region; without one it is made, which needs hosted_zone"
    )
    router_memory: int = parameter(512, help="memory of the router in MB; its CPU grows with it", minimum=128, maximum=10240)
    tracing: bool = parameter(False, help="trace the functions with X-Ray")
    access_log: bool = parameter(False, help="log every request at API Gateway")
    reserved_concurrency: int = parameter(
        0, help="instances of the router that are reserved for it, and its most; 0: as many as the account has", minimum=0
    )
    delivery_concurrency: int = parameter(50, help="delivery workers at a time, at most", minimum=2, maximum=1000)
    snap_start: bool = parameter(False, help="start router and Config API from snapshots")
    log_retention: int = parameter(30, help=f"days that logs are kept: {', '.join(map(str, LOG_DAYS))}")
    log_level: LogLevel = parameter(LogLevel.INFO, help="debug, info, warn or error")
    allowed_targets: tuple[str, ...] = parameter((), help="ARNs of functions, queues and streams that the gateway's own role may call")
    quota_requests_per_second: int = parameter(
        -1, help="requests a second to a space without a quota of its own; 0: no limit, -1: by the mode", minimum=-1
    )
    quota_burst: int = parameter(-1, help="requests at once to such a space", minimum=-1)
    quota_events_per_day: int = parameter(-1, help="requests a day to such a space", minimum=-1)
    quota_bytes_per_day: int = parameter(-1, help="bytes of their bodies a day", minimum=-1)
    quota_resources: int = parameter(-1, help="resources of each kind in such a space", minimum=-1)
    plugin_layers: tuple[str, ...] = parameter((), help="ARNs of Lambda layers with plugins")
    outbound_guard: OutboundGuard = parameter(OutboundGuard.ON, help="on: HTTP functions are on public addresses only; off")
    alarm_email: str = parameter("", help="where alarms are sent; the address has to confirm")
    alarms: bool = parameter(True, help="make the alarms and the dashboard in CloudWatch")
    account_concurrency: int = parameter(
        1000, help="Lambda's quota of concurrent executions in the account and region; at 80 % of it there is an alarm", minimum=10
    )
    removal_policy: RemovalPolicy = parameter(RemovalPolicy.RETAIN, help="retain (data survives cdk destroy) or destroy")
    retry_scale: float = parameter(1.0, help="factor on all waits between attempts, for tests", minimum=0.001)
    layer_platform: LayerPlatform = parameter(
        LayerPlatform.LAMBDA, help="lambda, or host for an emulator that runs functions on this machine"
    )
    layer_python: str = parameter("", help="Python that an emulator runs functions with, if layer_platform is host")

    def __post_init__(self) -> None:
        """Raises InvalidParameter for what does not fit together."""
        if not STACK_NAME.fullmatch(self.stack_name):
            raise InvalidParameter(f"stack_name={self.stack_name!r}: letters, digits and hyphens, a letter first, 128 at most")
        if self.stack_name.lower().startswith(ROLE_PREFIX):  # and so would the names of its roles
            raise InvalidParameter(f"stack_name={self.stack_name!r}: must not begin as the roles that the gateway may take, {ROLE_PREFIX}")
        if self.domain and not HOST.fullmatch(self.domain):
            raise InvalidParameter(f"domain={self.domain!r}: a name such as events.example.com, in lower case, without https:// or *.")
        if self.is_hosted and self.domain and not OF_SPACES.fullmatch(self.domain):
            raise InvalidParameter(f"domain={self.domain!r}: in hosted mode labels are letters and digits with single hyphens between")
        if self.certificate_arn and not self.domain:
            raise InvalidParameter("certificate_arn needs domain")
        if self.domain and not (self.hosted_zone or self.certificate_arn):
            raise InvalidParameter("domain needs hosted_zone (the certificate is made) or certificate_arn (a certificate of *.DOMAIN)")
        if self.hosted_zone and not self.domain:
            raise InvalidParameter("hosted_zone needs domain")
        if self.log_retention not in LOG_DAYS:
            raise InvalidParameter(f"log_retention={self.log_retention}: CloudWatch offers {', '.join(map(str, LOG_DAYS))} days")

    @property
    def is_hosted(self) -> bool:
        """Whether many tenants share the gateway."""
        return self.mode is Mode.HOSTED

    @property
    def quotas(self) -> dict[str, Any]:
        """The limits of spaces that have none of their own, by the names of the settings."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name.startswith("quota_")}

    @property
    def keeps_data(self) -> bool:
        """Whether tables, bucket and key survive the stack."""
        return self.removal_policy is RemovalPolicy.RETAIN

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> "Parameters":
        """Read all parameters; those of CDK itself are left out. Raises InvalidParameter that says what to do."""
        known = {each.name: each for each in fields(cls)}
        given = {name: value for name, value in context.items() if not is_of_cdk(name)}
        unknown = sorted(set(given) - set(known))
        if unknown:
            raise InvalidParameter(f"unknown parameter: {', '.join(unknown)}. Known are: {', '.join(known)}")
        return cls(**{name: _read(known[name].type, name, known[name].metadata, value) for name, value in given.items()})


def is_of_cdk(name: str) -> bool:
    """Whether CDK or its command line put an entry into the context: feature flags, what it looked up, its own state."""
    return ":" in name or name.startswith("@")


def _read(type_: Any, name: str, metadata: Mapping[str, Any], value: object) -> Any:  # noqa: ANN401 - types of fields
    try:
        read = _convert(type_, value)
    except (ValueError, TypeError) as error:
        raise InvalidParameter(f"{name}={value!r}: {metadata['help']}") from error
    if isinstance(read, int | float) and not metadata["minimum"] <= read <= metadata["maximum"]:
        raise InvalidParameter(f"{name}={value!r}: must be {_range(metadata)}")
    return read


def _range(metadata: Mapping[str, Any]) -> str:
    limits = {"at least": metadata["minimum"], "at most": metadata["maximum"]}
    return " and ".join(f"{words} {limit}" for words, limit in limits.items() if isfinite(limit))


def _convert(type_: Any, value: object) -> Any:  # noqa: ANN401
    """The command line gives text, `cdk.json` any JSON."""
    if type_ is bool:
        return _flag(value)
    if get_args(type_):
        return _texts(value)
    if isinstance(value, bool | dict | list) or value is None:
        raise TypeError
    return type_(value) if issubclass(type_, Enum) else type_(str(value))


def _texts(value: object) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(each, str) for each in items):
        raise TypeError
    return tuple(each.strip() for each in items if each.strip())


def _flag(value: object) -> bool:
    text = str(value).lower()
    if text not in TRUE | FALSE:
        raise ValueError
    return text in TRUE
