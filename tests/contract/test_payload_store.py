"""Large events in S3, on the emulator, and the fake of it; S3 that fails is a server on the loopback."""

from hashlib import sha256
from types import SimpleNamespace

import boto3
import botocore.config
import botocore.endpoint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventgateway.core.errors import Unavailable
from eventgateway.storage import payloads
from eventgateway.storage.payloads import S3Payloads
from local.resources import BUCKET, create_bucket
from tests.contract.conftest import set_aws_environment
from tests.loopback import Loopback, Then, answer, refused_url
from tests.records import MemoryPayloads


@pytest.fixture(scope="class")
def bucket(emulator):
    create_bucket(boto3.client("s3"))
    return BUCKET


class TestContract:
    """What both implementations of `PayloadStore` do."""

    @pytest.fixture(scope="class", params=["s3", "memory"])
    @classmethod
    def store(cls, request, bucket):
        return S3Payloads(bucket) if request.param == "s3" else MemoryPayloads()

    @given(st.binary(max_size=100))
    @settings(max_examples=20)
    def test_round_trip(self, store, event):
        assert store.get(store.put("space", event)) == event

    def test_large_event(self, store):
        event = b'"' + b"x" * 4 * 1024 * 1024 + b'"'
        assert store.get(store.put("space", event)) == event

    def test_key_is_of_the_space_and_the_event(self, store):
        """So what a lost answer makes the gateway put again is kept once, and spaces share nothing."""
        key = store.put("one", b"{}")
        assert key == f"one/{sha256(b'{}').hexdigest()}" == store.put("one", b"{}")
        assert len({key, store.put("two", b"{}"), store.put("one", b"[]")}) == 3

    def test_what_is_not_there(self, store):
        assert store.get("space/unknown") is None


class TestEmulated:
    def test_objects_are_json_and_put_anew(self, bucket):
        s3 = boto3.client("s3")
        key = S3Payloads(bucket).put("space", b"{}")
        assert s3.get_object(Bucket=bucket, Key=key)["ContentType"] == "application/json"
        s3.delete_object(Bucket=bucket, Key=key)
        assert S3Payloads(bucket).get(key) is None
        assert S3Payloads(bucket).put("space", b"{}") == key
        assert S3Payloads(bucket).get(key) == b"{}"

    @pytest.mark.parametrize("broken", [b"", b"{", b'{"a":2}'])
    def test_an_object_that_is_not_what_was_put_is_not_the_event(self, bucket, broken):
        """Regression: a function got an empty body, when an object had been written without its content."""
        key = S3Payloads(bucket).put("space", b'{"a":1}')
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=broken)
        assert S3Payloads(bucket).get(key) is None

    def test_no_bucket_is_not_the_same_as_no_event(self, emulator):
        """A wrong bucket must not turn waiting deliveries into dead letters."""
        for method, arguments in (("put", ("space", b"{}")), ("get", ("space/key",))):
            with pytest.raises(Unavailable, match="The store of large events is not available"):
                getattr(S3Payloads("gone"), method)(*arguments)


def error(status, code):
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>secret text</Message></Error>'
    return answer(body.encode(), "Content-Type: application/xml", status=f"{status} Error")


AWAY = {
    "slow down": [error(503, "SlowDown")],
    "access denied": [error(403, "AccessDenied")],
    "expired": [error(400, "ExpiredToken")],
    "broken": [error(500, "InternalError")],
    "load balancer": [answer(b"<html>secret text</html>", status="502 Bad Gateway")],
    "no XML": [answer(b"{", status="400 Bad Request")],
    "hang up": [Then.CLOSE],
    "reset": [Then.RESET],
    "half a head": [b"HTTP/1.1 20", Then.CLOSE],
    "silence": [1.0],
}
HALF = {
    "ends early": [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", Then.CLOSE],
    "is reset": [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", Then.RESET],
    "falls silent": [b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", 1.0],
    "ends early, in chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{", Then.CLOSE],
}


@pytest.fixture(scope="module")
def server():
    with Loopback() as server:
        yield server


@pytest.fixture
def away(server, monkeypatch):
    set_aws_environment(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url())
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr(
        payloads, "CONFIG", payloads.CONFIG.merge(botocore.config.Config(read_timeout=0.1, s3={"addressing_style": "path"}))
    )
    server.requests.clear()
    return S3Payloads("bucket")


class TestAway:
    @pytest.mark.parametrize("how", AWAY)
    @pytest.mark.parametrize(("method", "arguments"), [("put", ("space", b"{}")), ("get", ("space/key",))], ids=["put", "get"])
    def test_every_failure_is_unavailable(self, away, server, how, method, arguments):
        server.script = lambda _: AWAY[how]
        with pytest.raises(Unavailable) as caught:
            getattr(away, method)(*arguments)
        assert caught.value.message == "The store of large events is not available. Please try again."
        assert 1 <= len(server.requests) <= 3

    @pytest.mark.parametrize("how", HALF)
    def test_half_an_event_is_none(self, away, server, how):
        server.script = lambda _: HALF[how]
        with pytest.raises(Unavailable):
            away.get("space/key")

    def test_an_event_that_is_gone(self, away, server):
        server.script = lambda _: [error(404, "NoSuchKey")]
        assert away.get("space/key") is None

    def test_refused(self, away, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", refused_url())
        with pytest.raises(Unavailable):
            S3Payloads("bucket").put("space", b"{}")

    def test_an_answer_that_was_lost(self, away, server):
        """The SDK puts the same object again."""
        server.script = lambda _: [Then.CLOSE] if len(server.requests) == 1 else [answer(b"", 'ETag: "e"')]
        assert away.put("space", b"{}").startswith("space/")
        assert len({(request.method, request.target) for request in server.requests}) == 1
        assert len(server.requests) == 2
