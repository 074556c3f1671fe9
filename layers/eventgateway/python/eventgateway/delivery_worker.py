"""Batches of SQS records: each is handled on its own, several at a time; what failed is named and comes again."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import time
from typing import Any

from eventgateway.core.delivery import Delivery
from eventgateway.core.erasure import ErasureSlice
from eventgateway.core.errors import GatewayError, Unavailable, UnknownSpace
from eventgateway.core.fan_out import FanOut
from eventgateway.core.message import Message, parse
from eventgateway.core.redrive import RedriveSlice
from eventgateway.core.trace import trace
from eventgateway.operations.deadline import Deadline
from eventgateway.operations.deliver import LEAST_SECONDS, Deliverer
from eventgateway.operations.erase import ErasureRunner
from eventgateway.operations.redrive import RedriveRunner
from eventgateway.queue import SqsQueue

log = logging.getLogger(__name__)

Json = dict[str, Any]
AFTERWARDS = 8.0  # seconds: what must follow a call, the copy in the queue or the dead letter
MOST_RECEIVES = 500  # the queue's own limit, behind which nobody can redrive a message, is 1,000
NO_ATTEMPT = f"it could not be attempted, {MOST_RECEIVES} times"
RENEWAL_AGE = 7 * 86400.0  # seconds
RENEWAL_RECEIVES = MOST_RECEIVES // 2


@dataclass(frozen=True, slots=True)
class DeliveryWorker:
    """One warm instance of the delivery function. With `copies` what has to wait is never in flight, of which a queue has a limit."""

    deliverer: Deliverer
    queue: SqsQueue
    pool: ThreadPoolExecutor
    runner: RedriveRunner
    copies: bool = False
    erasures: ErasureRunner | None = None  # in hosted mode

    def handle(self, event: Json, seconds: float) -> Json:
        """Answer a batch, within some seconds, as `ReportBatchItemFailures` wants it
        (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html)."""
        records, deadline = event["Records"], Deadline.after(seconds - AFTERWARDS)
        done = list(self.pool.map(lambda record: self._is_done(record, deadline), records))
        self.deliverer.usage.flush()
        failed = [record["messageId"] for record, is_done in zip(records, done, strict=True) if not is_done]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def expire(self) -> None:
        """Look at the configuration before the next delivery."""
        self.deliverer.spaces.expire()

    def _is_done(self, record: Json, deadline: Deadline) -> bool:
        """Whether the record may be acknowledged: delivered, copied for a later attempt, split, done, or kept as a dead letter."""
        message: Message | None = None
        try:
            message = parse(record["body"])
            if deadline.remaining() < LEAST_SECONDS:
                self.queue.postpone(record["receiptHandle"], 1.0)
                return False
            if wait := self._wait(message):
                return self._wait_further(message, wait, record)
            self._handle(message, deadline)
        except Exception as error:  # noqa: BLE001 - the outermost handler of a record
            log.error("record failed, it will come again", extra={"messageId": record.get("messageId"), **trace(error)})  # noqa: TRY400
            return isinstance(message, Delivery) and self._is_given_up(message, record)
        return True

    def _is_given_up(self, delivery: Delivery, record: Json) -> bool:
        """Whether a delivery that fails again and again, without an attempt, is safe as a dead letter: no queue keeps it for ever."""
        if int(record["attributes"]["ApproximateReceiveCount"]) < MOST_RECEIVES:
            return False
        try:
            self.deliverer.bury(delivery, NO_ATTEMPT)
        except UnknownSpace:
            self.deliverer.drop(delivery)
        except GatewayError:
            return False
        return True

    def _wait_further(self, message: Message, wait: float, record: Json) -> bool:
        """Keep a message in the queue for some seconds. A copy is confirmed before the message may be acknowledged."""
        if self.copies or _is_worn(record):
            self.queue.send_later(message, wait)
            return True
        self.queue.postpone(record["receiptHandle"], wait)
        return False

    def _handle(self, message: Message, deadline: Deadline) -> None:
        try:
            if isinstance(message, FanOut):
                self.deliverer.split(message, deadline)
            elif isinstance(message, RedriveSlice):
                self.runner.run(message, deadline)
            elif isinstance(message, ErasureSlice):
                self._erase(message, deadline)
            else:
                self.deliverer.deliver(message, deadline)
        except UnknownSpace:
            self.deliverer.drop(message, len(message.deliveries) if isinstance(message, FanOut) else 1)

    def _erase(self, message: ErasureSlice, deadline: Deadline) -> None:
        if self.erasures is None:
            raise Unavailable("Nothing is deleted in standalone mode.")
        self.erasures.run(message, deadline)

    def _wait(self, message: Message) -> float:
        """Seconds until a message may be handled, 0 for now."""
        if isinstance(message, ErasureSlice):
            return max(0.0, self.erasures.wait(message)) if self.erasures else 0.0
        return 0.0 if isinstance(message, RedriveSlice) else self.deliverer.wait(message)


def _is_worn(record: Json) -> bool:
    """Whether the queue will soon let go of a message: of what is 14 days old, and of what was received a thousand times."""
    attributes = record["attributes"]
    age = time() - int(attributes["SentTimestamp"]) / 1000
    return age > RENEWAL_AGE or int(attributes["ApproximateReceiveCount"]) > RENEWAL_RECEIVES
