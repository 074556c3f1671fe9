"""Logs that end."""

from typing import cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct


def log_group(scope: Construct, days: int) -> logs.LogGroup:
    """A log group that keeps its lines for some days and goes with the stack."""
    group = logs.LogGroup(scope, "Logs", removal_policy=RemovalPolicy.DESTROY)
    cast("logs.CfnLogGroup", group.node.default_child).retention_in_days = days
    return group
