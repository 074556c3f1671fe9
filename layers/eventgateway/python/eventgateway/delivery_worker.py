"""Batches of SQS records: each is handled on its own, several at a time; what failed is named and comes again."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from eventgateway.core.delivery import Delivery
from eventgateway.core.fan_out import FanOut
from eventgateway.core.message import Message, parse
from eventgateway.core.redrive import RedriveSlice
from eventgateway.operations.deadline import Deadline
from eventgateway.operations.deliver import Deliverer
from eventgateway.operations.redrive import RedriveRunner
from eventgateway.queue import SqsQueue

log = logging.getLogger(__name__)

Json = dict[str, Any]
AFTERWARDS = 8.0  # seconds: what must follow a call, the copy in the queue or the dead letter
LEAST_SECONDS = 2.0  # a call that would have less time is left to another invocation


@dataclass(frozen=True, slots=True)
class DeliveryWorker:
    """One warm instance of the delivery function."""

    deliverer: Deliverer
    queue: SqsQueue
    pool: ThreadPoolExecutor
    runner: RedriveRunner

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
        try:
            message = parse(record["body"])
            if wait := self._wait(message, deadline):
                self.queue.postpone(record["receiptHandle"], wait)
                return False
            self._handle(message, deadline)
        except Exception:
            log.exception("record failed, it will come again", extra={"messageId": record.get("messageId")})
            return False
        return True

    def _handle(self, message: Message, deadline: Deadline) -> None:
        if isinstance(message, FanOut):
            self.deliverer.split(message)
        elif isinstance(message, RedriveSlice):
            self.runner.run(message, deadline)
        else:
            self.deliverer.deliver(message, deadline.remaining())

    def _wait(self, message: Message, deadline: Deadline) -> float:
        """Seconds until a message may be handled: it is not due yet, or this invocation has too little time left. 0 for now."""
        early = self.deliverer.early_by(message) if isinstance(message, Delivery) else 0.0
        return early or (1.0 if deadline.remaining() < LEAST_SECONDS else 0.0)
