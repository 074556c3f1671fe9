"""Where the gateway listens, and what else the command is told."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.listener import Listener, ListenError, Tls

log = logging.getLogger(__name__)

CONNECTIONS_PORT, DASHBOARD_PORT = 4002, 4003


@dataclass(frozen=True, slots=True)
class Options:
    """What the command was told. Without a `connections_port` 4002 is taken if it is free, without a `dashboard_port` 4003."""

    data_dir: Path
    host: str = "127.0.0.1"
    events_port: int = 4000
    config_port: int = 4001
    connections_port: int | None = None
    dashboard_port: int | None = None
    events_tls: Tls | None = None
    config_tls: Tls | None = None
    functions: Sequence[str] = ()
    log_level: str = "info"
    outbound_guard: bool = False
    hosted: str | None = None  # the domain of hosted mode
    allow_private_targets: bool = False


@dataclass(slots=True)
class Ports:
    """Where the gateway listens. It can do without Connections and dashboard, unless their ports were asked for."""

    options: Options
    events: Listener
    config: Listener
    connections: Listener | None = None
    dashboard: Listener | None = None  # never with TLS: what it tells browsers of HTTPS would count for all ports of this machine

    @classmethod
    def bind(cls, options: Options) -> "Ports":
        """Raises ListenError if an address cannot be had."""
        with ExitStack() as bound:
            events = bound.enter_context(closing(Listener("Events API", options.host, options.events_port, options.events_tls)))
            config = bound.enter_context(closing(Listener("Config API", options.host, options.config_port, options.config_tls)))
            ports = cls(options, events, config)
            bound.callback(ports.close)
            number = CONNECTIONS_PORT if options.connections_port is None else options.connections_port
            with ports._optional("connections"):
                ports.connections = Listener("Connections API", options.host, number, options.config_tls)
            number = DASHBOARD_PORT if options.dashboard_port is None else options.dashboard_port
            with ports._optional("dashboard"):
                ports.dashboard = Listener("Dashboard", options.host, number)
            bound.pop_all()
        return ports

    def listen(self) -> None:
        """Let clients connect. Raises ListenError if another process was quicker, in the time since `bind`."""
        self.events.listen()
        self.config.listen()
        if self.connections is not None:
            with self._optional("connections"):
                self.connections.listen()
        if self.dashboard is not None:
            with self._optional("dashboard"):
                self.dashboard.listen()

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
        return [each for each in (self.events, self.config, self.connections, self.dashboard) if each is not None]

    @contextmanager
    def _optional(self, name: str) -> Iterator[None]:
        """Go on without one of them if it may be."""
        try:
            yield
        except ListenError as error:
            if getattr(self.options, f"{name}_port") is not None:
                raise
            log.warning("%s; going on without it, --%s-port takes another", error, name)
            if listener := getattr(self, name):
                listener.close()
            setattr(self, name, None)
