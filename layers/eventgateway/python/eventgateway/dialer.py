"""Connections to hosts: the name is looked up once, its addresses are checked, and one of these very addresses is connected to."""

import logging
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from time import monotonic
from typing import Any

from eventgateway.core.errors import FunctionUnreachable
from eventgateway.core.guard import Guard

log = logging.getLogger(__name__)

LOOK_UPS = 64  # at a time; one that is stuck keeps its place until the system gives it up
ADDRESS_LIMIT = 8  # to try; a name may have thousands

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]


class Dialer:
    """Thread-safe. Names are looked up in threads, since the system's own look-up knows no deadline."""

    def __init__(self, guard: Guard, look_ups: int = LOOK_UPS) -> None:
        self._guard, self._places = guard, BoundedSemaphore(look_ups)
        self._threads = ThreadPoolExecutor(look_ups, "look-up")

    def dial(self, host: str, port: int, deadline: float) -> socket.socket:
        """A socket that is connected to the host. Raises OSError, FunctionRefused, FunctionUnreachable."""
        addresses = self._look_up(host, port, deadline)
        self._guard.check_addresses(str(address[0]) for *_, address in addresses)
        return _connect(addresses[:ADDRESS_LIMIT], deadline)

    def _look_up(self, host: str, port: int, deadline: float) -> Sequence[Address]:
        if not self._places.acquire(timeout=left(deadline)):
            log.warning("no host name could be looked up: all threads wait for name servers")
            raise FunctionUnreachable("too many host names are being looked up")
        answer = self._threads.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        answer.add_done_callback(lambda _: self._places.release())
        return answer.result(left(deadline))


def left(deadline: float) -> float:
    """Seconds until a reading of the monotonic clock. Raises TimeoutError if there are none."""
    seconds = deadline - monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _connect(addresses: Sequence[Address], deadline: float) -> socket.socket:
    """Connect to the first address that answers; each gets an equal share of the time that is left."""
    for number, (family, type_, protocol, _, address) in enumerate(addresses, 1):
        raw = socket.socket(family, type_, protocol)
        try:
            raw.settimeout(left(deadline) / (len(addresses) - number + 1))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            raw.connect(address)
        except OSError:
            raw.close()
            if number == len(addresses):
                raise
        else:
            return raw
    raise OSError("the host has no address")
