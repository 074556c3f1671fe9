"""A TCP server on the loopback that answers HTTP requests by a script, byte by byte if need be."""

import socket
import ssl
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from threading import Event, Thread
from typing import Self


class Then(Enum):
    """What a script does besides sending."""

    CLOSE = "close"  # the connection, in both directions
    RESET = "reset"  # the connection, without the usual farewell


@dataclass(frozen=True)
class Request:
    """A request as it arrived; `connection` counts from 1, names of headers are in lower case."""

    connection: int
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Step = bytes | float | Then  # send, wait so many seconds, or end
Script = Callable[[Request], Iterable[Step]]


def answer(body: bytes = b"ok", *headers: str, status: str = "200 OK") -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(location: str, status: int = 302) -> bytes:
    """An answer that sends the client on."""
    return answer(b"gone", f"Location: {location}", status=f"{status} Found")


@dataclass
class Loopback:
    """Serves until the end of the `with` block. `script` may be exchanged between requests."""

    script: Script = lambda _: [answer()]
    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    reads_bodies: bool = True
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    ended: int = 0
    _open: list[socket.socket] = field(default_factory=list)
    _over: Event = field(default_factory=Event)

    def __enter__(self) -> Self:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self._listener = socket.create_server((self.host, 0), family=family)
        self.port: int = self._listener.getsockname()[1]
        self._threads = [Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(2)
        for connection in self._open:
            with connection:
                _shut(connection)
        for thread in self._threads:
            thread.join(2)

    def url(self, path: str = "/", login: str = "") -> str:
        """Where it is to be found."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{login}{host}:{self.port}{path}"

    def wait_until(self, condition: Callable[[], bool], seconds: float = 2.0) -> bool:
        """Whether a condition comes true in time."""
        for _ in range(int(seconds / 0.01)):
            if condition():
                return True
            self._over.wait(0.01)
        return condition()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = Thread(target=self._serve, args=(connection, self.connections), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection.makefile("rb") as stream:
                while (request := self._read(stream, number)) and self._play(connection, request):
                    pass
        except (OSError, ValueError, IndexError):  # gone, or no HTTP at all
            pass
        finally:
            _shut(connection)
            connection.close()
            self.ended += 1

    def _read(self, stream, number: int) -> Request | None:
        line = stream.readline().decode("latin-1").split()
        if not line:
            return None
        headers = {}
        while field_line := stream.readline().decode("latin-1").strip():
            name, _, value = field_line.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0))) if self.reads_bodies else b""
        request = Request(number, line[0], line[1], headers, body)
        self.requests.append(request)
        return request

    def _play(self, connection: socket.socket, request: Request) -> bool:
        """Whether the connection goes on."""
        for step in self.script(request):
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, float):
                self._over.wait(step)
            else:
                if step is Then.RESET:  # closing with a linger time of 0 sends RST
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return False
            if self._over.is_set():
                return False
        return True


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def has_ipv6() -> bool:
    """Whether this machine has an IPv6 loopback."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def refused_url() -> str:
    """A URL where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"
