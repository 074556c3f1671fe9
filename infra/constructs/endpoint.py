"""One HTTP API before one function: a single `$default` route, so that the gateway alone decides what a path means."""

import json
from typing import cast

from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.acknowledgments import acknowledge
from infra.constructs.log_group import log_group

ANY = "events"  # one of the names that `*.domain` stands for
SPACE = "<tenant>-<app>"  # what it stands for in hosted mode
BURST_SHARE = 0.5  # of the requests of a second
ACCESS = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "host": "$context.domainName",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "integrationMilliseconds": "$context.integrationLatency",
    "error": "$context.integrationErrorMessage",
    "ip": "$context.identity.sourceIp",
}  # neither query nor headers: they may hold secrets


class Endpoint(Construct):
    """`api` and its `stage`; `url` is what the function is reached at. CORS is answered by the function, not here.

    `serves_spaces` is for hosted mode: each name below the domain is a space, and API Gateway's own URL serves them all.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        function: lambda_.IFunction,
        requests_per_second: int,
        host: str,
        access_log_days: int | None,
        serves_spaces: bool = False,
    ) -> None:
        super().__init__(scope, id)
        self.api = apigateway.HttpApi(
            self,
            "Api",
            api_name=self.node.path.replace("/", "-"),
            create_default_stage=False,
            default_integration=HttpLambdaIntegration("Function", function),
            disable_execute_api_endpoint=bool(host) and not serves_spaces,
        )
        self.stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(rate_limit=requests_per_second, burst_limit=int(requests_per_second * BURST_SHARE)),
        )
        reason = "Who may do what is decided by the gateway: an event by its authorizer function, configuration by a key."
        acknowledge(self.api, "AwsSolutions-APIG4", reason)
        self._log_access(access_log_days)
        name = host.replace("*", SPACE if serves_spaces else ANY)
        self.url = f"https://{name}" if host else self.api.api_endpoint

    def _log_access(self, days: int | None) -> None:
        if days is None:
            reason = "Whoever wants them sets access_log: they cost as well, and hold the addresses of people."
            acknowledge(self.stage, "AwsSolutions-APIG1", reason)
            return
        settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group(self, days).log_group_arn, format=json.dumps(ACCESS)
        )
        cast("apigateway.CfnStage", self.stage.node.default_child).access_log_settings = settings
