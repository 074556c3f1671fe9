"""Tenants of a hosted gateway: a name, applications, each of which is a space, and members."""

import re
from dataclasses import dataclass
from enum import StrEnum

from eventgateway.core.errors import AlreadyExists, InvalidRequest, NotFound
from eventgateway.core.hosting import LABEL_LENGTH, RESERVED, is_label
from eventgateway.core.instant import microseconds, show
from eventgateway.core.json import JsonObject
from eventgateway.core.resource import Kind

KIND = Kind("tenants", "tenants", "tenant", "tenant", "Tenant")  # not of a space, but named and listed as resources are
NAME_LENGTH = 40  # of tenants; what is left of a label is the application's
APPS, MEMBERS, KEYS = 50, 100, 100  # of a tenant
REASON_LENGTH = 1000
EMAIL_LENGTH = 254  # https://www.rfc-editor.org/errata/eid1690
EMAIL = re.compile(  # those that people have; what has a meaning in a URL is not among them
    r"[a-z0-9.!#$&'*+=^_`{|}~-]{1,64}@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])", re.IGNORECASE | re.ASCII
)


class State(StrEnum):
    """Of a tenant and of its spaces."""

    ACTIVE = "active"
    SUSPENDED = "suspended"  # its events are refused, its deliveries wait
    DELETING = "deleting"  # it is gone for everybody, and its data are being erased


class Role(StrEnum):
    """What a member may do."""

    ADMIN = "Admin"  # everything
    COLLABORATOR = "Collaborator"  # all but members, keys and the tenant itself


@dataclass(frozen=True, slots=True)
class Tenant:
    """`created_at` in seconds since the epoch; `email` is for the operator, empty if unknown."""

    name: str
    created_at: float
    email: str = ""
    state: State = State.ACTIVE
    reason: str = ""  # of a suspension

    def shown(self) -> JsonObject:
        """As the operator sees it."""
        document: JsonObject = {"tenant": self.name, "state": self.state.value, "createdAt": show(microseconds(self.created_at))}
        return document | {name: value for name, value in (("email", self.email), ("reason", self.reason)) if value}


@dataclass(frozen=True, slots=True)
class App:
    """An application of a tenant, which is a space."""

    tenant: str
    name: str
    created_at: float

    @property
    def space(self) -> str:
        """The name of its space, and its subdomain."""
        return f"{self.tenant}-{self.name}"

    def shown(self) -> JsonObject:
        """As clients see it."""
        return {"app": self.name, "space": self.space, "createdAt": show(microseconds(self.created_at))}


@dataclass(frozen=True, slots=True)
class Member:
    """A person who may use the dashboard of a tenant. Addresses are in lower case."""

    tenant: str
    email: str
    role: Role
    since: float

    def shown(self) -> JsonObject:
        """As clients see it."""
        return {"email": self.email, "role": self.role.value, "since": show(microseconds(self.since))}


def check_tenant(name: str) -> None:
    """Raise InvalidRequest for a name that no tenant can have."""
    _check("tenant", name)
    if len(name) > NAME_LENGTH:
        raise InvalidRequest(f"tenant has at most {NAME_LENGTH} characters")
    if name in RESERVED:
        raise InvalidRequest(f'The name "{name}" is reserved.')


def check_app(tenant: str, name: str) -> None:
    """Raise InvalidRequest for a name that no application of a tenant can have."""
    _check("app", name)
    space = f"{tenant}-{name}"
    if len(space) > LABEL_LENGTH:
        raise InvalidRequest(f"tenant and app have at most {LABEL_LENGTH - 1} characters together, because <tenant>-<app> is a subdomain")
    if space in RESERVED:
        raise InvalidRequest(f'The name "{space}" is reserved.')


def is_email(text: str) -> bool:
    """Whether a text can be the address of a person."""
    return len(text) <= EMAIL_LENGTH and EMAIL.fullmatch(text) is not None


def normal_email(text: str) -> str:
    """An address in lower case. Raises InvalidRequest."""
    if not is_email(text):
        raise InvalidRequest("email must be an e-mail address")
    return text.lower()


def _check(field: str, name: str) -> None:
    if not is_label(name):
        raise InvalidRequest(
            f"{field} must be lower-case letters and digits, with single hyphens between them, at most {LABEL_LENGTH} characters"
        )


def tenant_taken(name: str) -> AlreadyExists:
    """The error of a tenant that is there already."""
    return KIND.already_exists(name)


def space_taken(space: str) -> AlreadyExists:
    """The error of a space that somebody has: also where another split of its name into tenant and app is meant."""
    return AlreadyExists(f'The name "{space}" is taken.')


def no_tenant(name: str) -> NotFound:
    """The error of a tenant that is not there."""
    return KIND.not_found(name)


def inactive(name: str) -> NotFound:
    """The error of a tenant that can have nothing new for the time being."""
    return NotFound(f'Tenant "{name}" is not there, or not active.')
