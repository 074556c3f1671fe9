"""What the tests of the HTTP client share."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest
from hypothesis import strategies as st

from eventgateway.core.errors import FunctionUnreachable
from tests.loopback import has_ipv6

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
TIMEOUT, SHORT, TOLERANCE = 5.0, 0.3, 0.7  # what must not happen takes 2 s
HEADERS = {"Content-Type": "application/cloudevents+json"}
PIECES = st.sampled_from([
    b"HTTP/1.1 200 OK", b"HTTP/1.0 302 Found", b"HTTP/1.1 100 Continue", b"\r\n", b"\r\n\r\n", b"Content-Length: 3", b"Content-Length: -3",
    b"Transfer-Encoding: chunked", b"Connection: close", b"Location: http://[", b"Location: \xff\xfe:", b"-1", b"3", b"0", b"abc", b";x=y",
    b":", b"ffffffffffffffff", b"\0", b"\xff",
])  # fmt: skip
HOSTS = ["127.0.0.1", "::1"] if has_ipv6() else ["127.0.0.1"]


def post(client, url, body=b"{}", timeout=TIMEOUT):
    return client.post(url, body, HEADERS, timeout)


@contextmanager
def times_out(after: float = SHORT) -> Iterator[None]:
    """The block must end by a time-out, in time."""
    start = monotonic()
    with pytest.raises(FunctionUnreachable, match=r"^timed out$"):
        yield
    assert after * 0.9 <= monotonic() - start < after + TOLERANCE
