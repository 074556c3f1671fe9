"""Leases in the table of records: one small item for each space, changed by conditional updates that tell what they found."""

from functools import cached_property
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from eventgateway.aws import SDK_ERRORS
from eventgateway.aws_session import new_session
from eventgateway.core.errors import Unavailable
from eventgateway.core.lease import DAY_SECONDS, SECOND, Ledger, Step
from eventgateway.storage.usage import usage_key

SORT_KEY = "lease"
CONDITION_FAILED = "ConditionalCheckFailedException"
LIFE_SECONDS = 2 * DAY_SECONDS  # of an item that nobody changes
NAMES = {"#full_at": "full_at", "#day": "day", "#events": "events", "#bytes": "bytes", "#ttl": "ttl"}
FAILURES = (ClientError, *SDK_ERRORS, KeyError)  # the last: no answer of DynamoDB
CONFIG = Config(
    connect_timeout=0.5,
    read_timeout=0.5,
    retries={"total_max_attempts": 1},  # an event waits for it, and an update that is made twice counts twice
    max_pool_connections=64,
)

Json = dict[str, Any]


class DynamoLeases:
    """Implements `Leases`. The client is built when one is needed."""

    def __init__(self, table: str, client: Any = None) -> None:  # noqa: ANN401 - a generated class
        self._table, self._given = table, client

    def take(self, space: str, step: Step) -> tuple[bool, Ledger | None]:
        """See `Leases`."""
        values: Json = {":day": step.day, ":ttl": step.now // SECOND + LIFE_SECONDS}
        changes = [_full_at(step, values), *_counts(step, values), "#day = :day", "#ttl = :ttl"]
        conditions = [*_rate_condition(step, values), *_day_condition(step, values)]
        return self._update(space, changes, conditions, values)

    def mend(self, space: str, old: Ledger, new: Ledger) -> bool:
        """See `Leases`."""
        values = {":old": old.full_at, ":old_day": old.day, ":new": new.full_at, ":new_day": new.day}
        changes, conditions = ["#full_at = :new", "#day = :new_day"], ["#full_at = :old", "#day = :old_day"]
        return self._update(space, changes, conditions, values)[0]

    def _update(self, space: str, changes: list[str], conditions: list[str], values: Json) -> tuple[bool, Ledger | None]:
        expressions = {"UpdateExpression": f"SET {', '.join(changes)}", "ConditionExpression": " AND ".join(conditions)}
        used = "".join(expressions.values())
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": usage_key(space)}, "sk": {"S": SORT_KEY}},
                **expressions,
                ExpressionAttributeNames={name: attribute for name, attribute in NAMES.items() if name in used},
                ExpressionAttributeValues={name: _value(value) for name, value in values.items()},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
            return True, _ledger(answer["Attributes"])
        except FAILURES as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == CONDITION_FAILED:
                found: Any = error.response.get("Item")
                return False, _ledger(found)
            raise Unavailable("The store of leases is not available. Please try again.") from error

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - a generated class
        return self._given or new_session().create_client("dynamodb", config=CONFIG)


def _full_at(step: Step, values: Json) -> str:
    if step.is_full or not step.limits.time:
        values[":full_at"] = step.now + step.takes.time
        return "#full_at = :full_at"
    values[":cost"] = step.cost.time
    return "#full_at = #full_at + :cost"


def _counts(step: Step, values: Json) -> list[str]:
    """Of a new day, or in addition to what is there."""
    amount = step.takes if step.is_new_day else step.cost
    values |= {":events": amount.events, ":bytes": amount.bytes}
    return [f"#{name} = :{name}" if step.is_new_day else f"#{name} = #{name} + :{name}" for name in ("events", "bytes")]


def _rate_condition(step: Step, values: Json) -> list[str]:
    if not step.limits.time:
        return []
    values[":now"] = step.now
    if step.is_full:
        return ["(attribute_not_exists(#full_at) OR #full_at < :now)"]
    values[":highest"] = step.highest.time
    return ["#full_at >= :now", "#full_at <= :highest"]


def _day_condition(step: Step, values: Json) -> list[str]:
    if step.is_new_day:
        return ["(attribute_not_exists(#day) OR #day < :day)"]
    conditions = ["#day = :day"]
    for name in ("events", "bytes"):
        if getattr(step.limits, name):
            values[f":most_{name}"] = getattr(step.highest, name)
            conditions.append(f"#{name} <= :most_{name}")
    return conditions


def _value(value: int | str) -> Json:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _ledger(item: Json | None) -> Ledger | None:
    """The ledger of an item, None of one that is not there."""
    if not item:
        return None
    full_at, events, bytes_ = (int(item[name]["N"]) for name in ("full_at", "events", "bytes"))
    return Ledger(full_at, item["day"]["S"], events, bytes_)
