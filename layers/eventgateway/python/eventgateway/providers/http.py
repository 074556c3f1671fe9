"""`http`: any HTTP endpoint. It gets `POST` with the event as `application/cloudevents+json`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from eventgateway.core.address import url_fault
from eventgateway.core.errors import FunctionFailed, FunctionGone
from eventgateway.core.provider import Call, Outbound, Provider, Purpose, setting
from eventgateway.core.uri import http_url

TIMEOUT = 5.0
ID_LIMIT = 256
GONE = 410
PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%")
HEADERS = {"Content-Type": "application/cloudevents+json", "User-Agent": "event-gateway"}
FAILS: Mapping[Purpose, Callable[[int], bool]] = {
    Purpose.SYNC: lambda status: status == 500,  # noqa: PLR2004 - as the original did: other answers are the function's own
    Purpose.ASYNC: lambda status: not 200 <= status < 300,  # noqa: PLR2004 - RFC 9110, section 15.3
    Purpose.AUTHORIZE: lambda status: status >= 400,  # noqa: PLR2004 - RFC 9110, section 15.5
}


@dataclass(frozen=True)
class HttpEndpoint(Provider):
    """A webhook, or a function of any cloud behind a URL."""

    type: ClassVar[str] = "http"
    label: ClassVar[str] = "HTTP endpoint"

    url: str = setting("url", help="http or https URL that takes POST", required=True)

    def validate(self) -> None:
        """The URL must be one that can be called."""
        super().validate()
        if http_url(self.url) is None:
            raise self.invalid()

    def target_fault(self) -> str | None:
        """The URL must not lead away from the public internet. What its host name stands for is checked in each call."""
        return url_fault(self.url)

    def call(self, call: Call, outbound: Outbound) -> bytes:
        """POST the event; which statuses are failures depends on the purpose."""
        ids = {"X-Event-Id": _header(call.event_id), "X-Delivery-Id": _header(call.delivery_id)} if call.delivery_id else {}
        answer = outbound.post(self.url, call.payload, HEADERS | ids, min(TIMEOUT, call.timeout))
        if FAILS[call.purpose](answer.status):
            kind = FunctionGone if call.purpose is Purpose.ASYNC and answer.status == GONE else FunctionFailed
            raise kind(f"HTTP status code: {answer.status}", answer.status, answer.retry_after)
        return answer.body


def _header(identifier: str) -> str:
    """An id, which may be any text, as a header: whatever is not printable ASCII is percent-encoded."""
    return quote(identifier[:ID_LIMIT], safe=PRINTABLE)
