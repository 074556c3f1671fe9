"""A whole gateway over a model of SQS and fakes of all else, in simulated time; and what must hold when it has come to rest."""

from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from eventgateway import providers
from eventgateway.core.delivery import Delivery
from eventgateway.core.errors import GatewayError
from eventgateway.core.fan_out import FanOut
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.json import JsonObject, dumps
from eventgateway.core.retry import DEFAULT_RETRY
from eventgateway.core.subscription import Subscription
from eventgateway.delivery_worker import AFTERWARDS, DeliveryWorker
from eventgateway.operations.deliver import OUTCOME_UNKNOWN, Deliverer
from eventgateway.operations.outbox import Outbox
from eventgateway.operations.receive import Receiver
from eventgateway.operations.redrive import Redriver, RedriveRunner
from eventgateway.operations.spaces import Spaces
from eventgateway.queue import SqsQueue
from local.pump import MalformedAnswer, failures
from tests.fakes import Gateway
from tests.faults.chance import Chance, Died
from tests.faults.flaky import Faults, FlakyAttempts, FlakyDeadLetters, FlakyFunctions, FlakyPayloads, FlakyStore
from tests.faults.model_sqs import URL, Json, ModelSqs, Waiting
from tests.faults.simulated_time import SimulatedTime
from tests.memory import MemoryStore
from tests.records import MemoryClaims, MemoryRedrives

FUNCTION_SECONDS = 180.0
MOST_INVOCATIONS = 20_000
NONSENSE = ("text", [1], {"nonsense": 1}, {"batchItemFailures": [{"itemIdentifier": "unknown"}]}, {"batchItemFailures": [{"id": ""}]})

Outcome = tuple[str, str]  # event id, function id


@dataclass(frozen=True)
class Subscribed:
    """Who subscribes to events `u`: functions and the most attempts each gets, by space."""

    spaces: dict[str, dict[str, int]]

    @property
    def functions(self) -> dict[str, int]:
        """All functions, which are named differently in all spaces, and the most attempts."""
        return {function: attempts for functions in self.spaces.values() for function, attempts in functions.items()}


FEW = Subscribed({"default": {"a": 8, "b": 3, "once": 1}, "other": {"c": 8}})
MANY = Subscribed({"default": {f"f{number}": (3, 2, 1)[number % 3] for number in range(60)}, "other": {"c": 2}})
THOUSAND = Subscribed({"default": {f"f{number}": (2, 1)[number % 2] for number in range(1000)}})


class OneAfterTheOther:
    """In place of a pool of threads: the records of a batch in any order, so that a schedule is repeatable."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance

    def map(self, function: Any, things: list[Any]) -> list[Any]:
        order = self._chance.shuffled(list(range(len(things))))
        done = {place: function(things[place]) for place in order}
        return [done[place] for place in range(len(things))]


@dataclass
class World:
    """Emits events and runs invocations until nothing is left. `copies`: the worker keeps what waits as in hosted mode."""

    subscribed: Subscribed
    chance: Chance
    clock: SimulatedTime = field(default_factory=SimulatedTime)
    accepted: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    depth: int = 0
    prefix: str = ""
    copies: bool = False

    def __post_init__(self) -> None:
        faults = Faults(self.clock, self.chance)
        self.sqs = ModelSqs(self.clock, self.chance)
        self.queue = SqsQueue(URL, self.sqs)
        self.store = FlakyStore(log=configuration(pairs_of(self.subscribed)).log, faults=faults)
        self.letters, self.attempts = FlakyDeadLetters(self.clock, faults=faults), FlakyAttempts(faults=faults)
        self.outbox = Outbox(self.queue, FlakyPayloads(faults=faults))
        self.functions = FlakyFunctions(faults, self.invoke)
        self.start_router()
        self.start_worker()

    def start_router(self) -> None:
        """A cold one."""
        self.receiver = Receiver(self._spaces(), self.outbox, self.functions, self.clock, MemoryClaims())

    def start_worker(self) -> None:
        """A cold one."""
        ports = (self.letters, self.attempts, self.functions, self.clock)
        spaces = self._spaces()
        runner = RedriveRunner(Redriver(spaces, self.letters, self.outbox, self.clock), MemoryRedrives(self.clock))
        deliverer = Deliverer(spaces, self.outbox, *ports, delivery_seconds=28.0)
        self.worker = DeliveryWorker(deliverer, self.queue, OneAfterTheOther(self.chance), runner, copies=self.copies)

    def _spaces(self) -> Spaces:
        return Spaces(self.store, REGISTRY, self.clock, max_stale=0.0)

    def emit(self, identifier: str, data: object) -> bool:
        """Send an event to the router, which may die over it; whether it was accepted."""
        document = {"eventType": "u", "cloudEventsVersion": "0.1", "source": "/s", "eventID": identifier, "data": data}
        body = dumps(document)
        self.functions.bodies[identifier] = body
        request = HttpRequest("POST", "/", "", {"content-type": "application/cloudevents+json"}, body, "gateway.test")
        try:
            with self.clock.invocation(30.0):
                result = self.receiver.receive(request)
        except GatewayError:
            self.refused.append(identifier)
        except Died:
            self.refused.append(identifier)
            self.start_router()
        else:
            assert result.status == 202
            self.accepted.append(identifier)
        return identifier in self.accepted

    def invoke(self) -> bool:
        """One invocation of the worker as Lambda makes it; whether there was something to do."""
        if self.depth > 1 or not (batch := self.sqs.receive()):
            return False
        self.depth += 1
        try:
            self.sqs.delete(self._succeeded(batch))
        except (Died, MalformedAnswer):
            self.start_worker()
        finally:
            self.depth -= 1
        return True

    def answered(self, records: list[Json]) -> object:
        """What an invocation answers to a batch."""
        seconds = self.chance.pick(0.0, AFTERWARDS, AFTERWARDS + 1, AFTERWARDS + 5) if self.chance.strikes("hurry") else FUNCTION_SECONDS
        with self.clock.invocation(seconds):
            answer = self.worker.handle({"Records": records}, seconds)
        return self.chance.pick(*NONSENSE) if self.chance.strikes("garble") else answer

    def _succeeded(self, batch: list[Waiting]) -> list[str]:
        records = list(map(Waiting.record, batch))
        failed = failures(self.answered(records), records)
        return [record["receiptHandle"] for record in records if record["messageId"] not in failed]

    def rest(self) -> None:
        """Run until the queue is empty."""
        for _ in range(MOST_INVOCATIONS):
            if (at := self.sqs.next_at()) is None:
                return
            self.clock.now = max(self.clock.now, at)
            self.invoke()
        raise AssertionError(f"after {MOST_INVOCATIONS} invocations {len(self.sqs.waiting)} messages are left")

    @property
    def expected(self) -> set[Outcome]:
        """All that must end somewhere."""
        return {(event, function) for event in self.accepted for function in self.subscribed.functions}

    @property
    def delivered(self) -> set[Outcome]:
        """All that the gateway knows to be delivered."""
        return {(call.event, call.function) for call in self.functions.calls if call.is_success}

    @property
    def dead(self) -> set[Outcome]:
        """All that ended as a dead letter."""
        return {(letter.delivery.event_id, letter.delivery.function_id) for letter in self.letters.letters}

    @property
    def taken(self) -> list[Delivery]:
        """All deliveries that the queue ever took, those of fan-outs among them."""
        return [one for each in self.sqs.taken for one in (each.deliveries if isinstance(each, FanOut) else [each])]

    def check(self) -> None:
        """Assert what holds after every schedule."""
        delivered, dead, expected = self.delivered, self.dead, self.expected
        assert self.sqs.dead == [], "nothing of ours is poison"
        assert expected <= delivered | dead, "an accepted event has an outcome for every subscriber"
        both = delivered & dead & expected
        assert len(self.accepted) * len(self.subscribed.functions) == len(delivered & expected) + len(dead & expected) - len(both)
        known = {(each.event_id, each.function_id) for each in self.taken}
        assert delivered | dead <= known, "nothing ends that the queue never took"
        assert {event for event, _ in known} <= {*self.accepted, *self.refused}
        self._check_identity()
        self._check_attempts()
        self._check_once()

    def _check_identity(self) -> None:
        """Whatever happens on its way, the delivery of an event to a function has one id, and no other has it."""
        seen = {(each.event_id, each.function_id, each.id) for each in self.taken}
        seen |= {(call.event, call.function, call.delivery) for call in self.functions.calls}
        seen |= {(each.delivery.event_id, each.delivery.function_id, each.delivery.id) for each in self.letters.letters}
        assert len(seen) == len({(event, function) for event, function, _ in seen}) == len({identifier for *_, identifier in seen})

    def _check_attempts(self) -> None:
        """No chain of copies has more attempts than its policy, each copy waits long enough, and all of it is told in dead letters."""
        limits, step = self.subscribed.functions, DEFAULT_RETRY.waits[0]
        for each in self.taken:
            assert each.attempt <= limits[each.function_id]
            if each.failures:
                last = each.failures[-1].at
                assert each.not_before > last - 0.001 + max(step, self.functions.asked.get((each.id, last), 0.0))
        for letter in self.letters.letters:
            assert len(letter.delivery.failures) <= limits[letter.delivery.function_id]
            assert letter.reason

    def _check_once(self) -> None:
        """Where there is one attempt, there is one call; a dead letter says so if nobody knows its outcome."""
        calls = Counter((call.event, call.function) for call in self.functions.calls)
        assert all(count == 1 for (_, function), count in calls.items() if self.subscribed.functions[function] == 1)
        unknown = [each.delivery.function_id for each in self.letters.letters if each.reason == OUTCOME_UNKNOWN]
        assert all(self.subscribed.functions[function] == 1 for function in unknown)


REGISTRY = providers.load()


@cache
def configuration(pairs: tuple[tuple[str, str, int], ...]) -> MemoryStore:
    """The configuration in which functions of spaces subscribe with the most attempts they want; made once."""
    gateway = Gateway()
    for space in {space: None for space, _, _ in pairs}:
        gateway.event_type("u", space=space)
    for space, function, attempts in pairs:
        gateway.function(function, space)
        document: JsonObject = {"type": "async", "eventType": "u", "functionId": function, "path": "/", "method": "POST"}
        gateway.create(Subscription.kind, document | ({} if attempts == 8 else {"retry": {"maxAttempts": attempts}}), space)
    return gateway.store


def pairs_of(subscribed: Subscribed) -> tuple[tuple[str, str, int], ...]:
    """Spaces, functions and the most attempts, as a key."""
    return tuple((space, function, attempts) for space, functions in subscribed.spaces.items() for function, attempts in functions.items())
