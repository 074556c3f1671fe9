"""Calling HTTP functions: the standard library's client over a small pool of kept-alive connections.

The deadline holds for the whole exchange, redirects and slow answers included, and the size of an answer is bounded.
"""

import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, IncompleteRead, RemoteDisconnected
from time import monotonic
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from eventgateway.core.address import ascii_host
from eventgateway.core.errors import FunctionFailed, FunctionUnreachable, ProviderError
from eventgateway.core.guard import OFF, Guard
from eventgateway.core.provider import NO_HEADERS, HttpAnswer
from eventgateway.dialer import Dialer
from eventgateway.http_connection import Key, Pool, connect, new_connection

ANSWER_LIMIT = 6 * 1024 * 1024
REDIRECT_LIMIT = 10
SEE_OTHER, KEEP_METHOD = (301, 302, 303), (307, 308)  # RFC 9110, section 15.4
CHUNK = 65536
PATH_SAFE = "/%:@!$&'()*+,;=-._~"
DEFAULT_PORTS = {"http": 80, "https": 443}


class HttpClient:
    """Thread-safe. Connections are reused only while nothing has arrived on them since their last answer.

    The guard is asked for the URL of each hop, and for the addresses of its host whenever a connection is opened. `tls` says which
    servers are trusted.
    """

    def __init__(self, answer_limit: int = ANSWER_LIMIT, guard: Guard = OFF, tls: ssl.SSLContext | None = None) -> None:
        self._idle, self._limit = Pool(), answer_limit
        self._guard, self._dialer = guard, Dialer(guard)
        self._tls = tls or ssl.create_default_context()

    def post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout: float, private: Mapping[str, str] = NO_HEADERS
    ) -> HttpAnswer:
        """POST and follow redirects as browsers do, all within `timeout` seconds. Raises FunctionUnreachable, FunctionFailed.

        `private` headers are sent as long as scheme, host and port are those of the URL.
        """
        return self._follow("POST", url, body, headers, private, _Bounds(monotonic() + timeout, self._limit))

    def get(self, url: str, headers: Mapping[str, str], timeout: float, answer_limit: int) -> HttpAnswer:
        """GET and follow redirects, all within `timeout` seconds, but not from https to http. Raises as `post`."""
        bounds = _Bounds(monotonic() + timeout, answer_limit, stays_secure=True)
        return self._follow("GET", url, b"", headers, NO_HEADERS, bounds)

    def _follow(  # noqa: PLR0917 - a request has so many parts
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], private: Mapping[str, str], bounds: "_Bounds"
    ) -> HttpAnswer:
        for _ in range(REDIRECT_LIMIT + 1):
            self._guard.check_url(url)
            response, content = self._exchange(method, _split(url), body, {**headers, **private}, bounds)
            location = response.getheader("Location")
            if location is None or response.status not in SEE_OTHER + KEEP_METHOD:
                return HttpAnswer(response.status, content, response.getheader("Retry-After") or "")
            if response.status in SEE_OTHER:
                method, body = "GET", b""
            target = bounds.check(url, _join(url, location))
            if private and _key(_split(target)) != _key(_split(url)):
                private = NO_HEADERS
            url = target
        raise FunctionUnreachable(f"more than {REDIRECT_LIMIT} redirects")

    def close(self) -> None:
        """Drop all idle connections."""
        self._idle.close()

    def _exchange(
        self, method: str, url: SplitResult, body: bytes, headers: Mapping[str, str], bounds: "_Bounds"
    ) -> tuple[HTTPResponse, bytes]:
        key = _key(url)
        connection = self._idle.take(key) or new_connection(key, self._tls)
        try:
            connect(connection, self._dialer, self._tls, bounds.deadline, bounds.answer_limit)
            connection.request(method, _target(url), body or None, {**headers, **_login(url, headers)})
            with connection.getresponse() as response:
                content = _read(response, bounds.answer_limit)
        except (OSError, HTTPException, ValueError) as error:
            connection.close()
            raise FunctionUnreachable(_reason(error)) from error
        except ProviderError:
            connection.close()
            raise
        if not response.will_close:
            self._idle.put(key, connection)
        return response, content


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What holds for all hops of a call: a reading of the monotonic clock, and bytes of an answer."""

    deadline: float
    answer_limit: int
    stays_secure: bool = False

    def check(self, url: str, target: str) -> str:
        """The target of a redirect. Raises FunctionUnreachable if it loses the encryption and must not."""
        if self.stays_secure and _split(url).scheme == "https" != _split(target).scheme:
            raise FunctionUnreachable("the redirect leads from https to another scheme")
        return target


def _read(response: HTTPResponse, limit: int) -> bytes:
    content = bytearray()
    while chunk := response.read(CHUNK):
        content += chunk
        if len(content) > limit:
            raise FunctionFailed(f"the answer is larger than {limit} bytes")
    if response.length:  # of chunked answers http.client notices the end by itself
        raise IncompleteRead(bytes(content), response.length)
    return bytes(content)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise FunctionUnreachable("the URL is malformed") from error


def _join(url: str, location: str) -> str:
    """The URL a redirect leads to. http.client reads headers as ISO 8859-1, servers send UTF-8."""
    try:
        return urljoin(url, location.encode("latin-1").decode(errors="replace"))
    except ValueError as error:
        raise FunctionUnreachable("the redirect leads to a malformed URL") from error


def _key(url: SplitResult) -> Key:
    try:
        host, port = url.hostname, url.port
        if url.scheme not in DEFAULT_PORTS or not host:
            raise FunctionUnreachable("not an http or https URL")
        return url.scheme, ascii_host(host), DEFAULT_PORTS[url.scheme] if port is None else port
    except ValueError as error:
        raise FunctionUnreachable("the host or port of the URL is malformed") from error


def _target(url: SplitResult) -> str:
    path = quote(url.path, safe=PATH_SAFE) or "/"
    return f"{path}?{quote(url.query, safe=PATH_SAFE + '?')}" if url.query else path


def _login(url: SplitResult, headers: Mapping[str, str]) -> dict[str, str]:
    """Basic authentication from the URL (RFC 7617), unless the headers have another one."""
    if url.username is None or "authorization" in map(str.lower, headers):
        return {}
    login = f"{unquote(url.username)}:{unquote(url.password or '')}"
    return {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}


def _reason(error: Exception) -> str:
    """What happened, without a word of the URL or of the server: an echo of the request holds its secrets."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, RemoteDisconnected):
        return "the connection was closed without an answer"
    return getattr(error, "strerror", None) or f"the exchange was malformed ({type(error).__name__})"
