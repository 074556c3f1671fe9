"""An HTTP function that fails some of its calls, and remembers those it answered well."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from time import monotonic

from benchmarks.http_wire import Message, message, read_message

CLOSE_SECONDS = 0.01

Succeeded = Callable[[str, str], None]  # event id, delivery id


class Fault(Enum):
    """How a call fails."""

    ERROR = "500"
    DROPPED = "dropped connection"
    SLOW = "slow 503"


FAULTS = tuple(Fault)
OK = message("HTTP/1.1 200 OK", {}, b"ok")
ERROR = message("HTTP/1.1 500 Internal Server Error", {})
SLOW = message("HTTP/1.1 503 Service Unavailable", {})


@dataclass(slots=True)
class FailingTarget:
    """Fails a `rate` of its calls, one third in each way, and all of them in the `outage` seconds from the first call on."""

    succeeded: Succeeded
    rate: float
    slow_seconds: float
    outage: float = 0.0
    random: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - the same faults in each run
    faults: Counter[Fault] = field(default_factory=Counter)
    _connections: set[StreamWriter] = field(default_factory=set)
    _first_call: float | None = None

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Serve on a free port of the loopback; yields the URL."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        server.close()
        while self._connections:
            for each in self._connections:
                each.close()
            await asyncio.sleep(CLOSE_SECONDS)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while answer := await self._answer(await read_message(reader)):
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the gateway is done with this connection, or gone
        finally:
            writer.close()
            self._connections.discard(writer)

    async def _answer(self, call: Message) -> bytes:
        """Nothing where the connection is dropped."""
        fault = self._fault()
        if fault is None:
            self.succeeded(call.headers["x-event-id"], call.headers["x-delivery-id"])
            return OK
        self.faults[fault] += 1
        if fault is Fault.SLOW:
            await asyncio.sleep(self.slow_seconds)
            return SLOW
        return ERROR if fault is Fault.ERROR else b""

    def _fault(self) -> Fault | None:
        self._first_call = self._first_call or monotonic()
        if monotonic() - self._first_call < self.outage:
            return Fault.ERROR
        return self.random.choice(FAULTS) if self.random.random() < self.rate else None
