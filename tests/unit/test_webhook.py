"""Signatures, compared with those of the receivers' own library."""

import re
from base64 import b64encode
from datetime import UTC, datetime
from time import time
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from eventgateway.core import webhook

NOW = 1_800_000_000.5
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]))
IDS = st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)
KEYS = st.binary(min_size=24, max_size=64)


def secret(key):
    return f"whsec_{b64encode(key).decode()}"


ONE, TWO, THREE = (secret(bytes([number]) * 32) for number in (1, 2, 3))


@given(IDS, TEXTS, KEYS)
def test_the_signature_is_the_one_of_the_library(identifier, body, key):
    headers = webhook.signed(identifier, NOW, body.encode(), [secret(key)])
    theirs = Webhook(secret(key)).sign(headers["webhook-id"], datetime.fromtimestamp(NOW, UTC), body)
    assert headers["webhook-signature"] == theirs
    assert headers["webhook-timestamp"] == "1800000000"


@given(IDS, TEXTS, KEYS)
def test_what_is_signed_now_is_accepted(identifier, body, key):
    headers = webhook.signed(identifier, time(), body.encode(), [secret(key)])
    assert Webhook(secret(key)).verify(body, headers, json_parse=False) is None


@pytest.mark.parametrize("known", [ONE, TWO])
def test_each_of_two_secrets_is_enough(known):
    headers = webhook.signed("d", time(), b"{}", [ONE, TWO])
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert Webhook(known).verify(b"{}", headers) == {}


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        (b"{} ", {}), (b'{"a":1}', {}), (b"{}", {"webhook-id": "e"}), (b"{}", {"webhook-timestamp": str(int(time()) + 60)}),
        (b"{}", {"webhook-signature": "v1,"}), (b"{}", {"webhook-signature": webhook.signed("d", 1.0, b"{}", [ONE])["webhook-signature"]}),
    ],
)  # fmt: skip
def test_what_was_tampered_with_is_refused(body, changes):
    headers = webhook.signed("d", time(), b"{}", [ONE])
    with pytest.raises(WebhookVerificationError):
        Webhook(ONE).verify(body, headers | changes)


def test_who_has_another_secret_refuses():
    with pytest.raises(WebhookVerificationError):
        Webhook(THREE).verify(b"{}", webhook.signed("d", time(), b"{}", [ONE, TWO]))


@given(IDS)
@example("event.1700000000.{}")
def test_no_id_can_be_read_as_a_time_or_a_body(identifier):
    message = webhook.message_id(identifier)
    assert "." not in message
    assert unquote(message) == unquote(identifier)


@given(st.binary(max_size=90))
def test_a_secret_is_base64_of_24_to_64_bytes(key):
    assert (re.fullmatch(webhook.SECRET, secret(key)) is not None) == (24 <= len(key) <= 64)


@pytest.mark.parametrize("length", range(22, 67))
def test_a_secret_of_each_length(length):
    assert (re.fullmatch(webhook.SECRET, secret(b"\xff" * length)) is not None) == (24 <= length <= 64)


@pytest.mark.parametrize(
    "text", ["", "x", ONE[6:], f" {ONE}", f"{ONE}\n", ONE.replace("whsec", "whsk"), ONE[:-1], ONE.replace("A", "-"), f"{ONE}="]
)
def test_what_is_no_secret(text):
    assert re.fullmatch(webhook.SECRET, text) is None
