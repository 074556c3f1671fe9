"""The queue of async deliveries, and behind it the one for messages that no worker could handle."""

from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_sqs as sqs
from constructs import Construct

RETENTION = Duration.days(14)
TIMEOUTS = (
    6  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html: visibility is at least six times the function's timeout
)
RECEIVES = 1000  # the most that SQS allows: early messages and those of suspended spaces come often, and are no failures


class DeliveryQueue(Construct):
    """`queue` is fair by the message groups that the gateway sets. What ends in `poison` is no dead letter of the gateway."""

    def __init__(self, scope: Construct, id: str, *, worker_timeout: Duration, keeps_data: bool) -> None:  # noqa: A002
        super().__init__(scope, id)
        removal = RemovalPolicy.RETAIN if keeps_data else RemovalPolicy.DESTROY
        safe: dict[str, Any] = {
            "retention_period": RETENTION,
            "encryption": sqs.QueueEncryption.SQS_MANAGED,
            "enforce_ssl": True,
            "removal_policy": removal,
        }
        self.poison = sqs.Queue(self, "Poison", **safe)
        self.queue = sqs.Queue(
            self,
            "Queue",
            visibility_timeout=Duration.seconds(TIMEOUTS * worker_timeout.to_seconds()),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.poison, max_receive_count=RECEIVES),
            **safe,
        )
