"""What alarms and console look at."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.constructs.delivery_queue import DeliveryQueue
from infra.constructs.endpoint import Endpoint
from infra.constructs.gateway_function import GatewayFunction
from infra.constructs.tables import Tables


@dataclass(frozen=True, slots=True)
class Watched:
    """Functions and endpoints by the names that people know them by; `worker` and `events` are the names of two of them.

    `worker_limit` is the most instances of the worker at a time, `account_limit` those of all functions in the account and region.
    """

    functions: Mapping[str, GatewayFunction]
    endpoints: Mapping[str, Endpoint]
    tables: Tables
    deliveries: DeliveryQueue
    worker: str
    events: str
    worker_limit: int
    account_limit: int
