"""Who shares a gateway: one owner, whose spaces share their paths, or many tenants, each of whose spaces has paths of its own."""

import re
from dataclasses import dataclass

from eventgateway.core.cors import CorsRule
from eventgateway.core.errors import InvalidRequest
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.resource import Resource
from eventgateway.core.subscription import Subscription

LABEL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")  # of host names, https://www.rfc-editor.org/rfc/rfc1123#section-2.1, and none of IDNA
LABEL_LENGTH, DOMAIN_LENGTH = 63, 253 - 64
PREFIX_MISSING = "Subscription path has to be prefixed with space name (subdomain)."
RESERVED = frozenset(
    [
        "admin",
        "api",
        "app",
        "apps",
        "billing",
        "blog",
        "cdn",
        "config",
        "connect",
        "connections",
        "console",
        "dashboard",
        "dev",
        "docs",
        "email",
        "events",
        "eventgateway",
        "ftp",
        "gateway",
        "help",
        "imap",
        "internal",
        "localhost",
        "login",
        "mail",
        "metrics",
        "mx",
        "ns",
        "ns1",
        "ns2",
        "ops",
        "pop",
        "root",
        "signup",
        "smtp",
        "staging",
        "static",
        "status",
        "support",
        "test",
        "v1",
        "webmail",
        "www",
    ]
)


def is_label(text: str) -> bool:
    """Whether a text can be a label of a host name, in lower case."""
    return len(text) <= LABEL_LENGTH and LABEL.fullmatch(text) is not None


def is_domain(text: str) -> bool:
    """Whether a text can be the domain of a gateway: labels with dots between them, in lower case, and no IPv4 address."""
    labels = text.split(".")
    return len(text) <= DOMAIN_LENGTH and all(map(is_label, labels)) and not labels[-1].isdigit()


@dataclass(frozen=True, slots=True)
class Location:
    """Where a request goes: the space that it names (empty: all of them), and the path that subscriptions are compared with."""

    space: str
    path: str


class Standalone:
    """One owner: requests name no space."""

    def locate(self, request: HttpRequest) -> Location:
        """Where a request goes."""
        return Location("", request.path)

    def system_path(self, space: str) -> str:  # noqa: ARG002 - others need it
        """The path where the subscribers of system events are."""
        return "/"

    def check(self, resource: Resource) -> None:
        """Raise InvalidRequest for a resource that a space cannot have."""


@dataclass(frozen=True, slots=True)
class Hosted(Standalone):
    """Many tenants. The first label of a subdomain of `domain` names the space; at any other host the first segment of the path does."""

    domain: str

    def locate(self, request: HttpRequest) -> Location:
        """See `Standalone`. The domain is compared as a whole, in front of it must be a dot."""
        if self.domain and request.domain.endswith(f".{self.domain}"):
            space = request.domain.partition(".")[0]
            return Location(space, f"/{space}{request.path}")
        return Location(request.path.removeprefix("/").partition("/")[0], request.path)

    def system_path(self, space: str) -> str:
        """See `Standalone`."""
        return f"/{space}/"

    def check(self, resource: Resource) -> None:
        """See `Standalone`. Paths are below that of their space."""
        if isinstance(resource, Subscription | CorsRule) and not resource.path.startswith(f"/{resource.space}/"):
            raise InvalidRequest(PREFIX_MISSING)


STANDALONE = Standalone()
