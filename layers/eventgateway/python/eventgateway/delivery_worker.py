"""Batches of SQS records: each is delivered on its own, several at a time; what failed is named and comes again."""

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from eventgateway.core.delivery import Delivery
from eventgateway.core.trace import trace
from eventgateway.operations.deliver import Deliverer
from eventgateway.queue import SqsQueue

log = logging.getLogger(__name__)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeliveryWorker:
    """One warm instance of the delivery function."""

    deliverer: Deliverer
    queue: SqsQueue
    pool: ThreadPoolExecutor

    def handle(self, event: Json) -> Json:
        """Answer a batch as `ReportBatchItemFailures` wants it
        (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html)."""
        records = event["Records"]
        done = list(self.pool.map(self._is_done, records))
        self.deliverer.usage.flush()
        failed = [record["messageId"] for record, is_done in zip(records, done, strict=True) if not is_done]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def expire(self) -> None:
        """Look at the configuration before the next delivery."""
        self.deliverer.spaces.expire()

    def _is_done(self, record: Json) -> bool:
        """Whether the record may be acknowledged: delivered, copied for a later attempt, or kept as a dead letter."""
        try:
            delivery = Delivery.parse(record["body"])
            if early := self.deliverer.early_by(delivery):
                self.queue.postpone(record["receiptHandle"], early)
                return False
            self.deliverer.deliver(delivery)
        except Exception as error:  # noqa: BLE001 - the outermost handler of a record
            log.error("record failed, it will come again", extra={"messageId": record.get("messageId"), **trace(error)})  # noqa: TRY400
            return False
        return True
