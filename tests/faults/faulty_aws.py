"""AWS that fails by chance at the wire, below the SDK and its retries: the emulator behind botocore's `before-send`."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass, field
from json import dumps
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import botocore.endpoint
import moto.sqs.models
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError

import local.moto_queues
import local.waiting
from eventgateway.core.message import Message, parse
from local.emulator import Emulator
from local.resources import DEAD_LETTER_QUEUE, QUEUE
from local.waiting import WaitingMessages
from local.wire import SEND_MESSAGE, Answer, Call
from tests.faults.chance import Chance
from tests.faults.model_sqs import FAILED
from tests.faults.simulated_time import SimulatedTime

BATCHES = {"AmazonSQS.SendMessageBatch", "AmazonSQS.DeleteMessageBatch"}
THROTTLED = {"AmazonSQS": "com.amazonaws.sqs#RequestThrottled", "DynamoDB_20120810": "dynamodb#ProvisionedThroughputExceededException"}
SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
BROKEN = Answer(500, {}, b"")
HTML = Answer(503, {"content-type": "text/html"}, b"<html>Sorry</html>")


@dataclass
class Sent:
    """An entry that the queue took, and the group it came with."""

    message: Message
    group: str


@dataclass
class Wire:
    """What the emulator's calls meet on their way: calm until there is a `chance`."""

    chance: Chance | None = None
    clock: SimulatedTime = field(default_factory=SimulatedTime)
    sent: list[Sent] = field(default_factory=list)
    operations: set[str] = field(default_factory=set)  # those that something happened to


class FaultyAws(Emulator):
    """Each attempt of the SDK may be refused, may be done without an answer, or in part; the process may end before and behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.wire = Wire()

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        request = copy(request)  # the emulator reads its body; the SDK rewinds its own when it tries again
        call, chance = Call.of(request), self.wire.chance
        request.body = call.body
        if chance is None:
            return self._noted(call, super().__call__(request))
        self.wire.clock.step(chance)
        if chance.strikes("refuse"):
            self._note(call)
            return self._refused(call, chance)
        if call.target in BATCHES and chance.strikes("part"):
            self._note(call)
            return self._partly(call, chance)
        response = self._noted(call, super().__call__(request))
        self.wire.clock.step(chance)
        if chance.strikes("lose"):
            self._note(call)
            self.wire.clock.advance(3.0)
            raise chance.pick(ReadTimeoutError(endpoint_url=call.url), ConnectionClosedError(endpoint_url=call.url))
        return response

    def _refused(self, call: Call, chance: Chance) -> AWSResponse:
        service = call.target.partition(".")[0]
        slow = Answer(400, {}, dumps({"__type": THROTTLED[service]}).encode()) if service else Answer(503, {}, SLOW_DOWN)
        answer = chance.pick(slow, BROKEN, HTML, None)
        if answer is None:
            self.wire.clock.advance(1.0)
            raise ConnectTimeoutError(endpoint_url=call.url)
        return answer.response(call.url)

    def _partly(self, call: Call, chance: Chance) -> AWSResponse:
        """A batch of which AWS does a part, and says which."""
        entries = call.parameters()["Entries"]
        failed = [each for each in entries if chance.pick(True, False)]
        done = [each for each in entries if each not in failed]
        result: dict[str, Any] = {}
        if done:
            part = call.but(Entries=done)
            result = Answer(200, {}, self._noted(part, super().__call__(part.request())).content).result()
        result["Failed"] = [FAILED | {"Id": each["Id"]} for each in failed]
        return Answer(200, {"content-type": "application/x-amz-json-1.0"}, dumps({"Successful": []} | result).encode()).response(call.url)

    def _noted(self, call: Call, response: AWSResponse) -> AWSResponse:
        """Remember what the delivery queue took."""
        if call.target in SEND_MESSAGE and response.status_code == 200:
            parameters = call.parameters()
            if parameters["QueueUrl"].endswith(f"/{QUEUE}"):
                entries = parameters.get("Entries", [parameters])
                self.wire.sent += [Sent(parse(each["MessageBody"]), each["MessageGroupId"]) for each in entries]
        return response

    def _note(self, call: Call) -> None:
        self.wire.operations.add(call.target.partition(".")[2] or f"S3 {call.method}")


@dataclass
class MotoQueue:
    """The delivery queue as the world's other queues are seen."""

    aws: FaultyAws

    @property
    def waiting(self) -> list[Any]:
        return list(self.aws.queue(QUEUE).waiting)

    @property
    def dead(self) -> list[Any]:
        return list(self.aws.queue(DEAD_LETTER_QUEUE).waiting)

    @property
    def taken(self) -> list[Message]:
        return [each.message for each in self.aws.wire.sent]

    def next_at(self) -> float | None:
        """When a message will be visible, None if there is none; moto wants a moment more."""
        return min((max(each.visible_at, each.delayed_until) / 1000 + 0.002 for each in self.waiting), default=None)

    def disturb(self, chance: Chance) -> None:
        """What standard queues do: hand out what is being handled already, and in any order."""
        kept = self.aws.queue(QUEUE).waiting
        if chance.strikes("copy"):
            make_visible(kept)
        if chance.strikes("shuffle"):
            kept._ready = {each.id: each for each in chance.shuffled(kept.ready())}


def make_visible(kept: WaitingMessages) -> None:
    """Let all messages be received at once."""
    for message in kept:
        message.visible_at = message.delayed_until = 0.0
        kept.place(message)


@contextmanager
def in_time_of(clock: SimulatedTime) -> Iterator[None]:
    """Let moto's queues and the SDK's pauses go by a simulated clock."""
    with ExitStack() as stack:
        for module in (moto.sqs.models, local.moto_queues):
            stack.enter_context(patch.object(module, "unix_time", clock.time))
        for module in (moto.sqs.models, local.waiting):
            stack.enter_context(patch.object(module, "unix_time_millis", lambda: clock.now * 1000))
        stack.enter_context(patch.object(botocore.endpoint, "time", SimpleNamespace(sleep=clock.advance)))
        yield
