"""When a service is away its reason is in the log of the function, and never in an answer."""

import logging

import boto3
import pytest

from functions.router import handler as router
from local.lambda_context import LambdaContext
from tests.integration.deployment import Deployment, deployed_handlers
from tests.loopback import Loopback


@pytest.fixture
def deployment():
    with deployed_handlers() as settings, Loopback() as server:
        yield Deployment(settings, server)


class Lines(logging.Handler):
    """What the functions log at level warning, beside their own output."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.found = []

    def emit(self, record):
        self.found.append((record.getMessage(), vars(record)["error"], vars(record)["causes"]))


@pytest.fixture
def lines():
    handler, logger = Lines(), logging.getLogger("eventgateway")
    logger.addHandler(handler)
    yield handler.found
    logger.removeHandler(handler)


def test_why_the_queue_is_away_is_logged_with_the_code_of_the_service(deployment, lines):
    deployment.subscribe("lost")
    boto3.client("sqs").delete_queue(QueueUrl=deployment.settings.queue_url)
    event = {"requestContext": {"http": {"method": "POST"}}, "rawPath": deployment.path, "headers": {"event": "lost"}, "body": "{}"}
    answer = router.handler(event, LambdaContext("router", 30))
    assert answer["statusCode"] == 503
    assert "NonExistentQueue" not in answer["body"]
    [(message, error, causes)] = lines
    assert (message, error) == ("request refused", "The delivery queue is not available. Please try again.")
    assert causes[0] == "QueueDoesNotExist: AWS.SimpleQueueService.NonExistentQueue"


def test_why_the_table_is_away_is_logged_by_the_config_api_with_the_code_of_the_service(deployment, lines):
    boto3.client("dynamodb").delete_table(TableName=deployment.settings.config_table)
    status, document = deployment.send(f"/v1/spaces/{deployment.space}/functions")
    assert status == 503
    assert "ResourceNotFoundException" not in str(document)
    assert "ClientError: ResourceNotFoundException" in str(lines)
