"""The same world over the real adapters, as the product wires them, and the emulated AWS that fails at the wire."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import boto3

from eventgateway import wiring
from eventgateway.core.dead_letter import DeadLetter, LetterFilter, position
from eventgateway.core.instant import LAST
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.operations.spaces import Spaces
from eventgateway.settings import Settings
from eventgateway.storage.dead_letters import DynamoDeadLetters
from eventgateway.storage.dynamodb import DynamoConfigStore
from local.pump import Pump
from tests.faults.chance import Died
from tests.faults.faulty_aws import FaultyAws, MotoQueue
from tests.faults.flaky import Faults, FlakyFunctions
from tests.faults.world import OneAfterTheOther, Subscribed, World, configuration, pairs_of
from tests.records import MemoryPayloads

SPACES = ("default", "other", "one", "two")  # of all tests


def configure(settings: Settings, subscribed: Subscribed) -> None:
    """Write who subscribes into the emulated table."""
    store = DynamoConfigStore(settings.config_table)
    for changes in configuration(pairs_of(subscribed)).log.values():
        for change in changes:
            store.commit(change)


@dataclass
class Letters:
    """The dead letters that the store tells of, of events with a prefix; read once."""

    table: str
    prefix: str = ""

    @cached_property
    def letters(self) -> list[DeadLetter]:
        made = [letter for space in SPACES for letter in self._of(space)]
        return [each for each in made if each.delivery.event_id.startswith(self.prefix)]

    def _of(self, space: str) -> Iterator[DeadLetter]:
        store, before = DynamoDeadLetters(self.table, MemoryPayloads()), position(LAST)
        while before:
            page = store.page(space, LetterFilter(), before, 1000)
            yield from page.letters
            before = page.before


@dataclass
class Shared:
    """What is built once: the emulator, and the product as it is wired; building clients takes longer than a whole schedule."""

    aws: FaultyAws
    settings: Settings
    subscribed: Subscribed

    def __post_init__(self) -> None:
        configure(self.settings, self.subscribed)
        self.receiver = wiring.events_api(self.settings).receiver
        self.worker = wiring.delivery_worker(self.settings)
        self.sqs = boto3.client("sqs")


@dataclass
class AwsWorld(World):
    """One schedule; its events have ids with a prefix of their own, since the emulator is shared by many."""

    shared: Shared = field(kw_only=True)

    def __post_init__(self) -> None:
        aws, settings = self.shared.aws, self.shared.settings
        self.functions = FlakyFunctions(Faults(self.clock, self.chance), self.invoke)
        self.sqs, self.letters = MotoQueue(aws), Letters(settings.records_table, self.prefix)
        self.pump = Pump(self.shared.sqs, settings.queue_url, self._handler, region=aws.region)
        self.start_router()
        self.start_worker()
        aws.wire.sent.clear()
        aws.wire.clock, aws.wire.chance = self.clock, self.chance

    def start_router(self) -> None:
        ports = {"spaces": self._cold(self.shared.receiver.spaces), "outbound": self.functions, "clock": self.clock}
        self.receiver = replace(self.shared.receiver, **ports)

    def start_worker(self) -> None:
        made = self.shared.worker
        ports = {"spaces": self._cold(made.deliverer.spaces), "outbound": self.functions, "clock": self.clock}
        self.worker = DeliveryWorker(replace(made.deliverer, **ports), made.queue, OneAfterTheOther(self.chance), made.runner)

    def _cold(self, spaces: Spaces) -> Spaces:
        """The routing table of a new instance, in simulated time."""
        return Spaces(spaces.store, spaces.providers, self.clock, spaces.ttl, spaces.max_stale)

    def invoke(self) -> bool:
        """By the pump, one batch at a time; what it does to the queue fails as all else."""
        if self.depth > 1:
            return False
        self.sqs.disturb(self.chance)
        self.depth += 1
        try:
            if batch := self.pump._receive():
                self.pump._deliver(batch)
        except Died:
            self.start_worker()
        finally:
            self.depth -= 1
        return bool(batch)

    def _handler(self, event: dict, context: object) -> object:
        return self.answered(event["Records"])

    def check(self) -> None:
        self.shared.aws.wire.chance = None
        super().check()
        assert all(each.group == each.message.space for each in self.shared.aws.wire.sent), "every message is of the group of its space"
