"""Metrics as AWS publishes them, and what is calculated of them. Those that are only published when something happens count as 0 else."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_sqs as sqs

from infra.constructs.gateway_function import GatewayFunction

PERIOD = Duration.minutes(5)
OPERATIONS = {  # of the tables, but for a rare one
    "Config": ("GetItem", "Query", "TransactWriteItems"),
    "Records": ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"),
}

Metric: TypeAlias = cloudwatch.Metric
Math: TypeAlias = cloudwatch.MathExpression


def of_api(api: apigateway.HttpApi, name: str, statistic: str = "Sum", **look: Any) -> Metric:  # noqa: ANN401 - as CDK's
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html"""
    return api.metric(name, statistic=statistic, period=PERIOD, **look)


def of_function(function: GatewayFunction, name: str, statistic: str = "Sum", **look: Any) -> Metric:  # noqa: ANN401
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
    return function.function.metric(name, statistic=statistic, period=PERIOD, **look)


def of_queue(queue: sqs.Queue, name: str, statistic: str = "Maximum", **look: Any) -> Metric:  # noqa: ANN401
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html"""
    return queue.metric(name, statistic=statistic, period=PERIOD, **look)


def of_table(table: dynamodb.Table, name: str, operation: str = "", statistic: str = "Sum", **look: Any) -> Metric:  # noqa: ANN401
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html"""
    dimensions = {"TableName": table.table_name} | ({"Operation": operation} if operation else {})
    return Metric(namespace="AWS/DynamoDB", metric_name=name, dimensions_map=dimensions, statistic=statistic, period=PERIOD, **look)


def claimed_concurrency(**look: Any) -> Metric:  # noqa: ANN401
    """Of all functions in the account and region: what runs, and what is reserved.
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-concurrency.html"""
    return Metric(namespace="AWS/Lambda", metric_name="ClaimedAccountConcurrency", statistic="Maximum", period=PERIOD, **look)


def math(expression: str, metrics: Mapping[str, cloudwatch.IMetric], label: str, period: Duration = PERIOD) -> Math:
    """What an expression makes of metrics."""
    return Math(expression=expression, using_metrics=dict(metrics), label=label, period=period)


def total(metrics: Iterable[cloudwatch.IMetric], label: str) -> Math:
    """The sum of metrics of which some may be missing. In a graph, each sum needs a label of its own."""
    prefix = "".join(filter(str.isalpha, label)).lower()
    named = {f"{prefix}{number}": metric for number, metric in enumerate(metrics)}
    return math(" + ".join(f"FILL({name}, 0)" for name in named), named, label)
