"""In-memory fakes of the ports, and a gateway that is wired from them.

All fakes share a journal, a list of lines such as `queue f` and `call f`, which tells in which order things happened.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from eventgateway import providers
from eventgateway.core.claim import Claim
from eventgateway.core.cors import CorsRule
from eventgateway.core.dead_letter import DeadLetter, LetterFilter, LetterPage
from eventgateway.core.delivery import Delivery
from eventgateway.core.errors import Unavailable, WriteConflict
from eventgateway.core.event import Stamp
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.json import JsonObject, JsonValue, dumps, restore
from eventgateway.core.message import Message, parse
from eventgateway.core.ports import Change, Snapshot
from eventgateway.core.provider import NO_HEADERS, HttpAnswer
from eventgateway.core.redrive import Redrive, RedriveSlice
from eventgateway.core.resource import Kind, Resource
from eventgateway.core.result import Result
from eventgateway.core.subscription import Subscription
from eventgateway.operations.dead_letters import DeadLetterOffice
from eventgateway.operations.deliver import Deliverer, Outcome
from eventgateway.operations.manage import Manager
from eventgateway.operations.outbox import Outbox
from eventgateway.operations.receive import Receiver
from eventgateway.operations.redrive import Redriver, RedriveRunner
from eventgateway.operations.secrets import Secrets, unreadable, unwritable
from eventgateway.operations.spaces import Spaces

Journal = list[str]
NOON = 1_800_000_000.0


@dataclass
class FakeClock:
    """Implements `Clock`: stands still unless it is told to advance; stamps are numbered."""

    now: float = NOON
    chance: float = 0.5
    stamps: int = 0

    def time(self) -> float:
        return self.now

    def jitter(self) -> float:
        return self.chance

    def stamp(self) -> Stamp:
        self.stamps += 1
        return Stamp(f"stamp-{self.stamps}", "2026-11-23T12:00:00Z")

    def advance(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class MemoryStore:
    """Implements `ConfigStore` as a log of changes. `rivals` are run one by one just before the next commits."""

    journal: Journal = field(default_factory=list)
    log: dict[str, list[Change]] = field(default_factory=dict)
    forgotten: int = 0  # changes up to this version have expired
    away: bool = False
    rivals: list[Callable[[], object]] = field(default_factory=list)
    identities: dict[str, str] = field(default_factory=dict)

    def gateway_version(self) -> int:
        self._read("gateway version")
        return sum(map(len, self.log.values()))

    def space_versions(self) -> dict[str, int]:
        self._read("space versions")
        return {space: len(changes) for space, changes in self.log.items()}

    def space_version(self, space: str) -> int:
        self._read(f"version {space}")
        return len(self.log.get(space, ()))

    def load(self, space: str) -> Snapshot:
        self._read(f"load {space}")
        return Snapshot(len(self.log.get(space, ())), list(self.documents(space).values()))

    def changes(self, space: str, after: int) -> list[Change] | None:
        self._read(f"changes {space} {after}")
        return None if after < self.forgotten else self.log.get(space, [])[after:]

    def identify(self, space: str, candidate: str) -> str:
        self._read(f"identify {space}")
        return self.identities.setdefault(space, candidate)

    def commit(self, change: Change) -> None:
        self._read(f"commit {change.space} {change.version}")
        self._let_a_rival_go_first()
        changes, present = self.log.setdefault(change.space, []), self.documents(change.space)
        missing = [each for each in change.references if (each.kind, each.id) not in present]
        if change.version != len(changes) + 1 or missing:
            raise WriteConflict("The space was changed meanwhile.")
        changes.append(change)

    def _let_a_rival_go_first(self) -> None:
        if self.rivals:
            rival, *later = self.rivals
            self.rivals = []
            rival()
            self.rivals = later

    def documents(self, space: str) -> dict[tuple[Kind, str], tuple[Kind, JsonObject]]:
        documents: dict[tuple[Kind, str], tuple[Kind, JsonObject]] = {}
        for change in self.log.get(space, ()):
            documents.pop((change.kind, change.id), None)
            if change.after is not None:
                documents[change.kind, change.id] = (change.kind, change.after)
        return documents

    def _read(self, what: str) -> None:
        if self.away:
            raise Unavailable("The configuration is not available. Please try again.")
        self.journal.append(what)


@dataclass
class MemoryVault:
    """Implements `Vault`: what it sealed it remembers, and no two ciphertexts are the same."""

    journal: Journal = field(default_factory=list)
    sealed: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    away: bool = False

    def seal(self, space: str, function: str, text: str) -> str:
        if self.away:
            raise unwritable()
        self.journal.append(f"seal {function}")
        ciphertext = f"ciphertext-{len(self.sealed) + 1}"
        self.sealed[ciphertext] = (space, function, text)
        return ciphertext

    def open(self, space: str, function: str, sealed: str) -> str:
        if self.away or self.sealed[sealed][:2] != (space, function):
            raise unreadable()
        self.journal.append(f"open {function}")
        return self.sealed[sealed][2]


@dataclass
class MemoryQueue:
    """Implements `DeliveryQueue`, and `postpone` as the worker needs it. `refuse` is raised by every send once `patience` is used up."""

    journal: Journal = field(default_factory=list)
    waiting: list[Message] = field(default_factory=list)
    batches: int = 0
    delays: list[float] = field(default_factory=list)
    postponed: list[tuple[str, float]] = field(default_factory=list)
    refuse: Exception | None = None
    patience: int = 0

    def send(self, messages: Sequence[Message]) -> None:
        self._refuse()
        self.batches += 1
        self.waiting += messages
        self.journal += [f"queue {_receivers(each)}" for each in messages]

    def send_later(self, delivery: Delivery, seconds: float) -> None:
        self._refuse()
        self.delays.append(seconds)
        self.waiting.append(delivery)
        self.journal.append(f"queue {delivery.function_id} later")

    def postpone(self, receipt_handle: str, seconds: float) -> None:
        self.postponed.append((receipt_handle, seconds))

    def events(self, function: str) -> list[Any]:
        """The events that wait for a function, as JSON."""
        return [restore(each.event) for each in self.waiting if isinstance(each, Delivery) and each.function_id == function]

    def _refuse(self) -> None:
        if self.refuse and self.patience == 0:
            raise self.refuse
        self.patience -= 1 if self.refuse else 0


def _receivers(message: Message) -> str:
    if isinstance(message, RedriveSlice):
        return f"slice {message.number}"
    return message.function_id if isinstance(message, Delivery) else f"{len(message.deliveries)} at once"


@dataclass
class MemoryPayloads:
    """Implements `PayloadStore`."""

    events: dict[str, bytes] = field(default_factory=dict)
    away: bool = False

    def put(self, space: str, event: bytes) -> str:
        self._check()
        key = f"{space}/{sha256(event).hexdigest()}"
        self.events[key] = event
        return key

    def get(self, key: str) -> bytes | None:
        self._check()
        return self.events.get(key)

    def _check(self) -> None:
        if self.away:
            raise Unavailable("The store of large events is not available. Please try again.")


@dataclass
class MemoryAttempts:
    """Implements `Attempts`."""

    begun: set[tuple[str, float]] = field(default_factory=set)
    away: bool = False

    def begin(self, delivery: Delivery) -> bool:
        if self.away:
            raise Unavailable("The store of attempts is not available. Please try again.")
        key = (delivery.id, delivery.accepted_at)
        is_first = key not in self.begun
        self.begun.add(key)
        return is_first


@dataclass
class MemoryDeadLetters:
    """Implements `DeadLetters`."""

    clock: FakeClock = field(default_factory=FakeClock)
    letters: list[DeadLetter] = field(default_factory=list)
    away: bool = False

    def put(self, letter: DeadLetter) -> None:
        self._check()
        self._drop(letter.delivery.space, letter.key)
        self.letters.append(letter)

    def page(self, space: str, wanted: LetterFilter, before: str, limit: int) -> LetterPage:
        self._check()
        found = [each for each in self.letters if each.delivery.space == space and each.key < before and wanted.matches(each)]
        found = sorted((each for each in found if self._is_there(each)), key=lambda each: each.key, reverse=True)
        return LetterPage(found[:limit], found[limit - 1].key if len(found) >= limit else "")

    def get(self, space: str, key: str) -> DeadLetter | None:
        self._check()
        found = [each for each in self.letters if (each.delivery.space, each.key) == (space, key)]
        return next(filter(self._is_there, found), None)

    def delete(self, space: str, key: str) -> bool:
        is_there = self.get(space, key) is not None
        self._drop(space, key)
        return is_there

    def _drop(self, space: str, key: str) -> None:
        self.letters = [each for each in self.letters if (each.delivery.space, each.key) != (space, key)]

    def _is_there(self, letter: DeadLetter) -> bool:
        return letter.expires_at > self.clock.time()

    def _check(self) -> None:
        if self.away:
            raise Unavailable("The store of dead letters is not available. Please try again.")


@dataclass
class MemoryRedrives:
    """Implements `Redrives`."""

    clock: FakeClock = field(default_factory=FakeClock)
    redrives: dict[tuple[str, str], Redrive] = field(default_factory=dict)
    away: bool = False

    def save(self, redrive: Redrive) -> bool:
        self._check()
        before = self.redrives.get((redrive.space, redrive.id))
        if redrive.slices != (before.slices + 1 if before else 0):
            return False
        self.redrives[redrive.space, redrive.id] = redrive
        return True

    def get(self, space: str, identifier: str) -> Redrive | None:
        self._check()
        found = self.redrives.get((space, identifier))
        return found if found and found.expires_at > self.clock.time() else None

    def latest(self, space: str, limit: int) -> list[Redrive]:
        self._check()
        return [self.redrives[key] for key in sorted(self.redrives, reverse=True) if key[0] == space][:limit]

    def delete(self, redrive: Redrive) -> None:
        self._check()
        self.redrives.pop((redrive.space, redrive.id), None)

    def _check(self) -> None:
        if self.away:
            raise Unavailable("The store of redrives is not available. Please try again.")


@dataclass
class MemoryClaims:
    """Implements `Claims`. `rivals` are run one by one just before the next writes."""

    journal: Journal = field(default_factory=list)
    kept: dict[tuple[str, str], Claim] = field(default_factory=dict)
    away: bool = False
    rivals: list[Callable[[], object]] = field(default_factory=list)

    def create(self, claim: Claim) -> bool:
        return self._write(claim, lambda found: found is None)

    def find(self, space: str, fingerprint: str) -> Claim | None:
        self._check("find", space)
        return self.kept.get((space, fingerprint))

    def replace(self, old: Claim, new: Claim) -> bool:
        return self._write(new, lambda found: found is not None and (found.owner, found.state) == (old.owner, old.state))

    def _write(self, claim: Claim, condition: Callable[[Claim | None], bool]) -> bool:
        if self.rivals:
            self.rivals.pop(0)()
        self._check(claim.state, claim.space)
        key = claim.space, claim.fingerprint
        found = self.kept.get(key)
        if not condition(found) and (found is None or (found.owner, found.state) != (claim.owner, claim.state)):
            return False
        self.kept[key] = claim
        return True

    def _check(self, what: str, space: str) -> None:
        if self.away:
            raise Unavailable("The store of claims is not available. Please try again.")
        self.journal.append(f"{what} {space}")


@dataclass
class FunctionHost:
    """Implements `Outbound`: answers HTTP functions by the last segment of their URL; `{}` unless told otherwise."""

    journal: Journal = field(default_factory=list)
    answers: dict[str, HttpAnswer | BaseException] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    def post(self, url: str, body: bytes, headers: Any, timeout: float, private: Any = NO_HEADERS) -> HttpAnswer:
        name = url.rpartition("/")[2]
        self.calls.append((name, restore(body)))
        self.headers.append({**headers, **private})
        self.bodies.append(body)
        self.timeouts.append(timeout)
        self.journal.append(f"call {name}")
        answer = self.answers.get(name, HttpAnswer(200, b"{}"))
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def aws(self, service: str, operation: str, *_: object, **__: object) -> Any:
        raise AssertionError(f"nobody should call {service} {operation}")

    def answer(self, function: str, document: JsonValue, status: int = 200) -> None:
        """Let a function answer with JSON from now on."""
        self.answers[function] = HttpAnswer(status, dumps(document))

    def called(self) -> list[str]:
        """The functions that were called, in order."""
        return [name for name, _ in self.calls]


class Gateway:
    """Receiver, deliverer and manager over fakes. What is configured through it counts at once."""

    def __init__(self) -> None:
        self.journal: Journal = []
        self.clock, self.store, self.queue = FakeClock(), MemoryStore(), MemoryQueue(self.journal)
        self.dead_letters, self.functions = MemoryDeadLetters(self.clock), FunctionHost(self.journal)
        self.payloads, self.attempts, self.redrives = MemoryPayloads(), MemoryAttempts(), MemoryRedrives(self.clock)
        self.claims = MemoryClaims(self.journal)
        self.outbox = Outbox(self.queue, self.payloads)
        self.vault = MemoryVault(self.journal)
        self.secrets = Secrets(self.vault, self.clock)
        self.spaces = Spaces(self.store, providers.load(), self.clock)
        self.manager = Manager(Spaces(self.store, providers.load(), self.clock), lambda _: None, Secrets(self.vault, self.clock))
        self.receiver = Receiver(self.spaces, self.outbox, self.functions, self.clock, self.claims, secrets=self.secrets)
        ports = (self.spaces, self.outbox, self.dead_letters, self.attempts, self.functions, self.clock)
        self.deliverer = Deliverer(*ports, secrets=self.secrets)
        redriver = Redriver(self.manager.spaces, self.dead_letters, self.outbox, self.clock)
        self.office, self.runner = DeadLetterOffice(redriver, self.redrives), RedriveRunner(redriver, self.redrives)

    def create(self, kind: Kind, document: JsonObject, space: str = "default") -> Resource:
        resource = self.manager.create(kind, space, dumps(document))
        self.spaces.expire()
        return resource

    def event_type(self, name: str, authorizer: str | None = None, space: str = "default") -> Resource:
        return self.create(EventType.kind, {"name": name, "authorizerId": authorizer}, space)

    def function(self, name: str, space: str = "default", **provider: JsonValue) -> Resource:
        configuration = {"url": f"http://host/{name}", **provider}
        return self.create(Function.kind, {"functionId": name, "type": "http", "provider": configuration}, space)

    def cors(self, document: JsonObject, space: str = "default") -> Resource:
        return self.create(CorsRule.kind, document, space)

    def subscribe(  # noqa: PLR0917 - reads like the document it stands for
        self, type_: str, function: str, event_type: str = "u", path: str = "/", method: str = "POST", space: str = "default"
    ) -> Resource:
        """Subscribe a function; it and the event type are registered if need be."""
        known = self.store.documents(space)
        if (Function.kind, function) not in known:
            self.function(function, space)
        if (EventType.kind, event_type) not in known:
            self.event_type(event_type, None, space)
        document: JsonObject = {"type": type_, "eventType": event_type, "functionId": function, "path": path, "method": method}
        return self.create(Subscription.kind, document, space)

    def delete(self, resource: Resource) -> None:
        self.manager.delete(resource.kind, resource.space, resource.id)
        self.spaces.expire()

    def emit(self, type_: str = "u", path: str = "/", data: JsonValue = None) -> Result:
        """Send a legacy event by POST."""
        headers = {"event": type_, "content-type": "application/json"}
        return self.receiver.receive(HttpRequest("POST", path, "", headers, dumps(data), "gateway.test"))

    def request(self, method: str = "GET", path: str = "/", body: bytes = b"", **headers: str) -> Result:
        """Send a plain HTTP request; names of headers with underscores for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.receiver.receive(HttpRequest(method, path, "", named, body, "gateway.test"))

    def deliver_next(self) -> Outcome:
        """Deliver what waits first, as it comes out of its message."""
        message = parse(self.queue.waiting.pop(0).message())
        assert isinstance(message, Delivery)
        return self.deliverer.deliver(message)
