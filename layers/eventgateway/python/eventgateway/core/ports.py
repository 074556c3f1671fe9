"""What the operations need from outside, as protocols."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from eventgateway.core.access_key import AccessKey
from eventgateway.core.claim import Claim
from eventgateway.core.dead_letter import DeadLetter, LetterFilter, LetterPage
from eventgateway.core.delivery import Delivery
from eventgateway.core.event import Stamp
from eventgateway.core.json import JsonObject
from eventgateway.core.jwt_rule import JwtRule
from eventgateway.core.lease import Ledger, Step
from eventgateway.core.message import Message
from eventgateway.core.redrive import Redrive
from eventgateway.core.resource import Kind, Resource
from eventgateway.core.tenant import App, Member, State, Tenant


@dataclass(frozen=True, slots=True)
class Change:
    """One write to a space: `before` and `after` are stored documents, None where there is none.

    `version` is the version of the space after it. `references` are those resources that must still be there.
    """

    space: str
    version: int
    kind: Kind
    id: str
    before: JsonObject | None
    after: JsonObject | None
    references: tuple[Resource, ...] = ()
    by: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The stored documents of a space at a version."""

    version: int
    documents: Sequence[tuple[Kind, JsonObject]]


@dataclass(frozen=True, slots=True)
class Head:
    """What is known of a space without its resources. `owner` is its tenant, none in standalone mode.

    In hosted mode versions begin with `born`, the milliseconds since the epoch of its making: those of two lives of a name never meet.
    """

    version: int
    owner: str = ""
    state: State = State.ACTIVE
    born: int = 0


class ConfigStore(Protocol):
    """Where the configuration is kept. Every method raises Unavailable if the storage is away."""

    def gateway_version(self) -> int:
        """Counts every write to any space (standalone mode)."""

    def space_versions(self) -> dict[str, int]:
        """All spaces and their versions (standalone mode)."""

    def space_version(self, space: str) -> int:
        """The version of one space, 0 if it was never written to."""

    def head(self, space: str) -> Head | None:
        """What is known of a space; None if there is none."""

    def load(self, space: str) -> Snapshot:
        """A whole space, consistent."""

    def changes(self, space: str, after: int) -> list[Change] | None:
        """The changes behind a version, oldest first; None if there is a gap (they expire after 90 days)."""

    def identify(self, space: str, candidate: str) -> str:
        """The external id of a space for good, whatever becomes of its resources: `candidate` if it has none yet."""

    def commit(self, change: Change) -> None:
        """Write a change, all or nothing. Raises WriteConflict if the space is not at `change.version - 1`."""


class TenantStore(Protocol):
    """Where tenants are kept. Every method raises Unavailable if the storage is away."""

    def create(self, tenant: Tenant, app: App, key: AccessKey, member: Member | None) -> None:
        """Keep a new tenant with its first application, all or nothing. Raises AlreadyExists if a name is taken."""

    def find(self, name: str) -> Tenant | None:
        """One tenant."""

    def page(self, after: str, limit: int) -> list[str]:
        """The names of tenants behind a name, in their order."""

    def some(self, names: Sequence[str]) -> list[Tenant]:
        """Those of the named that are there, in the order of the names."""

    def set_state(self, name: str, state: State, reason: str = "") -> None:
        """Change the state of a tenant that is not being deleted. Raises NotFound."""

    def set_space_state(self, space: str, state: State) -> None:
        """Change the state of a space that is not being deleted; if it is, or is not there, nothing happens."""

    def add_app(self, app: App) -> None:
        """Keep a new application. Raises AlreadyExists if its name is taken, NotFound if the tenant is not active."""

    def remove_app(self, app: App) -> None:
        """Forget an application, but not what its space has."""

    def apps(self, tenant: str) -> list[App]:
        """All applications, by name."""

    def put_member(self, member: Member) -> None:
        """Keep a member, in place of the one with the same address. Raises NotFound if the tenant is not there, or being deleted."""

    def remove_member(self, tenant: str, email: str) -> bool:
        """Forget a member; False if there is none."""

    def members(self, tenant: str) -> list[Member]:
        """All members, by address."""

    def add_key(self, key: AccessKey) -> None:
        """Keep a new key. Raises NotFound if the tenant is not there, or being deleted."""

    def find_key(self, digest: str) -> AccessKey | None:
        """The key with a digest."""

    def keys(self, tenant: str) -> list[AccessKey]:
        """All keys, by id."""

    def remove_key(self, tenant: str, identifier: str) -> bool:
        """Forget a key; False if there is none."""

    def note_use(self, key: AccessKey, at: float) -> None:
        """Note when a key was used last; if it is gone, nothing happens."""


class KeySource(Protocol):
    """Where the operator key is."""

    def read(self) -> str:
        """The key as it is now, never empty. Raises Unavailable."""


class TokenVerifier(Protocol):
    """What checks JSON Web Tokens."""

    def verify(self, rule: JwtRule, token: str) -> None:
        """Return for a token that a rule accepts now. Raises AccessRefused, Unavailable where the issuer's keys cannot be had."""


class Vault(Protocol):
    """What encrypts the secrets of functions. A ciphertext opens only for the function that it was made for."""

    def seal(self, space: str, function: str, text: str) -> str:
        """The ciphertext (base64) of a text of at most 4,096 bytes. Raises Unavailable."""

    def open(self, space: str, function: str, sealed: str) -> str:
        """The text of a ciphertext. Raises Unavailable."""


class DeliveryQueue(Protocol):
    """Where async deliveries wait."""

    def send(self, messages: Sequence[Message]) -> None:
        """Queue messages; returns when all are safe. Raises Unavailable if any is not, PayloadTooLarge if one never can be."""

    def backlog(self) -> int:
        """About how many deliveries wait. Raises Unavailable."""

    def send_later(self, message: Message, seconds: float) -> None:
        """Queue one message that shall not be received for some time (or as much of it as the queue can do)."""


class PayloadStore(Protocol):
    """Where events lie that are too large for queue or table, for 30 days after their last `put`."""

    def put(self, space: str, event: bytes) -> str:
        """Keep an event; the answer is its key. Raises Unavailable if it is not safe."""

    def get(self, key: str) -> bytes | None:
        """The event of a key, None if it is not there any more. Raises Unavailable."""


class Attempts(Protocol):
    """Remembers attempts that must not be made twice."""

    def begin(self, delivery: Delivery) -> bool:
        """Note that an attempt is made now; False if that was noted before: its outcome is unknown. Raises Unavailable."""


class DeadLetters(Protocol):
    """Where deliveries end that could not be made, for 14 days. Every method raises Unavailable if the storage is away."""

    def put(self, letter: DeadLetter, born: int = 0) -> None:
        """Keep a dead letter; when this returns it is safe. The same one twice is kept once. `born` is its space's, as in `Head`."""

    def page(self, space: str, wanted: LetterFilter, before: str, limit: int) -> LetterPage:
        """At most `limit` letters that match, with keys below the position `before`, those with the greatest keys.

        It reads a bounded part of the storage: there may be fewer letters, even none, and more below the position it tells.
        """

    def get(self, space: str, key: str) -> DeadLetter | None:
        """One letter, None if there is none."""

    def delete(self, space: str, key: str) -> bool:
        """Forget a letter; False if there is none."""


class Redrives(Protocol):
    """Remembers how far redrives are, for 14 days. Every method raises Unavailable if the storage is away."""

    def save(self, redrive: Redrive) -> bool:
        """Keep it in place of what it was a slice before; False, and nothing is kept, if that is not what it was."""

    def get(self, space: str, identifier: str) -> Redrive | None:
        """One redrive, None if there is none."""

    def latest(self, space: str, limit: int) -> list[Redrive]:
        """The redrives that began last."""

    def delete(self, redrive: Redrive) -> None:
        """Forget one."""


class Claims(Protocol):
    """Where claims of events are kept. A write that is made twice, because its first answer was lost, is one write."""

    def create(self, claim: Claim) -> bool:
        """Keep a claim; false if there is one for this event and space. Raises Unavailable."""

    def find(self, space: str, fingerprint: str) -> Claim | None:
        """The claim as it is now. Raises Unavailable."""

    def replace(self, old: Claim, new: Claim) -> bool:
        """Put a claim in the place of another one; false if it has another owner or state by now. Raises Unavailable."""


class UsageStore(Protocol):
    """Where the counts of all instances add up."""

    def add(self, space: str, counts: Mapping[str, float]) -> bool:
        """Add to the counters of a space; false if it is gone, which there is in hosted mode only. Raises Unavailable."""

    def add_to_day(self, space: str, day: str, counts: Mapping[str, float]) -> None:
        """Add to what a space has used on a day (`YYYY-MM-DD` in UTC), which is kept for 400 days. Raises Unavailable."""

    def days(self, space: str, first: str, last: str) -> list[tuple[str, dict[str, float]]]:
        """What a space has used on each day of those from the first to the last on which there was anything. Raises Unavailable."""

    def totals(self, space: str) -> dict[str, float]:
        """All counters of a space. Raises Unavailable."""


class Leases(Protocol):
    """Where it adds up what all instances have taken of the limits of spaces. A call costs one write, and is not made twice."""

    def take(self, space: str, step: Step) -> tuple[bool, Ledger | None]:
        """Make a step if it fits; whether it was made, and the ledger as it is now, None if there is none. Raises Unavailable."""

    def mend(self, space: str, old: Ledger, new: Ledger) -> bool:
        """Put other times in place of those of `old`; false if it has others by now. Raises Unavailable."""


class Clock(Protocol):
    """Time and identity, so that rules stay pure and tests need no waiting."""

    def time(self) -> float:
        """Seconds since the epoch."""

    def jitter(self) -> float:
        """A random number in [0, 1)."""

    def stamp(self) -> Stamp:
        """Id and time of a new event."""
