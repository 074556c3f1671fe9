"""Sends numbered events to the Events API over some connections at a time."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

from benchmarks.http_wire import message, read_message

ACCEPTED = 202
AGAIN_SECONDS = 0.1
EVENT_TYPE = "soak.happened"

Accepted = Callable[[str], None]  # event id


@dataclass(frozen=True, slots=True)
class Emitter:
    """Emits until every event was accepted: what was refused, or not answered, is sent again under the same id."""

    port: int
    accepted: Accepted
    refused: Callable[[], None]

    async def emit(self, events: int, connections: int) -> None:
        """Return when all events are accepted."""
        numbers = iter(range(events))
        async with asyncio.TaskGroup() as sending:
            for _ in range(connections):
                sending.create_task(self._send_all(numbers))

    async def _send_all(self, numbers: Iterator[int]) -> None:
        connection = Connection(self.port)
        for number in numbers:
            event_id = f"soak-{number}"
            for attempt in count():
                if attempt:
                    await asyncio.sleep(AGAIN_SECONDS)
                if await connection.send(event(event_id, number)) == ACCEPTED:
                    break
                self.refused()
            self.accepted(event_id)
        connection.close()


class Connection:
    """One connection at a time to the Events API, made again when it was lost."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[StreamReader, StreamWriter] | None = None

    async def send(self, request: bytes) -> int | None:
        """The status of the answer, None if there was none."""
        try:
            reader, writer = self._streams = self._streams or await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(request)
            return (await read_message(reader)).status
        except (asyncio.IncompleteReadError, ConnectionError):
            self.close()
            return None

    def close(self) -> None:
        """Once more does no harm."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def event(event_id: str, number: int) -> bytes:
    """A CloudEvent in binary mode."""
    headers = {
        "Host": "localhost",
        "Content-Type": "application/json",
        "CE-EventType": EVENT_TYPE,
        "CE-CloudEventsVersion": "0.1",
        "CE-Source": "/soak",
        "CE-EventID": event_id,
    }
    return message("POST / HTTP/1.1", headers, b'{"number": %d}' % number)
