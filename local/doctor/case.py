"""What all checks are given."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from local.doctor.finding import Unchecked
from local.doctor.machine import Machine

STACK = "EventGateway"


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of the command."""

    region: str | None = None
    profile: str | None = None
    stack: str = STACK
    domain: str | None = None


class Clients(Protocol):
    """AWS with one set of keys."""

    def client(self, service: str, region: str) -> Any:  # noqa: ANN401 - one of many generated classes
        """A client of boto3, with short time-outs."""

    def with_keys(self, keys: dict[str, Any]) -> "Clients":
        """The same with the `Credentials` of an AssumeRole."""


class Aws(Clients, Protocol):
    """AWS with the keys of the user."""

    @property
    def session(self) -> Any:  # noqa: ANN401 - botocore's session
        """What is configured. Raises ProfileNotFound."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who AWS says that we are."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or another."""
        return self.arn.split(":")[1]

    @property
    def is_root(self) -> bool:
        """Whether it is the account itself and no user or role."""
        return self.arn.endswith(":root")


@dataclass(slots=True)
class Known:
    """What checks found out for those after them."""

    region: str | None = None
    has_keys: bool = False
    identity: Identity | None = None
    ahead: timedelta | None = None  # of AWS's clock
    bootstrapped: bool | None = None


@dataclass(frozen=True)
class Case:
    """Everything that a check can look at."""

    asked: Asked
    machine: Machine
    aws: Aws
    known: Known = field(default_factory=Known)

    @property
    def profile(self) -> str | None:
        """The profile that is in use."""
        environ = self.machine.environ
        return self.asked.profile or environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")

    @property
    def region(self) -> str:
        """Raises Unchecked without a usable one."""
        if self.known.region is None:
            raise Unchecked("needs a region")
        return self.known.region

    @property
    def identity(self) -> Identity:
        """Raises Unchecked if AWS did not tell it."""
        self.require_account()
        return cast("Identity", self.known.identity)

    def require_account(self) -> None:
        """Raises Unchecked if AWS did not tell whose the credentials are."""
        if self.known.identity is None:
            raise Unchecked("needs valid AWS credentials")

    def client(self, service: str) -> Any:  # noqa: ANN401
        """A client in the region of the deployment."""
        return self.aws.client(service, self.region)

    def tell_time(self, date: datetime) -> None:
        """Remember what AWS's clock showed just now."""
        self.known.ahead = self.machine.now() - date
