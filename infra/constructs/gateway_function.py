"""A Lambda function of the gateway: its role, its log group and, with SnapStart, the version that is called."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from eventgateway.settings import LogLevel
from infra.acknowledgments import acknowledge
from infra.assets import code
from infra.constructs.log_group import log_group
from infra.parameters import Parameters

LEVELS = {
    LogLevel.DEBUG: lambda_.ApplicationLogLevel.DEBUG,
    LogLevel.INFO: lambda_.ApplicationLogLevel.INFO,
    LogLevel.WARN: lambda_.ApplicationLogLevel.WARN,
    LogLevel.ERROR: lambda_.ApplicationLogLevel.ERROR,
}
DESCRIPTIONS = {
    "router": "Events API: receives events and routes them",
    "config": "Config API: event types, functions, subscriptions, CORS rules, dead letters",
    "delivery": "Worker: delivers queued events, retries, dead letters",
    "dashboard": "Dashboard: pages for people",
}


class GatewayFunction(Construct):
    """`function` is what is configured and granted to, `called` what is invoked: an alias with SnapStart, else the function itself.

    `memory` is in MB.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        folder: str,
        environment: Mapping[str, str],
        layers: Sequence[lambda_.ILayerVersion],
        timeout: Duration,
        memory: int,
        parameters: Parameters,
        reserved_concurrency: int | None = None,
        snap_start: bool = False,
    ) -> None:
        super().__init__(scope, id)
        self.memory, description = memory, DESCRIPTIONS[folder]
        self.role = self._role(description, tracing=parameters.tracing)
        self.logs = log_group(self, parameters.log_retention)
        self.logs.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            description=description,
            code=code(f"functions/{folder}"),
            handler="handler.handler",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            role=self.role,
            layers=list(layers),
            environment=dict(environment),
            timeout=timeout,
            memory_size=memory,
            reserved_concurrent_executions=reserved_concurrency,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snap_start else None,
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.DESTROY) if snap_start else None,
            **self._told(parameters),
        )
        acknowledge(self.function, "AwsSolutions-L1", "The packages of the layer are built for the runtime that all tests run on.")
        self.called: lambda_.IFunction = self._alias() if snap_start else self.function

    def _role(self, description: str, *, tracing: bool) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"), description=description)
        if tracing:
            # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
            acknowledge(role, "AwsSolutions-IAM5[Resource::*]", "X-Ray has no resources that a policy could name.")
        return role

    def _told(self, parameters: Parameters) -> dict[str, Any]:
        """What the function tells of itself, and where."""
        return {
            "tracing": lambda_.Tracing.ACTIVE if parameters.tracing else lambda_.Tracing.DISABLED,
            "log_group": self.logs,
            "logging_format": lambda_.LoggingFormat.JSON,
            "system_log_level_v2": lambda_.SystemLogLevel.WARN,
            "application_log_level_v2": LEVELS[parameters.log_level],
        }

    def _alias(self) -> lambda_.Alias:
        """The newest version; the one before is deleted when an update is done."""
        acknowledge(self.function, "Annotation::@aws-cdk/aws-lambda:snapStartRequirePublish", "The alias has it published.")
        return lambda_.Alias(self, "Live", alias_name="live", version=self.function.current_version)
