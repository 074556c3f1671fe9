"""Just enough HTTP/1.1 for emitters and targets that must not cost more than the gateway they measure."""

from asyncio import StreamReader
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A request or response with a `Content-Length`; names of headers are in lower case."""

    start: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def status(self) -> int:
        """Of a response."""
        return int(self.start.split(" ", 2)[1])


async def read_message(reader: StreamReader) -> Message:
    """The next message of a connection. Raises asyncio.IncompleteReadError at its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = head[:-4].split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Message(start, headers, await reader.readexactly(int(headers.get("content-length", 0))))


def message(start: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """As it goes over the wire."""
    lines = [start, *(f"{name}: {value}" for name, value in headers.items()), f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
