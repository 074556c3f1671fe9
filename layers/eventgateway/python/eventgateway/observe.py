"""Logs: JSON in Lambda, by Powertools' formatter. Payloads stay out, but for what errors say at level DEBUG; secrets always do."""

import logging

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

ROOT = "eventgateway"


def configure_logs(level: str) -> None:
    """Let our loggers write JSON lines, once, at a level; their parents stay as they are."""
    logger = logging.getLogger(ROOT)
    logger.setLevel(level.upper())
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(LambdaPowertoolsFormatter())
        logger.addHandler(handler)
        logger.propagate = False
