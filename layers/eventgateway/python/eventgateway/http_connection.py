"""Connections for http.client that keep a deadline and a size limit, and the pool in which they wait for their next use."""

import io
import select
import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection, IncompleteRead
from ssl import SSLContext
from threading import Lock
from time import monotonic
from typing import cast

from eventgateway.core.errors import FunctionFailed
from eventgateway.dialer import Dialer, left

IDLE_LIMIT, IDLE_SECONDS = 256, 50.0  # a Lambda function may open 1,024 files
HEAD_LIMIT = 256 * 1024  # interim answers and headers, of which http.client takes 99
WIRE_FACTOR = 2  # what a body may be on the wire: sizes of chunks, trailers
CONTINUE, OK = 100, 200

Key = tuple[str, str, int]  # scheme, host, port


class Pool:
    """Idle connections. The one used last is taken first; over the limit, the host not used for longest loses one."""

    def __init__(self) -> None:
        self._lock, self._size = Lock(), 0
        self._connections: dict[Key, list[tuple[float, HTTPConnection]]] = {}

    def take(self, key: Key) -> HTTPConnection | None:
        """A connection on which nothing has arrived since its last answer."""
        while entry := self._pop(key):
            since, connection = entry
            if monotonic() - since < IDLE_SECONDS and _is_quiet(connection):
                return connection
            connection.close()
        return None

    def put(self, key: Key, connection: HTTPConnection) -> None:
        """Keep a connection whose answer was read to its end."""
        with self._lock:
            self._connections[key] = [*self._connections.pop(key, ()), (monotonic(), connection)]
            self._size += 1
            oldest = next(iter(self._connections)) if self._size > IDLE_LIMIT else None
        if oldest and (entry := self._pop(oldest, 0)):
            entry[1].close()

    def close(self) -> None:
        """Close them all."""
        with self._lock:
            connections, self._connections, self._size = self._connections, {}, 0
        for entries in connections.values():
            for _, connection in entries:
                connection.close()

    def _pop(self, key: Key, place: int = -1) -> tuple[float, HTTPConnection] | None:
        with self._lock:
            connections = self._connections.get(key)
            if not connections:
                return None
            self._size -= 1
            if len(connections) == 1:
                del self._connections[key]
            return connections.pop(place)


def new_connection(key: Key, tls: SSLContext) -> HTTPConnection:
    """One that is not connected yet."""
    scheme, host, port = key
    connection = HTTPSConnection(host, port, context=tls) if scheme == "https" else HTTPConnection(host, port)
    connection.response_class = _Response
    return connection


def connect(connection: HTTPConnection, dialer: Dialer, tls: SSLContext, deadline: float, answer_limit: int) -> None:
    """Connect if need be, and set the bounds of the exchange; its operations raise OSError and FunctionFailed when they go over them."""
    if not isinstance(connection.sock, _BoundedSocket):
        raw = dialer.dial(connection.host, connection.port, deadline)
        if isinstance(connection, HTTPSConnection):
            raw.settimeout(left(deadline))
            raw = tls.wrap_socket(raw, server_hostname=connection.host)
        connection.sock = _BoundedSocket(raw)
    connection.sock.begin(deadline, WIRE_FACTOR * answer_limit)


class _BoundedSocket(io.RawIOBase):
    """A connected socket as http.client needs it, whose operations end at the deadline and at the size limit of the exchange.

    What is sent waits until the answer is read, so that head and body leave together.
    """

    def __init__(self, raw: socket.socket) -> None:
        self.raw, self.deadline, self.outgoing = raw, 0.0, bytearray()
        self.receivable = self.body_limit = 0

    def begin(self, deadline: float, body_limit: int) -> None:
        self.deadline, self.receivable, self.body_limit = deadline, HEAD_LIMIT, body_limit

    def arm(self) -> None:
        self.raw.settimeout(left(self.deadline))

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def sendall(self, data: bytes) -> None:
        self.outgoing += data

    def flush_outgoing(self) -> None:
        view, self.outgoing = memoryview(self.outgoing), bytearray()
        with suppress(BrokenPipeError, ConnectionResetError):  # who refuses a body may have answered before it was sent
            while view:  # sendall of TLS sockets would start its time-out anew for every record
                self.arm()
                view = view[self.raw.send(view) :]

    def fileno(self) -> int:
        return self.raw.fileno()

    def close(self) -> None:
        super().close()
        self.raw.close()


class _Reader(io.RawIOBase):
    """The receiving side; it outlives the socket, which http.client closes before it reads an answer that ends the connection."""

    def __init__(self, owner: _BoundedSocket) -> None:
        self.owner, self.stream, self.at_end = owner, owner.raw.makefile("rb", buffering=0), False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        if self.owner.outgoing:
            self.owner.flush_outgoing()
        self.owner.arm()
        count = self.stream.readinto(cast("bytearray", buffer)) or 0
        self.at_end = count == 0
        self.owner.receivable -= count
        if self.owner.receivable < 0:
            raise FunctionFailed("the answer is too large")
        return count

    def close(self) -> None:
        super().close()
        self.stream.close()


class _Response(HTTPResponse):
    """Stricter than http.client in what is an answer."""

    def _read_status(self) -> tuple[str, int, str]:
        """Skip every interim answer, not only 100 (RFC 9110, section 15.2)."""
        version, status, reason = super()._read_status()  # type: ignore[misc] # there is no public hook
        return version, status if status >= OK else CONTINUE, reason

    def begin(self) -> None:
        """Read the head. Raises IncompleteRead if the connection ends in it, which http.client takes for the end of the head."""
        super().begin()
        reader = cast("_Reader", self.fp.raw)
        if reader.at_end:
            raise IncompleteRead(b"")
        reader.owner.receivable += reader.owner.body_limit


def _is_quiet(connection: HTTPConnection) -> bool:
    """Whether an idle connection is still open: a closed one is readable."""
    if connection.sock is None:
        return False
    poll = select.poll()
    poll.register(connection.sock.fileno(), select.POLLIN)
    return not poll.poll(0)
