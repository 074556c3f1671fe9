"""List prices of AWS that the gateway's costs are made of."""

from dataclasses import dataclass, field, fields
from typing import Any


def number(default: float, help: str) -> Any:  # noqa: ANN401, A002 - as dataclasses.field
    """One number of a model: its default and what it means."""
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars in us-east-1, first tier, without any free tier."""

    api: float = number(1.00, "API Gateway, HTTP API: million requests, of up to 512 KB each")
    lambda_requests: float = number(0.20, "Lambda: million invocations")
    lambda_gb_second: float = number(0.0000133334, "Lambda on arm64: GB-second, start of an instance included")
    snapshot_gb_second: float = number(0.0000015046, "SnapStart: GB-second of a cached snapshot")
    restored_gb: float = number(0.0001397998, "SnapStart: GB restored")
    sqs: float = number(0.40, "SQS, standard queue: million requests, of up to 64 KB each")
    sqs_fair: float = number(0.10, "SQS: what a fair queue adds to a million requests with messages")
    writes: float = number(0.625, "DynamoDB on demand: million write units, of up to 1 KB each")
    reads: float = number(0.125, "DynamoDB on demand: million read units, consistent, of up to 4 KB each")
    table_gb: float = number(0.25, "DynamoDB: GB-month")
    recovery_gb: float = number(0.20, "DynamoDB, point-in-time recovery: GB-month")
    bucket_gb: float = number(0.023, "S3: GB-month")
    key: float = number(1.00, "KMS: key for a month; the yearly rotation adds as much for each of the first two versions")
    key_requests: float = number(3.00, "KMS: million requests")
    secret: float = number(0.40, "Secrets Manager: secret for a month")
    alarm: float = number(0.10, "CloudWatch: metric in an alarm, for a month")
    dashboard: float = number(3.00, "CloudWatch: dashboard for a month")
    log_gb: float = number(0.50, "CloudWatch Logs: GB taken in")
    zone: float = number(0.50, "Route 53: zone for a month")
    out_gb: float = number(0.09, "Data transfer to the internet: GB")


def described(numbers: Any) -> dict[str, tuple[float, str]]:  # noqa: ANN401 - a dataclass of numbers
    """Each number of a model by its name, with what it means."""
    return {each.name: (getattr(numbers, each.name), each.metadata["help"]) for each in fields(numbers)}
