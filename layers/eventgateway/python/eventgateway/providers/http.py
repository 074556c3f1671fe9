"""`http`: any HTTP endpoint. It gets `POST` with the event as `application/cloudevents+json`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from eventgateway.core import webhook
from eventgateway.core.address import url_fault
from eventgateway.core.errors import FunctionFailed, FunctionGone, InvalidRequest
from eventgateway.core.provider import Call, Outbound, Provider, Purpose
from eventgateway.core.setting import setting
from eventgateway.core.uri import http_url

TIMEOUT = 5.0
ID_LIMIT = 256
URL = "[hH][tT][tT][pP][sS]?://.+"
HEADER_NAME = "[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # RFC 9110, section 5.6.2
HEADER_VALUE = "[!-~\u00a0-\u00ff]([ -~\u00a0-\u00ff]{0,1022}[!-~\u00a0-\u00ff])?"
HEADER_LIMIT = 20
GONE = 410
PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%")
HEADERS = {"Content-Type": "application/cloudevents+json", "User-Agent": "event-gateway"}
RESERVED = {
    "accept-encoding", "connection", "content-length", "content-type", "expect", "host", "keep-alive", "proxy-authenticate",
    "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "x-delivery-id", "x-event-id",
}  # fmt: skip
RESERVED_PREFIX = "webhook-"
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

    url: str = setting("url", help="http or https URL that takes POST", required=True, pattern=URL)
    headers: Mapping[str, str] = setting(
        "headers",
        help=f"Headers of your own, up to {HEADER_LIMIT}, such as Authorization: texts of 1 to 1024 characters of ISO 8859-1",
        secret=True,
        pattern=HEADER_VALUE,
        names=HEADER_NAME,
        limit=HEADER_LIMIT,
    )
    signing_secret: str = setting(
        "signingSecret",
        help="Signs each request by Standard Webhooks 1.0: whsec_ and base64 of 24 to 64 bytes",
        secret=True,
        pattern=webhook.SECRET,
    )
    previous_signing_secret: str = setting(
        "previousSigningSecret",
        help="Signs each request too, while receivers change over: whsec_ and base64 of 24 to 64 bytes",
        secret=True,
        pattern=webhook.SECRET,
    )

    def validate(self) -> None:
        """The URL must be one that can be called, and headers must not be the gateway's own."""
        if http_url(self.url) is None:
            raise self.invalid()
        super().validate()
        _check_names([*self.headers])

    def target_fault(self) -> str | None:
        """The URL must not lead away from the public internet. What its host name stands for is checked in each call."""
        return url_fault(self.url)

    def call(self, call: Call, outbound: Outbound) -> bytes:
        """POST the event; which statuses are failures depends on the purpose."""
        ids = {"X-Event-Id": _header(call.event_id), "X-Delivery-Id": _header(call.delivery_id)} if call.delivery_id else {}
        private = {**self.headers, **self._signature(call)}
        answer = outbound.post(self.url, call.payload, HEADERS | ids, min(TIMEOUT, call.timeout), private)
        if FAILS[call.purpose](answer.status):
            kind = FunctionGone if call.purpose is Purpose.ASYNC and answer.status == GONE else FunctionFailed
            raise kind(f"HTTP status code: {answer.status}", answer.status, answer.retry_after)
        return answer.body

    def _signature(self, call: Call) -> dict[str, str]:
        if not self.signing_secret:
            return {}
        secrets = filter(None, (self.signing_secret, self.previous_signing_secret))
        return webhook.signed(_header(call.delivery_id or call.event_id), call.at, call.payload, secrets)


def _check_names(names: list[str]) -> None:
    """Raise InvalidRequest for headers that are not the owner's to set, or that are there twice."""
    lower = [name.lower() for name in names]
    for name in names:
        if name.lower() in RESERVED or name.lower().startswith(RESERVED_PREFIX):
            raise InvalidRequest(f"provider field 'headers.{name}' cannot be set: the header is the gateway's own")
        if lower.count(name.lower()) > 1:
            raise InvalidRequest(f"provider field 'headers.{name}' is there twice: names of headers are the same in any case")


def _header(identifier: str) -> str:
    """An id, which may be any text, as a header: whatever is not printable ASCII is percent-encoded."""
    return quote(identifier[:ID_LIMIT], safe=PRINTABLE)
