"""Logs: JSON in Lambda, by Powertools' formatter. Payloads stay out, but for what errors say at level DEBUG; secrets always do."""

import logging

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

ROOT = "eventgateway"


def configure_logs(level: str) -> None:
    """Let our loggers write JSON lines, once, at a level; their parents stay as they are.

    Lambda takes a line whose time is not as RFC 3339 has it for level INFO, and drops it if the function's level is higher
    (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html).
    """
    logger = logging.getLogger(ROOT)
    logger.setLevel(level.upper())
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(LambdaPowertoolsFormatter(use_rfc3339=True, utc=True))
        logger.addHandler(handler)
        logger.propagate = False
