"""What the gateway costs on AWS: a model, not a bill. Prints the tables of docs/deploy.md; `NAME=VALUE …` replaces assumptions."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from benchmarks.prices import Prices, described, number

MILLION = 1_000_000
BATCH_MESSAGES = 10  # of a SendMessageBatch
CHUNK_KB = 64  # of SQS
CONFIG_TTL, FLUSH_SECONDS, SECRET_SECONDS = 1, 5, 300  # how often a warm instance looks, counts and decrypts, at most
LEASE_SECONDS = 3  # how long it can use a lease
SECONDS_OF_A_MONTH = 730 * 3600
KB_OF_A_GB = 1_000_000
BILLS = (1, 10, 100, 1000)  # millions of events in a month


@dataclass(frozen=True, slots=True)
class Assumptions:
    """All that is not a price. Milliseconds and sizes are to be replaced by measured ones."""

    rate: float = number(10, "events a second, while there are any")
    subscribers: float = number(1, "async subscribers of an event, HTTP functions on the internet")
    event_kb: float = number(2, "an event, as a message and as the body of a call, in KB")
    answer_kb: float = number(1, "an answer to an emitter, with its headers, in KB")
    function_ms: float = number(50, "time that a function takes")
    router_mb: float = number(512, "memory of the router")
    router_ms: float = number(15, "time of the router, without that of a sync function")
    worker_mb: float = number(512, "memory of the worker")
    worker_ms: float = number(15, "time of the worker for a batch, without that of the functions")
    start_ms: float = number(800, "time that an instance takes to start")
    starts: float = number(0.001, "share of invocations that start an instance")
    batch: float = number(5, "messages that the worker gets at once; 10 at most")
    failures: float = number(0.01, "share of attempts that fail")
    usage_kb: float = number(2, "counters of a space, in KB")
    log_kb: float = number(1, "log of a failed attempt, in KB")
    access_kb: float = number(0.4, "line of the access log, in KB")
    lease_writes: float = number(1.5, "writes for a lease in hosted mode: what an instance supposes may be wrong")
    secrets: float = number(1, "functions with secrets")
    pollers: float = number(5, "pollers of the queue")
    poll_seconds: float = number(20, "time that a poller waits for messages")
    stored_gb: float = number(1, "what lies in tables and bucket, in GB each")
    keys: float = number(2, "keys: of secrets, and of the topic of alarms")
    alarms: float = number(40, "metrics in alarms")
    snapshots: float = number(2, "functions with SnapStart, if it is chosen")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table."""

    component: str
    what: str
    dollars: Sequence[float]


@dataclass(frozen=True, slots=True)
class Model:
    """Dollars, from assumptions and prices."""

    given: Assumptions = field(default_factory=Assumptions)
    prices: Prices = field(default_factory=Prices)

    @property
    def attempts(self) -> float:
        """Calls of functions for a million async events."""
        return MILLION * self.given.subscribers / (1 - self.given.failures)

    @property
    def batches(self) -> float:
        """Invocations of the worker for a million async events."""
        return self.attempts / self.given.batch

    def idle(self) -> list[Line]:
        """A month without an event."""
        given, prices = self.given, self.prices
        polls = given.pollers * SECONDS_OF_A_MONTH / given.poll_seconds
        return [
            Line("SQS", f"{polls:,.0f} empty receives: {given.pollers:g} pollers, each {given.poll_seconds:g} s",
                 [polls / MILLION * prices.sqs]),
            Line("DynamoDB", f"{given.stored_gb:g} GB and its point-in-time recovery",
                 [given.stored_gb * (prices.table_gb + prices.recovery_gb)]),
            Line("S3", f"{given.stored_gb:g} GB", [given.stored_gb * prices.bucket_gb]),
            Line("KMS", f"{given.keys:g} keys", [given.keys * prices.key]),
            Line("Secrets Manager", "1 secret", [prices.secret]),
            Line("CloudWatch", f"{given.alarms:g} metrics in alarms, 1 dashboard", [given.alarms * prices.alarm + prices.dashboard]),
            Line("API Gateway, Lambda", "nothing without requests", [0.0]),
        ]  # fmt: skip

    def per_million(self) -> list[Line]:
        """A million events: async ones, and sync ones."""
        given, prices = self.given, self.prices
        return [
            Line("API Gateway", "a request an event", [prices.api, prices.api]),
            Line("Lambda: router", "an invocation an event, and its time", [self._router(0), self._router(given.function_ms)]),
            Line("Lambda: worker", "an invocation a batch, and its time", [self._worker(), 0.0]),
            Line("SQS", "an event sent, a batch received, a batch deleted, a failed attempt sent again", [self._queue(), 0.0]),
            Line("DynamoDB: reads", "a look at the configuration a second and instance", [self._reads(sync=False), self._reads(sync=True)]),
            Line("DynamoDB: writes", "counters of router (each 5 s) and worker (each batch)",
                 [self._writes(sync=False), self._writes(sync=True)]),
            Line("KMS", "a decryption each 5 min, instance and function with secrets",
                 [self._decryptions(sync=False), self._decryptions(sync=True)]),
            Line("CloudWatch Logs", "failed attempts only", [self._logs(self.attempts * given.failures, given.log_kb), 0.0]),
            Line("Data transfer", "answers to emitters, events to functions", [self._out(self.attempts), self._out(MILLION)]),
        ]  # fmt: skip

    def chosen(self) -> list[Line]:
        """What parameters add: for a month, and for a million events."""
        given, prices = self.given, self.prices
        snapshots = given.snapshots * given.router_mb / 1024 * SECONDS_OF_A_MONTH * prices.snapshot_gb_second
        restores = MILLION * given.starts * given.router_mb / 1024 * prices.restored_gb
        return [
            Line("`hosted_zone`", "a zone", [prices.zone, 0.0]),
            Line("`access_log`", f"{given.access_kb:g} KB a request", [0.0, self._logs(MILLION, given.access_kb)]),
            Line("`mode=hosted`", "a lease each 3 s and instance, for limits; counters once more, by day",
                 [0.0, self._leases() + self._writes(sync=False)]),
            Line("`snap_start`", f"snapshots of {given.snapshots:g} functions; a restore where an instance starts", [snapshots, restores]),
        ]  # fmt: skip

    def bill(self, millions: float) -> Line:
        """A month with so many million async events, or sync ones."""
        idle, events = total(self.idle()), total(self.per_million())
        return Line(f"{millions:,} M", "", [idle[0] + millions * each for each in events])

    def _router(self, waiting_ms: float) -> float:
        return self._compute(MILLION, self.given.router_mb, self.given.router_ms + waiting_ms)

    def _worker(self) -> float:
        return self._compute(self.batches, self.given.worker_mb, self.given.worker_ms + self.given.function_ms)

    def _compute(self, invocations: float, mb: float, ms: float) -> float:
        seconds = invocations * (ms + self.given.starts * self.given.start_ms) / 1000
        return invocations / MILLION * self.prices.lambda_requests + seconds * mb / 1024 * self.prices.lambda_gb_second

    def _queue(self) -> float:
        given = self.given
        sent = MILLION * ceil(given.subscribers / BATCH_MESSAGES) * chunks(given.event_kb * min(given.subscribers, BATCH_MESSAGES))
        again = self.attempts * given.failures * chunks(given.event_kb)
        received = self.batches * chunks(given.event_kb * given.batch)
        return (sent + again + received + self.batches) / MILLION * (self.prices.sqs + self.prices.sqs_fair)

    def _reads(self, *, sync: bool) -> float:
        return sum(self._now_and_then(CONFIG_TTL, sync=sync)) / MILLION * self.prices.reads

    def _writes(self, *, sync: bool) -> float:
        router = self._now_and_then(FLUSH_SECONDS, sync=sync)[0]
        return (router + (0 if sync else self.batches)) * ceil(self.given.usage_kb) / MILLION * self.prices.writes

    def _leases(self) -> float:
        return self._now_and_then(LEASE_SECONDS, sync=False)[0] * self.given.lease_writes / MILLION * self.prices.writes

    def _decryptions(self, *, sync: bool) -> float:
        called = self._now_and_then(SECRET_SECONDS, sync=sync)[0 if sync else 1]
        return called * self.given.secrets / MILLION * self.prices.key_requests

    def _now_and_then(self, interval: float, *, sync: bool) -> tuple[float, float]:
        """What router and worker do once in so many seconds in each instance, but never without an invocation."""
        given = self.given
        router_ms = given.router_ms + (given.function_ms if sync else 0)
        router = min(MILLION, self._seconds * instances(given.rate, router_ms) / interval)
        if sync:
            return router, 0.0
        rate = given.rate * given.subscribers / given.batch
        return router, min(self.batches, self._seconds * instances(rate, given.worker_ms + given.function_ms) / interval)

    @property
    def _seconds(self) -> float:
        return MILLION / self.given.rate

    def _logs(self, lines: float, kb: float) -> float:
        return lines * kb / KB_OF_A_GB * self.prices.log_gb

    def _out(self, calls: float) -> float:
        return (MILLION * self.given.answer_kb + calls * self.given.event_kb) / KB_OF_A_GB * self.prices.out_gb


def chunks(kb: float) -> int:
    """Requests that SQS counts for so many KB at once."""
    return max(1, ceil(kb / CHUNK_KB))


def instances(rate: float, ms: float) -> int:
    """Instances that are warm for so many invocations a second."""
    return max(1, ceil(rate * ms / 1000))


def total(lines: Iterable[Line]) -> list[float]:
    """The sum of each column of dollars."""
    return [sum(column) for column in zip(*(line.dollars for line in lines), strict=True)]


def table(heads: Sequence[str], lines: Sequence[Line], *, summed: bool = True) -> str:
    """A Markdown table of dollars, with its sum below."""
    rows = [*lines, *([Line("**Together**", "", total(lines))] if summed else [])]
    columns = [[line.component, *([line.what] if any(each.what for each in lines) else []), *map(money, line.dollars)] for line in rows]
    return markdown(heads, columns)


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join(f"| {' | '.join(each)} |".replace("|  |", "| |") for each in [heads, ["---"] * len(heads), *rows])


def money(dollars: float) -> str:
    """Dollars and cents; what is less than half a cent is not nothing."""
    return "0" if not dollars else f"${dollars:,.2f}" if dollars >= 0.005 else "< $0.01"  # noqa: PLR2004


def numbers(heads: Sequence[str], model: object) -> str:
    """A Markdown table of the numbers that a model begins with."""
    return markdown(
        heads, [[f"`{name}`", f"{value:.10f}".rstrip("0").rstrip("."), text] for name, (value, text) in described(model).items()]
    )


def report(model: Model) -> dict[str, str]:
    """The tables by their names."""
    return {
        "idle": table(["A month without events", "What", "Dollars"], model.idle()),
        "events": table(["A million events", "What", "Async", "Sync"], model.per_million()),
        "chosen": table(["Parameter", "What", "A month", "A million events"], model.chosen(), summed=False),
        "bills": table(["Events in a month", "Async", "Sync"], [model.bill(each) for each in BILLS], summed=False),
        "assumptions": numbers(["Assumption", "Value", "Meaning"], model.given),
        "prices": numbers(["Price", "Dollars", "For"], model.prices),
    }


def read(arguments: Iterable[str]) -> Assumptions:
    """Assumptions with some replaced. Raises ValueError for what is no `NAME=NUMBER`, TypeError for an unknown name."""
    return replace(Assumptions(), **{name: float(value) for name, _, value in (each.partition("=") for each in arguments)})


if __name__ == "__main__":
    print("\n\n".join(report(Model(read(sys.argv[1:]))).values()))
