"""The dashboard in CloudWatch: is it alive, then queue, functions, tables, what it costs, and what went wrong last."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.constructs import metrics
from infra.constructs.alarms import Alarms
from infra.constructs.gateway_function import GatewayFunction
from infra.constructs.watched import Watched

WIDTH, HEIGHT = 24, 6
LINES = 50
COSTS = """\
**What drives the bill**, as us-east-1 prices it on ARM:

- API Gateway: requests x $1.00 per million (each 512 KB begun)
- Lambda: GB-seconds x $0.0000133334, and invocations x $0.20 per million
- SQS: requests x $0.40 per million. Messages sent, received and deleted are shown; requests are fewer, since up to ten share one
- DynamoDB: read units x $0.125, write units x $0.625 per million
- Logs: $0.50 per GB taken in
- KMS: $0.03 per 10,000 calls, $1 a month for each key. AWS has no metric of the calls of a key

GB-seconds are the sum of durations x memory. Cold starts are billed too and are not in them: Lambda tells their length only
in logs at level INFO of the system, which the gateway leaves out.
"""

Metrics = Sequence[cloudwatch.IMetric]


class Console(Construct):
    """One dashboard with the name of the stack. Other accounts and regions can have their own."""

    def __init__(self, scope: Construct, id: str, *, watched: Watched, alarms: Alarms) -> None:  # noqa: A002
        super().__init__(scope, id)
        self.watched, self.alarms = watched, alarms
        self.dashboard = cloudwatch.Dashboard(
            self, "Dashboard", dashboard_name=Stack.of(self).stack_name, default_interval=Duration.hours(3)
        )
        rows = (self._alive(), self._requests(), self._queue(), self._deliveries(), self._functions(), self._tables(), self._costs())
        for row in (*rows, self._errors()):
            self.dashboard.add_widgets(*row)

    def _alive(self) -> list[cloudwatch.IWidget]:
        return [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=self.alarms.all_, width=WIDTH, height=HEIGHT)]

    def _requests(self) -> list[cloudwatch.IWidget]:
        apis = {name: endpoint.api for name, endpoint in self.watched.endpoints.items()}
        events = apis[self.watched.events]
        rates = [_a_second(name, metrics.of_api(api, "Count"), number) for number, (name, api) in enumerate(apis.items())]
        failed = [metrics.of_api(api, "5xx", label=f"{name} 5xx") for name, api in apis.items()]
        refused = [metrics.of_api(api, "4xx", label=f"{name} 4xx") for name, api in apis.items()]
        times = [metrics.of_api(events, "Latency", each, label=each) for each in ("p50", "p99")]
        inner = metrics.of_api(events, "IntegrationLatency", "p99", label="p99 in the router")
        return _row(
            _graph("Requests a second", rates),
            _graph("Answers 5xx", failed),
            _graph("Answers 4xx", refused),
            _graph("Latency of the Events API, ms", [*times, inner]),
        )

    def _queue(self) -> list[cloudwatch.IWidget]:
        queue, poison = self.watched.deliveries.queue, self.watched.deliveries.poison
        depths = {"Visible": "due", "NotVisible": "in flight, or put off", "Delayed": "delayed"}
        depth = [metrics.of_queue(queue, f"ApproximateNumberOfMessages{name}", label=label) for name, label in depths.items()]
        quiet = "ApproximateNumberOfMessagesVisibleInQuietGroups"
        oldest = metrics.of_queue(queue, "ApproximateAgeOfOldestMessage", label="oldest")
        return _row(
            _graph("Messages in the queue", depth),
            _graph("Due, of spaces that are not the loudest", [metrics.of_queue(queue, quiet, label="due")]),
            _graph("Age of the oldest message, s", [oldest]),
            _graph("Poison", [metrics.of_queue(poison, "ApproximateNumberOfMessagesVisible", label="poison")]),
        )

    def _deliveries(self) -> list[cloudwatch.IWidget]:
        queue, lines = self.watched.deliveries.queue, self.alarms.lines
        sent = metrics.of_queue(queue, "NumberOfMessagesSent", "Sum", label="queued, with retries")
        done = metrics.of_queue(queue, "NumberOfMessagesDeleted", "Sum", label="done, with failed attempts")
        away = [lines.metric("SecretsAway", label="secrets"), lines.metric("ConfigurationAway", label="configuration")]
        return _row(
            _graph("Deliveries", [sent, done]),
            _graph("Failed attempts", [lines.metric("FailedAttempts", label="failed")]),
            _graph("Dead letters", [lines.metric("DeadLetters", label="given up")]),
            _graph("Unexpected errors, and what is away", [lines.metric("UnexpectedErrors", label="unexpected"), *away]),
        )

    def _functions(self) -> list[cloudwatch.IWidget]:
        claimed = metrics.claimed_concurrency(label="claimed in the account")
        return _row(
            _graph("Duration, p99, ms", self._of_functions("Duration", "p99")),
            _graph("Errors", self._of_functions("Errors")),
            _graph("Throttles", self._of_functions("Throttles")),
            _graph("Instances at a time", [*self._of_functions("ConcurrentExecutions", "Maximum"), claimed]),
        )

    def _tables(self) -> list[cloudwatch.IWidget]:
        tables = {"Config": self.watched.tables.config, "Records": self.watched.tables.records}
        units = [
            metrics.of_table(table, f"Consumed{each}CapacityUnits", label=f"{name} {each.lower()}") for name, table, each in _both(tables)
        ]
        throttled = [
            metrics.of_table(table, f"{each}ThrottleEvents", label=f"{name} {each.lower()}") for name, table, each in _both(tables)
        ]
        return _row(
            _graph("Units of the tables", units),
            _graph("Throttles of the tables", throttled),
            _graph("Latency of Config, p99, ms", _latencies("Config", tables["Config"])),
            _graph("Latency of Records, p99, ms", _latencies("Records", tables["Records"])),
        )

    def _costs(self) -> list[cloudwatch.IWidget]:
        functions, queue = self.watched.functions, self.watched.deliveries.queue
        requests = metrics.total([metrics.of_api(each.api, "Count") for each in self.watched.endpoints.values()], "API requests")
        invoked = metrics.total([metrics.of_function(each, "Invocations") for each in functions.values()], "invocations")
        moved = ("NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfEmptyReceives", "NumberOfMessagesDeleted")
        messages = metrics.total([metrics.of_queue(queue, each, "Sum") for each in moved], "SQS, at most")
        seconds = [_gb_seconds(name, each, number) for number, (name, each) in enumerate(functions.items())]
        logged = [_logged(name, each) for name, each in functions.items()]
        return [
            cloudwatch.TextWidget(markdown=COSTS, width=WIDTH // 4, height=2 * HEIGHT),
            _graph("Requests", [requests, invoked, messages]),
            _graph("GB-seconds", seconds),
            _graph("Bytes logged", logged),
        ]

    def _errors(self) -> list[cloudwatch.IWidget]:
        groups = [each.logs.log_group_name for each in self.watched.functions.values()]
        worker = [self.watched.functions[self.watched.worker].logs.log_group_name]
        latest = [
            "fields @timestamp, level, message, errorType, error, at.0, @message",
            'filter level = "ERROR" or ispresent(errorMessage) or type like /platform/',
        ]
        given_up = ['filter message = "delivery given up"', "stats count(*) as letters by delivery_space, delivery_function_id, reason"]
        return [
            _logged_lines("Latest errors", groups, [*latest, "sort @timestamp desc", f"limit {LINES}"]),
            _logged_lines("Dead letters, by function", worker, [*given_up, "sort letters desc", f"limit {LINES}"]),
        ]

    def _of_functions(self, name: str, statistic: str = "Sum") -> list[cloudwatch.Metric]:
        return [metrics.of_function(each, name, statistic, label=label) for label, each in self.watched.functions.items()]


def _row(*widgets: cloudwatch.IWidget) -> list[cloudwatch.IWidget]:
    return list(widgets)


def _graph(title: str, left: Metrics) -> cloudwatch.IWidget:
    """A quarter of a row. Counts begin at zero."""
    axis = cloudwatch.YAxisProps(min=0, show_units=False)
    return cloudwatch.GraphWidget(title=title, left=list(left), left_y_axis=axis, width=WIDTH // 4, height=HEIGHT)


def _logged_lines(title: str, groups: list[str], query: list[str]) -> cloudwatch.IWidget:
    return cloudwatch.LogQueryWidget(title=title, log_group_names=groups, query_lines=query, width=WIDTH // 2, height=HEIGHT)


def _a_second(name: str, count: cloudwatch.Metric, number: int) -> cloudwatch.IMetric:
    return metrics.math(f"count{number} / PERIOD(count{number})", {f"count{number}": count}, name)


def _gb_seconds(name: str, function: GatewayFunction, number: int) -> cloudwatch.IMetric:
    duration = metrics.of_function(function, "Duration")
    return metrics.math(f"duration{number} / 1000 * {function.memory} / 1024", {f"duration{number}": duration}, name)


def _logged(name: str, function: GatewayFunction) -> cloudwatch.IMetric:
    return cloudwatch.Metric(
        namespace="AWS/Logs",
        metric_name="IncomingBytes",
        dimensions_map={"LogGroupName": function.logs.log_group_name},
        statistic="Sum",
        period=metrics.PERIOD,
        label=name,
    )


def _both(tables: Mapping[str, dynamodb.Table]) -> list[tuple[str, dynamodb.Table, str]]:
    return [(name, table, each) for name, table in tables.items() for each in ("Read", "Write")]


def _latencies(name: str, table: dynamodb.Table) -> list[cloudwatch.Metric]:
    return [metrics.of_table(table, "SuccessfulRequestLatency", each, "p99", label=each) for each in metrics.OPERATIONS[name]]
