"""The key that opens the Config API."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.acknowledgments import acknowledge

LENGTH = 43  # letters and digits: 256 bits


class OperatorKey(Construct):
    """`secret` is made at random with the stack; nobody has to know it before."""

    def __init__(self, scope: Construct, id: str) -> None:  # noqa: A002
        super().__init__(scope, id)
        self.secret = secretsmanager.Secret(
            self,
            "Secret",
            description="Operator key of the event gateway: Authorization: Bearer <key>",
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=LENGTH, exclude_punctuation=True),
            removal_policy=RemovalPolicy.DESTROY,
        )
        reason = "Those who use the key have to learn the next one before it counts: the operator changes it, not a schedule."
        acknowledge(self.secret, "AwsSolutions-SMG4", reason)
