"""Where alarms are told."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

CLOUDWATCH = iam.ServicePrincipal("cloudwatch.amazonaws.com")


class AlarmTopic(Construct):
    """`topic` takes the alarms of this account, and publishes to an e-mail address if there is one.

    Its key is its own: CloudWatch cannot use the one that AWS manages for SNS (https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns).
    """

    def __init__(self, scope: Construct, id: str, *, email: str) -> None:  # noqa: A002
        super().__init__(scope, id)
        self.key = kms.Key(
            self,
            "Key",
            description="Alarms of the event gateway",
            enable_key_rotation=True,
            pending_window=Duration.days(7),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.key.add_to_resource_policy(_alarms_may(["kms:Decrypt", "kms:GenerateDataKey*"], "*"))
        self.topic = sns.Topic(self, "Topic", display_name="Event Gateway", master_key=self.key, enforce_ssl=True)
        self.topic.add_to_resource_policy(_alarms_may(["sns:Publish"], self.topic.topic_arn))
        if email:
            self.topic.add_subscription(EmailSubscription(email))


def _alarms_may(actions: list[str], resource: str) -> iam.PolicyStatement:
    """In a key's policy, the resource * is the key itself."""
    ours = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
    return iam.PolicyStatement(principals=[CLOUDWATCH], actions=actions, resources=[resource], conditions=ours)
