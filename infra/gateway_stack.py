"""The stack: what belongs together, and who may do what."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from eventgateway.settings import DashboardSettings, Settings, Variables, WebAddress
from infra import permissions
from infra.assets import code
from infra.constructs.alarms import Alarms
from infra.constructs.console import Console
from infra.constructs.delivery_queue import DeliveryQueue
from infra.constructs.endpoint import Endpoint
from infra.constructs.gateway_function import GatewayFunction
from infra.constructs.identity import Identity
from infra.constructs.names import Names
from infra.constructs.operator_key import OperatorKey
from infra.constructs.payload_bucket import PayloadBucket
from infra.constructs.secrets_key import SecretsKey
from infra.constructs.tables import Tables
from infra.constructs.watched import Watched
from infra.parameters import Parameters

REQUEST_TIMEOUT = Duration.seconds(30)  # of API Gateway, https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
WORKER_TIMEOUT = Duration.seconds(30)
BATCH = 10  # messages; the worker handles them at the same time
MEMORY = 512  # MB
SMALL = 256  # MB
EVENTS_PER_SECOND, CONFIG_PER_SECOND, PAGES_PER_SECOND = 5000, 100, 50


class GatewayStack(Stack):
    """Everything of one gateway in one account and region. `packages` is the folder of the layer with what the library needs."""

    def __init__(self, scope: Construct, id: str, *, parameters: Parameters, packages: Path) -> None:  # noqa: A002
        super().__init__(scope, id, description="Event Gateway", analytics_reporting=False)
        self.parameters, self.packages = parameters, packages
        self._keep()
        self._compute()
        self._expose()
        self._permit()
        self._watch()
        self._tell()

    def _keep(self) -> None:
        """What holds data."""
        keeps = self.parameters.keeps_data
        self.tables = Tables(self, "Tables", keeps_data=keeps)
        self.deliveries = DeliveryQueue(self, "Deliveries", worker_timeout=WORKER_TIMEOUT, keeps_data=keeps)
        self.payloads = PayloadBucket(self, "Payloads", keeps_data=keeps, log_days=self.parameters.log_retention)
        self.secrets = SecretsKey(self, "Secrets", keeps_data=keeps)
        self.operator = OperatorKey(self, "Operator")
        if self.parameters.is_hosted:
            self.identity = Identity(self, "Identity", keeps_data=keeps)

    def _compute(self) -> None:
        """The functions, and the queue that invokes one of them."""
        snap, memory = self.parameters.snap_start, self.parameters.router_memory
        self.library, plugins, settings = self._layers(), self._plugins(), self._settings()
        closed = replace(settings, operator_key_secret=self.operator.secret.secret_arn)
        reserved = self.parameters.reserved_concurrency or None
        self.router = self._function(
            "Router", settings, [*self.library, *plugins], memory=memory, reserved_concurrency=reserved, snap_start=snap
        )
        self.config = self._function("Config", closed, self.library, snap_start=snap)
        self.delivery = self._function("Delivery", settings, [*self.library, *plugins], timeout=WORKER_TIMEOUT)
        lambda_.EventSourceMapping(
            self,
            "Source",
            target=self.delivery.function,
            event_source_arn=self.deliveries.queue.queue_arn,
            batch_size=BATCH,
            report_batch_item_failures=True,
            max_concurrency=self.parameters.delivery_concurrency,
        )

    def _function(self, name: str, settings: Variables, layers: list[lambda_.ILayerVersion], **choices: Any) -> GatewayFunction:  # noqa: ANN401
        usual: dict[str, Any] = {"timeout": REQUEST_TIMEOUT, "memory": MEMORY, "parameters": self.parameters}
        return GatewayFunction(self, name, folder=name.lower(), environment=settings.to_env(), layers=layers, **usual | choices)

    def _layers(self) -> list[lambda_.ILayerVersion]:
        return [
            lambda_.LayerVersion(
                self, "Dependencies", code=lambda_.Code.from_asset(str(self.packages)), description="Packages of the event gateway"
            ),
            lambda_.LayerVersion(self, "Library", code=code("layers/eventgateway"), description="Library of the event gateway"),
        ]

    def _plugins(self) -> list[lambda_.ILayerVersion]:
        arns = enumerate(self.parameters.plugin_layers)
        return [lambda_.LayerVersion.from_layer_version_arn(self, f"Plugins{number}", arn) for number, arn in arns]

    def _settings(self) -> Settings:
        return Settings(
            config_table=self.tables.config.table_name,
            records_table=self.tables.records.table_name,
            queue_url=self.deliveries.queue.queue_url,
            payload_bucket=self.payloads.bucket.bucket_name,
            secrets_key=self.secrets.key.key_arn,
            mode=self.parameters.mode,
            domain=self._domain_of_spaces,
            outbound_guard=self.parameters.outbound_guard,
            allowed_targets=",".join(self.parameters.allowed_targets) if self.parameters.is_hosted else "",
            retry_scale=self.parameters.retry_scale,
            **self.parameters.quotas,
            log_level=self.parameters.log_level,
        )

    @property
    def _domain_of_spaces(self) -> str:
        return self.parameters.domain if self.parameters.is_hosted else ""

    def _addresses(self) -> DashboardSettings:
        return DashboardSettings(
            events_url=cast("WebAddress", self.events_api.url),
            config_url=cast("WebAddress", self.config_api.url),
            mode=self.parameters.mode,
            domain=self._domain_of_spaces,
            operator_key_secret=self.operator.secret.secret_name,
            log_level=self.parameters.log_level,
        )

    def _expose(self) -> None:
        """The HTTP APIs, and their names if there is a domain."""
        hosted = self.parameters.is_hosted
        self.events_api = self._endpoint("Events", self.router, self._host("*"), EVENTS_PER_SECOND, serves_spaces=hosted)
        self.config_api = self._endpoint("ConfigApi", self.config, self._host("config"), CONFIG_PER_SECOND)
        self.dashboard = self._function("Dashboard", self._addresses(), self.library, memory=SMALL)
        self.pages = self._endpoint("Pages", self.dashboard, self._host("dashboard"), PAGES_PER_SECOND)
        if self.parameters.domain:
            endpoints = {"*": self.events_api, "config": self.config_api, "dashboard": self.pages}
            self.names = Names(
                self,
                "Names",
                domain=self.parameters.domain,
                zone_id=self.parameters.hosted_zone,
                certificate_arn=self.parameters.certificate_arn,
                endpoints={self._host(label): endpoint for label, endpoint in endpoints.items()},
            )

    def _host(self, label: str) -> str:
        return f"{label}.{self.parameters.domain}" if self.parameters.domain else ""

    def _endpoint(self, name: str, function: GatewayFunction, host: str, rate: int, *, serves_spaces: bool = False) -> Endpoint:
        days = self.parameters.log_retention if self.parameters.access_log else None
        limits: dict[str, Any] = {"requests_per_second": rate, "access_log_days": days}
        return Endpoint(self, name, function=function.called, host=host, serves_spaces=serves_spaces, **limits)

    def _permit(self) -> None:
        """Each function, what it does and no more."""
        config, records, queue = self.tables.config.table_arn, self.tables.records.table_arn, self.deliveries.queue.queue_arn
        bucket, key, targets = self.payloads.bucket.bucket_arn, self.secrets.key.key_arn, self.parameters.allowed_targets
        router, configurer, worker = self.router.role, self.config.role, self.delivery.role
        permissions.allow(router, permissions.READ, config)
        permissions.allow(router, permissions.CLAIM_AND_COUNT, records)
        permissions.allow(router, permissions.SEND, queue)
        permissions.put_payloads(router, bucket)
        permissions.allow(router, permissions.OPEN, key)
        permissions.call_targets(router, targets)
        permissions.allow(configurer, permissions.CONFIGURE, config)
        permissions.allow(configurer, permissions.RECORD, records)
        permissions.allow(configurer, permissions.SEND_AND_LOOK, queue)
        permissions.put_payloads(configurer, bucket)
        permissions.get_payloads(configurer, bucket)
        permissions.allow(configurer, permissions.SEAL, key)
        permissions.allow(configurer, permissions.READ_SECRET, self.operator.secret.secret_arn)
        permissions.allow(worker, permissions.READ, config)
        permissions.allow(worker, permissions.RECORD, records)
        permissions.allow(worker, permissions.WORK, queue)
        permissions.put_payloads(worker, bucket)
        permissions.get_payloads(worker, bucket)
        permissions.allow(worker, permissions.OPEN, key)
        permissions.call_targets(worker, targets)
        if self.parameters.is_hosted:
            permissions.allow(configurer, permissions.LIST_TENANTS, config)
            permissions.erase(worker, config, records, bucket)

    def _watch(self) -> None:
        """What calls an operator, and what one looks at then."""
        if not self.parameters.alarms:
            return
        watched = Watched(
            functions={"Router": self.router, "Config": self.config, "Delivery": self.delivery, "Dashboard": self.dashboard},
            endpoints={"Events": self.events_api, "Config": self.config_api, "Dashboard": self.pages},
            tables=self.tables,
            deliveries=self.deliveries,
            worker="Delivery",
            events="Events",
            worker_limit=self.parameters.delivery_concurrency,
            account_limit=self.parameters.account_concurrency,
        )
        self.alarms = Alarms(self, "Alarms", watched=watched, email=self.parameters.alarm_email)
        Console(self, "Console", watched=watched, alarms=self.alarms)

    def _tell(self) -> None:
        """What an operator needs to know, in the stack's outputs."""
        told = {
            "EventsUrl": self.events_api.url,
            "ConfigUrl": self.config_api.url,
            "DashboardUrl": self.pages.url,
            "OperatorKeySecret": self.operator.secret.secret_name,
            "RouterRole": self.router.role.role_arn,
            "DeliveryRole": self.delivery.role.role_arn,
        }
        if self.parameters.is_hosted and self.parameters.domain:
            told["BareEventsUrl"] = self.events_api.api.api_endpoint
        for name, value in told.items():
            CfnOutput(self, name, value=value)
