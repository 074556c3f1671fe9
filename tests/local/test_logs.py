"""Lines for people and for machines."""

import json
import logging

import pytest

from local import logs


@pytest.fixture
def lines(capsys):
    """What is written after `configure_logs`; loggers are as before at the end."""
    loggers = [logging.getLogger(name) for name in ("", *logs.OURS)]
    before = [(each, each.level, list(each.handlers), each.propagate) for each in loggers]
    for each in loggers:
        each.handlers.clear()

    def written() -> list[str]:
        return capsys.readouterr().err.splitlines()

    yield written
    for each, level, handlers, propagate in before:
        each.level, each.handlers[:], each.propagate = level, handlers, propagate
    logging.getLogger().manager._clear_cache()


def test_text_has_level_message_and_fields(lines):
    logs.configure_logs("info", "text")
    logging.getLogger("eventgateway.web").info("request refused", extra={"error": "no"})
    logging.getLogger("eventgateway.web").debug("too much")
    (line,) = lines()
    assert line[12:] == " INFO    request refused error=no"


def test_json_is_one_object_a_line(lines):
    logs.configure_logs("debug", "json")
    logging.getLogger("local.pump").debug("received", extra={"count": 3})
    (line,) = lines()
    assert {"level": "DEBUG", "message": "received", "count": 3}.items() <= json.loads(line).items()


def test_libraries_only_warn(lines):
    logs.configure_logs("debug", "text")
    logging.getLogger("botocore").info("chatter")
    logging.getLogger("uvicorn.error").warning("odd request")
    assert [line[13:] for line in lines()] == ["WARNING odd request"]


def test_tracebacks_are_shown(lines):
    logs.configure_logs("error", "text")
    try:
        raise ValueError("cause")
    except ValueError:
        logging.getLogger("local.bridge").exception("failed")
    assert lines()[-1] == "ValueError: cause"
