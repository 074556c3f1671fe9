"""Listening addresses: bound at once, so that a taken port is known before anything else is done, served when all is ready."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from local.bridge import Bridge

BACKLOG = 2048
GRACE_SECONDS = 10
HEAD_LIMIT = 64 * 1024  # bytes; what is over is cut off, and what API Gateway would refuse below that is answered by the bridge
KEEP_ALIVE_SECONDS = 60


class ListenError(Exception):
    """An address cannot be served; the message says why."""


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files of a certificate and its key."""

    certificate: Path
    key: Path


class Listener:
    """One API at one address."""

    def __init__(self, name: str, host: str, port: int, tls: Tls | None = None) -> None:
        """Bind the address. Raises ListenError."""
        self.name, self._tls = name, tls
        if tls is not None:
            _check(name, tls)
        self._socket = _bound(name, host, port)
        self._server: _Server | None = None
        self.started = asyncio.Event()

    @property
    def url(self) -> str:
        """Where clients find it."""
        host, port = self._socket.getsockname()[:2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - only shown
        return f"{'https' if self._tls else 'http'}://{f'[{shown}]' if ':' in shown else shown}:{port}"

    def listen(self) -> None:
        """Let clients connect. Raises ListenError if another process was quicker."""
        try:
            self._socket.listen(BACKLOG)
        except OSError as error:
            raise _taken(self.name, self.url, error) from error

    async def serve(self, application: Bridge) -> None:
        """Serve until `stop`; requests that run by then have ten seconds to finish."""
        files = {"ssl_certfile": self._tls.certificate, "ssl_keyfile": self._tls.key} if self._tls else {}
        config = uvicorn.Config(
            application,
            http="h11",
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            h11_max_incomplete_event_size=HEAD_LIMIT,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            **files,  # type: ignore[arg-type]
        )
        self._server = _Server(config, self.started)
        await self._server.serve([self._socket])

    def stop(self) -> None:
        """Accept nothing more; `serve` returns when running requests are answered."""
        if self._server is not None:
            self._server.should_exit = True

    def close(self) -> None:
        """Give the address back."""
        self._socket.close()


class _Server(uvicorn.Server):
    """Tells when it has started, and leaves signals to the command, which has several servers to stop."""

    def __init__(self, config: uvicorn.Config, started: asyncio.Event) -> None:
        super().__init__(config)
        self._started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._started.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bound(name: str, host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ListenError(f"{name}: {host} is no address here: {error.strerror}") from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except (OSError, OverflowError) as error:
        bound.close()
        raise _taken(name, f"{host}:{port}", error) from error
    return bound


def _taken(name: str, where: str, error: Exception) -> ListenError:
    return ListenError(f"{name}: cannot listen on {where}: {getattr(error, 'strerror', None) or error}")


def _check(name: str, tls: Tls) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls.certificate, tls.key, password=lambda: "")  # do not ask for one
    except (OSError, ssl.SSLError) as error:
        raise ListenError(f"{name}: certificate {tls.certificate} and key {tls.key} cannot be used: {error}") from error
