"""The bucket of events that are too large for queue or table."""

from typing import cast

from aws_cdk import CfnResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.acknowledgments import acknowledge
from infra.constructs.log_group import log_group

EMPTYING = "Custom::S3AutoDeleteObjectsCustomResourceProvider"  # the CDK's own function, one a stack
KEPT = Duration.days(30)  # longer than any delivery may wait, see docs/delivery.md


class PayloadBucket(Construct):
    """`bucket` drops every object after 30 days, and takes no request without TLS."""

    def __init__(self, scope: Construct, id: str, *, keeps_data: bool, log_days: int) -> None:  # noqa: A002
        super().__init__(scope, id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=[s3.LifecycleRule(id="Drop", expiration=KEPT, abort_incomplete_multipart_upload_after=Duration.days(1))],
            removal_policy=RemovalPolicy.RETAIN if keeps_data else RemovalPolicy.DESTROY,
            auto_delete_objects=not keeps_data,
        )
        reason = "Only the gateway's functions use it; a log of every access would be one more bucket to keep and to pay for."
        acknowledge(self.bucket, "AwsSolutions-S1", reason)
        if not keeps_data:
            self._log_emptying(log_days)

    def _log_emptying(self, days: int) -> None:
        """What empties the bucket before its end logs into a group of the stack: one that Lambda makes would outlive it."""
        function = cast("CfnResource", Stack.of(self).node.find_child(EMPTYING).node.find_child("Handler"))
        function.add_property_override("LoggingConfig.LogGroup", log_group(self, days).log_group_name)
