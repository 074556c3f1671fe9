"""Lambda handler of async deliveries: a batch of SQS records in, the records that must come again out."""

import os
from functools import lru_cache
from typing import Any

from eventgateway import lifecycle, snapstart, wiring
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.settings import Settings


@lru_cache(maxsize=1)
def worker() -> DeliveryWorker:
    """Built with the first batch and kept in the warm instance."""
    return wiring.delivery_worker(Settings.from_env(os.environ))


snapstart.prepare(worker, lambda built: built.deliverer.spaces.try_out())


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own class
    """Deliver one batch; the answer names the records that failed (`ReportBatchItemFailures`)."""
    answer = worker().handle(event, context.get_remaining_time_in_millis() / 1000)
    if worker().deliverer.plugins.is_stuck:
        lifecycle.end(answer, context)
    return answer
