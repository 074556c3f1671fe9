"""SQS as its documentation describes a standard queue, as a client for `SqsQueue`: at least once, in any order, with faults.

Sources: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html
and https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from eventgateway.core.delivery import MESSAGE_LIMIT
from eventgateway.core.message import Message, parse
from eventgateway.queue import BATCH_MESSAGES, GROUP_LIMIT, LONGEST_DELAY
from tests.faults.chance import Chance, insist
from tests.faults.simulated_time import SimulatedTime

VISIBILITY_SECONDS = 180
MAX_RECEIVES = 1000
IN_FLIGHT_LIMIT = 120_000  # of all groups together
URL = "https://sqs.us-east-1.amazonaws.com/123456789012/deliveries"
REFUSALS = (
    (0.1, ClientError({"Error": {"Code": "RequestThrottled"}}, "Call")),
    (0.1, ClientError({"Error": {"Code": "InternalError"}}, "Call")),
    (0.1, EndpointConnectionError(endpoint_url=URL)),
    (3.0, ConnectTimeoutError(endpoint_url=URL)),
)
FAILED = {"SenderFault": False, "Code": "InternalError"}

Json = dict[str, Any]


@dataclass
class Waiting:
    """A message in the queue; `handles` are all that it was received with."""

    id: str
    body: str
    group: str
    visible_at: float
    sent_at: float
    receives: int = 0
    handles: list[str] = field(default_factory=list)

    def record(self) -> Json:
        """As the delivery function gets it."""
        attributes = {"SentTimestamp": str(int(self.sent_at * 1000)), "ApproximateReceiveCount": str(self.receives)}
        return {"messageId": self.id, "receiptHandle": self.handles[-1], "body": self.body, "attributes": attributes}


@dataclass
class ModelSqs:
    """A queue with its dead-letter queue. `taken` is all that it ever took, in order."""

    clock: SimulatedTime
    chance: Chance
    waiting: dict[str, Waiting] = field(default_factory=dict)
    dead: list[Waiting] = field(default_factory=list)
    taken: list[Message] = field(default_factory=list)
    numbers: count = field(default_factory=count)
    in_flight_limit: int = IN_FLIGHT_LIMIT

    @property
    def in_flight(self) -> list[Waiting]:
        """Messages that were received and are neither deleted nor visible again. One that is delayed was not received yet."""
        return [each for each in self.waiting.values() if each.receives and each.visible_at > self.clock.now]

    def send_message_batch(self, QueueUrl: str, Entries: Sequence[Json]) -> Json:  # noqa: N803 - as in botocore
        insist(0 < len(Entries) <= BATCH_MESSAGES, "a batch has one to ten entries")
        insist(len({each["Id"] for each in Entries}) == len(Entries), "entries have ids of their own")
        insist(sum(len(each["MessageBody"].encode()) for each in Entries) <= MESSAGE_LIMIT, "a batch has at most 1 MiB")
        self._begin()
        failed = [each for each in Entries if self.chance.strikes("part")]
        done = [each for each in Entries if each not in failed]
        for each in done:
            self._take(each)
            if self.chance.strikes("copy"):  # as when the SDK tries again after a lost answer
                self._take(each)
        self._end()
        return {"Successful": [{"Id": each["Id"]} for each in done], "Failed": [FAILED | {"Id": each["Id"]} for each in failed]}

    def change_message_visibility(self, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803
        insist(0 <= VisibilityTimeout <= 12 * 3600, "a message is invisible for at most 12 hours")
        self._begin()
        for each in self.waiting.values():
            if ReceiptHandle in each.handles:
                each.visible_at = self.clock.now + VisibilityTimeout
        self._end()

    def receive(self) -> list[Waiting]:
        """What an event source mapping gets: at most ten messages that are visible, in any order; none while too many are in flight."""
        room = min(BATCH_MESSAGES, self.in_flight_limit - len(self.in_flight))
        visible = [each for each in self.waiting.values() if each.visible_at <= self.clock.now]
        visible = self.chance.shuffled(visible) if self.chance.strikes("shuffle") else visible
        batch = [each for each in visible[: max(0, room)] if not self._is_redriven(each)]
        for each in batch:
            each.receives += 1
            each.handles.append(f"{each.id}/{each.receives}")
            each.visible_at = self.clock.now + (0 if self.chance.strikes("copy") else VISIBILITY_SECONDS)
        return batch

    def delete(self, handles: Sequence[str]) -> None:
        """What an event source mapping does with the messages that succeeded; nobody hears of it where it fails."""
        if self.chance.strikes("lose"):
            return
        for handle in handles:
            if not self.chance.strikes("part"):
                self.waiting.pop(handle.partition("/")[0], None)

    def next_at(self) -> float | None:
        """When a message will be visible, None if there is none."""
        return min((each.visible_at for each in self.waiting.values()), default=None)

    def _is_redriven(self, message: Waiting) -> bool:
        if message.receives < MAX_RECEIVES:
            return False
        self.dead.append(self.waiting.pop(message.id))
        return True

    def _take(self, entry: Json) -> None:
        message, delay, group = parse(entry["MessageBody"]), entry.get("DelaySeconds", 0), entry["MessageGroupId"]
        insist(0 <= delay <= LONGEST_DELAY, "a delay has at most 15 minutes")
        insist(group == message.space[:GROUP_LIMIT], "the group of a message is its space")
        name = str(next(self.numbers))
        self.waiting[name] = Waiting(name, entry["MessageBody"], group, self.clock.now + delay, self.clock.now)
        self.taken.append(message)

    def _begin(self) -> None:
        self.clock.step(self.chance)
        if self.chance.strikes("refuse"):
            seconds, error = self.chance.pick(*REFUSALS)
            self.clock.advance(seconds)
            raise error

    def _end(self) -> None:
        self.clock.step(self.chance)
        if self.chance.strikes("lose"):
            self.clock.advance(9.0)
            raise ReadTimeoutError(endpoint_url=URL)
