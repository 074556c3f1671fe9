"""Checks of the quotas that are too small in new accounts, or get too small with other things in the account."""

from collections.abc import Iterator
from dataclasses import dataclass

from botocore.exceptions import ClientError

from local.doctor import refusal
from local.doctor.case import Case
from local.doctor.finding import Finding, ok, warn

GONE = {"NoSuchResourceException"}  # no value of its own: the default is in force


@dataclass(frozen=True, slots=True)
class Quota:
    """One of Service Quotas: below `least` something does not work, below `good` it may not be enough."""

    service: str
    code: str
    name: str
    unit: str
    least: float
    good: float
    why: str


# The codes are those of https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html and `list-aws-default-service-quotas`.
QUOTAS = (
    Quota("lambda", "L-B99A9384", "Lambda at a time", "executions", 100, 1000,
          "All functions of the region share it: requests over it are answered with 429 or 503. Below 100 nothing can be reserved"),
    Quota("lambda", "L-2ACBD22F", "Lambda code", "GB", 5, 75, "Every published version and layer counts"),
    Quota("apigateway", "L-8A5B8E43", "API Gateway", "requests/s", 1000, 2500, "All APIs of the region share it: over it they answer 429"),
    Quota("dynamodb", "L-F98FE922", "DynamoDB tables", "tables", 10, 100, "The gateway needs two; other stacks count, too"),
    Quota("cloudformation", "L-0485CB21", "Stacks", "stacks", 10, 100, "The gateway needs one beside CDKToolkit; others count, too"),
)  # fmt: skip
OF_DOMAINS = Quota(
    "apigateway", "L-A93447B8", "Custom domains", "names", 3, 10, "The gateway needs three: *.DOMAIN, config.DOMAIN and dashboard.DOMAIN"
)


def quotas(case: Case) -> Iterator[Finding]:
    """One finding each; one for all if these credentials may not read them."""
    client, identity = case.client("service-quotas"), case.identity
    for quota in (*QUOTAS, *((OF_DOMAINS,) if case.asked.domain else ())):
        try:
            value = _value(client, quota)
        except ClientError as error:
            if refusal.denied(error):
                raise
            yield warn(f"Quota {quota.name}", f"could not be read ({refusal.code(error)})", f"Look at {quota.code} in Service Quotas.")
            continue
        yield _judged(quota, value, f"{case.region} of {identity.account}")


def _judged(quota: Quota, value: float, where: str) -> Finding:
    told = f"{value:,.0f} {quota.unit}"
    if value >= quota.good:
        return ok(f"Quota {quota.name}", told)
    ask = f"aws service-quotas request-service-quota-increase --service-code {quota.service} --quota-code {quota.code}"
    size = "are far too few" if value < quota.least else "are few"
    todo = f"{quota.why}. Ask for more, it takes hours to days: {ask} --desired-value {quota.good:.0f}"
    return warn(f"Quota {quota.name}", f"{told} in {where} {size}", todo)


def _value(client: object, quota: Quota) -> float:
    names = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        return float(client.get_service_quota(**names)["Quota"]["Value"])  # type: ignore[attr-defined]
    except ClientError as error:
        if refusal.code(error) not in GONE:
            raise
    return float(client.get_aws_default_service_quota(**names)["Quota"]["Value"])  # type: ignore[attr-defined]
