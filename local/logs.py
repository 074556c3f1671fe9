"""Logs of the command: plain lines for people, or the JSON lines of the deployed functions."""

import logging
from typing import Literal

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
OURS = ("eventgateway", "local")
STANDARD_ATTRIBUTES = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

LogFormat = Literal["text", "json"]


class TextFormatter(logging.Formatter):
    """A line with time, level, message and the extra fields."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is the standard library's
        """Put the extra fields behind the message."""
        extra = [f"{name}={value}" for name, value in vars(record).items() if name not in STANDARD_ATTRIBUTES]
        return " ".join([super().formatMessage(record), *extra])


def _json_formatter() -> logging.Formatter:
    from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter  # noqa: PLC0415 - takes a while to import

    return LambdaPowertoolsFormatter()


def configure_logs(level: str, log_format: LogFormat) -> None:
    """Send everything to standard error: ours from `level` on, that of libraries from warnings on."""
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter() if log_format == "text" else _json_formatter())
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)
    for name in OURS:
        logger = logging.getLogger(name)
        logger.setLevel(LEVELS[level])
        logger.addHandler(handler)
        logger.propagate = False
