"""docs/security.md: its snippets are run, and what it says of the code is true."""

import json
import re
import subprocess
from base64 import b64encode
from dataclasses import fields
from pathlib import Path
from time import time

import pytest
from standardwebhooks import WebhookVerificationError

from eventgateway import providers
from eventgateway.aws_role import SESSION_NAME
from eventgateway.core import webhook
from eventgateway.operations.secrets import OPEN_LIMIT, OPEN_SECONDS, TEXT_LIMIT

PAGE = (Path(__file__).parents[2] / "docs/security.md").read_text(encoding="utf-8")


def snippet(language: str) -> str:
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return found


def test_the_example_verifies_what_the_gateway_signs() -> None:
    names: dict = {}
    exec(snippet("python"), names)
    secret = f"whsec_{b64encode(names['webhook']._whsecret).decode()}"
    body = b'{"data": {"name": "Ada"}}'
    headers = webhook.signed("delivery-1", time(), body, [secret])
    assert names["handle"](headers, body) == {"name": "Ada"}
    with pytest.raises(WebhookVerificationError):
        names["handle"](headers, body + b" ")


def test_the_command_makes_a_secret() -> None:
    made = [subprocess.run(["bash", "-c", snippet("bash")], capture_output=True, text=True, check=True).stdout.strip() for _ in range(2)]
    assert made[0] != made[1]
    assert all(re.fullmatch(webhook.SECRET, each) for each in made)


def test_the_trust_policy_asks_for_the_external_id() -> None:
    [statement] = json.loads(snippet("json"))["Statement"]
    assert statement["Action"] == "sts:AssumeRole"
    assert set(statement["Condition"]["StringEquals"]) == {"sts:ExternalId"}


def test_all_secrets_are_named() -> None:
    section = PAGE.partition("## Secrets")[2].partition("|")[0]
    secret = {each.metadata["key"] for provider in providers.load().values() for each in fields(provider) if each.metadata["secret"]}
    assert set(re.findall(r"`(\w+)`", section)) - {"provider"} == secret


def test_the_numbers_are_right() -> None:
    assert f"{TEXT_LIMIT:,} bytes" in PAGE
    assert f"at most {OPEN_LIMIT:,} functions" in PAGE
    assert OPEN_SECONDS == 5 * 60
    assert f"`{SESSION_NAME}`" in PAGE
