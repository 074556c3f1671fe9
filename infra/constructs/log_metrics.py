"""Metrics of what the library logs: each is the number of its lines."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.gateway_function import GatewayFunction
from infra.constructs.metrics import PERIOD

MESSAGE = "$.message"  # in the lines of eventgateway.observe; Lambda passes lines that are JSON on as they are


@dataclass(frozen=True, slots=True)
class Lines:
    """The messages of the lines that are counted; `of_worker` where nobody else writes them."""

    messages: tuple[str, ...]
    of_worker: bool = False

    @property
    def pattern(self) -> logs.IFilterPattern:
        """https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html"""
        return logs.FilterPattern.any(*(logs.FilterPattern.string_value(MESSAGE, "=", each) for each in self.messages))


LINES = {
    "DeadLetters": Lines(("delivery given up",), of_worker=True),
    "FailedAttempts": Lines(("delivery failed",), of_worker=True),
    "UnexpectedErrors": Lines(("request failed", "record failed, it will come again")),
    "SecretsAway": Lines(("secrets cannot be sealed or opened",)),
    "ConfigurationAway": Lines(("configuration store is away, routing goes on with what is known",)),
}


class LogMetrics(Construct):
    """A filter for each kind of line, in the log group of each function that may write it. Without such lines there is no metric to pay."""

    def __init__(self, scope: Construct, id: str, *, functions: Mapping[str, GatewayFunction], worker: str) -> None:  # noqa: A002
        super().__init__(scope, id)
        self.namespace = f"EventGateway/{Stack.of(self).stack_name}"
        for name, lines in LINES.items():
            for function in [worker] if lines.of_worker else functions:
                self._filter(name, lines, function, functions[function].logs)

    def metric(self, name: str, *, label: str = "") -> cloudwatch.Metric:
        """The lines of one kind, of all functions."""
        return cloudwatch.Metric(namespace=self.namespace, metric_name=name, statistic="Sum", period=PERIOD, label=label or None)

    def _filter(self, name: str, lines: Lines, function: str, group: logs.ILogGroup) -> None:
        logs.MetricFilter(
            self, f"{name}{function}", log_group=group, filter_pattern=lines.pattern, metric_namespace=self.namespace, metric_name=name
        )
