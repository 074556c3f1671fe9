"""The alarms: what should wake somebody, and nothing else. Each has a section in docs/operations.md that says what to do."""

from dataclasses import dataclass
from typing import cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_cloudwatch_actions import SnsAction
from constructs import Construct

from infra.constructs import metrics
from infra.constructs.alarm_topic import AlarmTopic
from infra.constructs.log_metrics import LogMetrics
from infra.constructs.runbook import description
from infra.constructs.watched import Watched

FAILED_SHARE, LEAST_REQUESTS = 5, 10  # percent; requests in five minutes, of fewer no share is taken
SLOW, LEAST_TIMED = 10_000, 20  # milliseconds; requests in five minutes
LATE = 15  # minutes of work that is due in the queue
OLDEST = 3 * 3600  # seconds; the longest wait between two attempts is two hours
GROWING_FROM, LEAST_GROWTH = 1000, 0.1  # messages; messages a second
MOST_IN_FLIGHT = 90_000  # of 120,000: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MOST_LETTERS = 5  # in a quarter of an hour
MOST_UNEXPECTED, MOST_THROTTLED = 5, 10  # in five minutes
CLAIMED_SHARE = 0.8  # of the account's concurrency


@dataclass(frozen=True, slots=True)
class Patience:
    """So many of the last so many periods have to be bad."""

    bad: int
    of: int


AT_ONCE, SOON, STEADY, LONG = Patience(1, 1), Patience(2, 3), Patience(3, 3), Patience(6, 6)


class Alarms(Construct):
    """`topic` is told when an alarm begins and when it ends; `all_` are the alarms; `lines` counts what the functions log."""

    def __init__(self, scope: Construct, id: str, *, watched: Watched, email: str) -> None:  # noqa: A002
        super().__init__(scope, id)
        self.watched, self.all_ = watched, list[cloudwatch.Alarm]()
        self.topic = AlarmTopic(self, "Topic", email=email).topic
        self.lines = LogMetrics(self, "Lines", functions=watched.functions, worker=watched.worker)
        self._requests()
        self._functions()
        self._queue()
        self._deliveries()
        self._tables()
        self._dependencies()

    def _requests(self) -> None:
        for name, endpoint in self.watched.endpoints.items():
            answers = {"failed": metrics.of_api(endpoint.api, "5xx"), "requests": metrics.of_api(endpoint.api, "Count")}
            share = metrics.math(f"IF(requests >= {LEAST_REQUESTS}, 100 * FILL(failed, 0) / requests, 0)", answers, "5xx, percent")
            self._alarm("failures", share, FAILED_SHARE, SOON, name=name)
        events = self.watched.endpoints[self.watched.events].api
        timed = {"latency": metrics.of_api(events, "Latency", "p99"), "requests": metrics.of_api(events, "Count")}
        slowest = metrics.math(f"IF(requests >= {LEAST_TIMED}, latency, 0)", timed, "p99, ms")
        self._alarm("slow", slowest, SLOW, STEADY, name=self.watched.events)

    def _functions(self) -> None:
        functions, worker = self.watched.functions, self.watched.functions[self.watched.worker]
        for name, function in functions.items():
            self._alarm("errors", metrics.of_function(function, "Errors"), 1, SOON, name=name)
        throttled = metrics.total([metrics.of_function(each, "Throttles") for each in functions.values()], "throttled")
        self._alarm("throttles", throttled, MOST_THROTTLED, SOON)
        running = metrics.of_function(worker, "ConcurrentExecutions", "Maximum")
        self._alarm("workers-at-limit", running, self.watched.worker_limit, LONG)
        self._alarm("account-concurrency", metrics.claimed_concurrency(), int(self.watched.account_limit * CLAIMED_SHARE), SOON)

    def _queue(self) -> None:
        queue = self.watched.deliveries.queue
        due = metrics.of_queue(queue, "ApproximateNumberOfMessagesVisible", "Minimum")
        done = metrics.of_queue(queue, "NumberOfMessagesDeleted", "Sum")
        minutes = metrics.math("due / (FILL(done, 0) / 5 + 0.01)", {"due": due, "done": done}, "minutes of work")
        self._alarm("deliveries-late", minutes, LATE, STEADY)
        self._alarm("oldest-message", metrics.of_queue(queue, "ApproximateAgeOfOldestMessage"), OLDEST, STEADY)
        growth = metrics.math(f"IF(due > {GROWING_FROM}, RATE(due), 0)", {"due": due}, "messages a second")
        self._alarm("backlog-grows", growth, LEAST_GROWTH, LONG)
        self._alarm("in-flight", metrics.of_queue(queue, "ApproximateNumberOfMessagesNotVisible"), MOST_IN_FLIGHT, SOON)

    def _deliveries(self) -> None:
        poison = metrics.of_queue(self.watched.deliveries.poison, "ApproximateNumberOfMessagesVisible")
        self._alarm("poison", poison, 1, AT_ONCE, missing=cloudwatch.TreatMissingData.IGNORE)  # a queue that nobody uses has no metrics
        letters = self.lines.metric("DeadLetters").with_(period=Duration.minutes(15))
        self._alarm("dead-letters", letters, MOST_LETTERS, AT_ONCE)
        self._alarm("unexpected-errors", self.lines.metric("UnexpectedErrors"), MOST_UNEXPECTED, SOON)

    def _tables(self) -> None:
        for name, table in {"Config": self.watched.tables.config, "Records": self.watched.tables.records}.items():
            throttled = [metrics.of_table(table, f"{each}ThrottleEvents") for each in ("Read", "Write")]
            self._alarm("table-throttles", metrics.total(throttled, "throttled"), MOST_THROTTLED, SOON, name=name)
            errors = [metrics.of_table(table, "SystemErrors", each) for each in metrics.OPERATIONS[name]]
            self._alarm("table-errors", metrics.total(errors, "errors"), MOST_UNEXPECTED, SOON, name=name)

    def _dependencies(self) -> None:
        self._alarm("secrets-away", self.lines.metric("SecretsAway"), 1, SOON)
        self._alarm("configuration-away", self.lines.metric("ConfigurationAway"), 1, SOON)

    def _alarm(
        self,
        section: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        patience: Patience,
        *,
        name: str = "",
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        """An alarm at the threshold or above, of a section of the runbook; `name` is the one of several that it is about."""
        label = name + section.title().replace("-", "")
        alarm = cloudwatch.Alarm(
            self,
            label,
            alarm_name=f"{Stack.of(self).stack_name}-{label}",
            alarm_description=description(section, name),
            metric=metric,
            threshold=threshold,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            datapoints_to_alarm=patience.bad,
            evaluation_periods=patience.of,
            treat_missing_data=missing,
        )
        action = cast("cloudwatch.IAlarmAction", SnsAction(self.topic))
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        self.all_.append(alarm)
