"""The lines that alarms count are those that the library writes: the filters of the stack are matched against real lines."""

import io
import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from botocore.exceptions import EndpointConnectionError

from eventgateway.core.errors import Unavailable
from eventgateway.core.provider import HttpAnswer
from eventgateway.core.subscription import Subscription
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.observe import ROOT, configure_logs
from eventgateway.operations.deliver import Outcome
from eventgateway.vault import KmsVault
from eventgateway.web.events_api import EventsApi
from infra.constructs.log_metrics import LINES
from tests.fakes import Gateway
from tests.unit.batches import failures, record

CONDITION = re.compile(r'\(?\$\.message = "([^"]*)"\)?')


def matches(pattern, line):
    """Whether a filter pattern of CloudWatch matches a line: `{ $.message = "…" }`, or several of it with `||`."""
    body = re.fullmatch(r"\{ (.*) \}", pattern)[1]
    conditions = [CONDITION.fullmatch(each) for each in body.split(" || ")]
    return any(json.loads(line).get("message") == each[1] for each in conditions)


@pytest.fixture
def written():
    """What is logged at the least level that a deployment can choose, line by line; the logger is as before at the end."""
    logger, stream = logging.getLogger(ROOT), io.StringIO()
    before = logger.level, list(logger.handlers), logger.propagate
    logger.handlers.clear()
    configure_logs("error")
    logger.handlers[0].setStream(stream)
    yield lambda: stream.getvalue().splitlines()
    logger.level, logger.handlers[:], logger.propagate = before
    logger.manager._clear_cache()


@pytest.fixture
def counted(written):
    """How often each metric was counted so far, those that were."""

    def count():
        patterns = {name: lines.pattern.log_pattern_string for name, lines in LINES.items()}
        found = {name: sum(matches(pattern, line) for line in written()) for name, pattern in patterns.items()}
        return {name: number for name, number in found.items() if number}

    return count


def subscribed(**retry):
    gateway = Gateway()
    gateway.event_type("u")
    gateway.function("f")
    document = {"type": "async", "eventType": "u", "functionId": "f", "path": "/", "method": "POST", "retry": retry}
    return gateway, gateway.create(Subscription.kind, document)


def exhausted(gateway, _):
    gateway.functions.answers["f"] = HttpAnswer(500, b"")


def refused_for_good(gateway, _):
    gateway.functions.answers["f"] = HttpAnswer(410, b"")


def unsubscribed(gateway, subscription):
    gateway.delete(subscription)


@pytest.mark.parametrize("cause", [exhausted, refused_for_good, unsubscribed])
def test_each_dead_letter_is_counted_once(cause, counted):
    gateway, subscription = subscribed(maxAttempts=1)
    gateway.emit()
    cause(gateway, subscription)
    assert gateway.deliver_next() is Outcome.DEAD
    assert counted() == {"DeadLetters": 1}


def test_a_dead_letter_that_could_not_be_kept_is_not_counted(counted):
    gateway, subscription = subscribed(maxAttempts=1)
    gateway.emit()
    gateway.delete(subscription)
    gateway.dead_letters.away = True
    with pytest.raises(Unavailable):
        gateway.deliver_next()
    assert counted() == {}


def test_a_failed_attempt_is_counted_where_its_level_is_logged(counted):
    gateway, _ = subscribed()
    gateway.functions.answers["f"] = HttpAnswer(500, b"")
    logging.getLogger(ROOT).setLevel("INFO")
    gateway.emit()
    assert gateway.deliver_next() is Outcome.RETRIED
    assert counted() == {"FailedAttempts": 1}


def test_a_bug_in_the_router_is_counted(counted):
    answer = EventsApi(None).handle({"requestContext": {"http": {"method": "GET"}}, "rawPath": "/"})
    assert answer["statusCode"] == 500
    assert counted() == {"UnexpectedErrors": 1}


def test_a_record_that_fails_is_counted(counted):
    gateway = Gateway()
    with ThreadPoolExecutor(1) as pool:
        answer = DeliveryWorker(gateway.deliverer, gateway.queue, pool, gateway.runner).handle({"Records": [record("no message")]}, 60)
    assert failures(answer) == ["m1"]
    assert counted() == {"UnexpectedErrors": 1}


def test_secrets_that_cannot_be_opened_are_counted(counted):
    vault = KmsVault("key")
    vault.__dict__["_client"] = KmsThatIsAway()
    with pytest.raises(Unavailable):
        vault.open("default", "f", "c2VjcmV0")
    assert counted() == {"SecretsAway": 1}


class KmsThatIsAway:
    def decrypt(self, **_):
        raise EndpointConnectionError(endpoint_url="https://kms")


def test_a_configuration_store_that_is_away_is_counted(counted):
    gateway, _ = subscribed()
    gateway.spaces.routing()
    gateway.store.away = True
    gateway.clock.advance(5)
    gateway.spaces.routing()
    assert counted() == {"ConfigurationAway": 1}


def test_lambda_understands_level_and_time_of_a_line(written):
    """Otherwise it takes the line for level INFO, and drops it where the function's level is higher."""
    logging.getLogger(ROOT).error("delivery given up")
    line = json.loads(written()[0])
    assert line["level"] == "ERROR"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line["timestamp"])
    assert datetime.fromisoformat(line["timestamp"]).utcoffset().total_seconds() == 0
