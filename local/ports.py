"""Where the gateway listens, and what else the command is told."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.listener import Listener, ListenError, Tls

log = logging.getLogger(__name__)

CONNECTIONS_PORT = 4002


@dataclass(frozen=True, slots=True)
class Options:
    """What the command was told. Without a `connections_port` 4002 is taken if it is free."""

    data_dir: Path
    host: str = "127.0.0.1"
    events_port: int = 4000
    config_port: int = 4001
    connections_port: int | None = None
    events_tls: Tls | None = None
    config_tls: Tls | None = None
    functions: Sequence[str] = ()
    log_level: str = "info"
    outbound_guard: bool = False


@dataclass(slots=True)
class Ports:
    """Where the gateway listens. Connections may go without, unless its port was asked for."""

    options: Options
    events: Listener
    config: Listener
    connections: Listener | None = None

    @classmethod
    def bind(cls, options: Options) -> "Ports":
        """Raises ListenError if an address cannot be had."""
        with ExitStack() as bound:
            events = bound.enter_context(closing(Listener("Events API", options.host, options.events_port, options.events_tls)))
            config = bound.enter_context(closing(Listener("Config API", options.host, options.config_port, options.config_tls)))
            ports = cls(options, events, config)
            number = CONNECTIONS_PORT if options.connections_port is None else options.connections_port
            with ports._optional():
                ports.connections = Listener("Connections API", options.host, number, options.config_tls)
            bound.pop_all()
        return ports

    def listen(self) -> None:
        """Let clients connect. Raises ListenError if another process was quicker, in the time since `bind`."""
        self.events.listen()
        self.config.listen()
        if self.connections is not None:
            with self._optional():
                self.connections.listen()

    def stop(self) -> None:
        """Accept nothing more and let running requests finish."""
        for port in self.all:
            port.stop()

    def close(self) -> None:
        """Give all addresses back."""
        for port in self.all:
            port.close()

    @property
    def all(self) -> list[Listener]:
        """In the order they are told."""
        return [each for each in (self.events, self.config, self.connections) if each is not None]

    @contextmanager
    def _optional(self) -> Iterator[None]:
        """Go on without Connections if it may be."""
        try:
            yield
        except ListenError as error:
            if self.options.connections_port is not None:
                raise
            log.warning("%s; going on without it, --connections-port takes another", error)
            if self.connections is not None:
                self.connections.close()
            self.connections = None
