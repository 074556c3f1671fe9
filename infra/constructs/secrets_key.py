"""The KMS key of the secrets in functions' configurations."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from constructs import Construct


class SecretsKey(Construct):
    """`key` rotates each year; what it encrypted before stays readable."""

    def __init__(self, scope: Construct, id: str, *, keeps_data: bool) -> None:  # noqa: A002
        super().__init__(scope, id)
        self.key = kms.Key(
            self,
            "Key",
            description="Secrets of functions in the event gateway",
            enable_key_rotation=True,
            pending_window=Duration.days(30 if keeps_data else 7),
            removal_policy=RemovalPolicy.RETAIN if keeps_data else RemovalPolicy.DESTROY,
        )
