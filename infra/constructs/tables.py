"""The two DynamoDB tables: configuration (small, transactional) and records (growing, each row with an end)."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

STRING = dynamodb.AttributeType.STRING


class Tables(Construct):
    """`config` and `records`, both with the keys of docs/architecture.md."""

    def __init__(self, scope: Construct, id: str, *, keeps_data: bool) -> None:  # noqa: A002 - as in every construct
        super().__init__(scope, id)
        self.config = _table(self, "Config", keeps_data=keeps_data)
        self.records = _table(self, "Records", keeps_data=keeps_data)


def _table(scope: Construct, id: str, *, keeps_data: bool) -> dynamodb.Table:  # noqa: A002
    return dynamodb.Table(
        scope,
        id,
        partition_key=dynamodb.Attribute(name="pk", type=STRING),
        sort_key=dynamodb.Attribute(name="sk", type=STRING),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True),
        time_to_live_attribute="ttl",
        deletion_protection=keeps_data,
        removal_policy=RemovalPolicy.RETAIN if keeps_data else RemovalPolicy.DESTROY,
    )
