"""Puts the local gateway together: the deployed handlers behind HTTP ports and the pump, above the emulator and the journal."""

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from time import time
from unittest.mock import patch

import boto3

from eventgateway.settings import DashboardSettings, Mode, OutboundGuard, Settings, WebAddress
from functions.config import handler as config
from functions.dashboard import handler as dashboard
from functions.delivery import handler as delivery
from functions.router import handler as router
from local.bridge import Bridge
from local.emulator import Emulator
from local.functions import Functions, LocalFunction
from local.journal import Journal
from local.lambda_context import LambdaContext
from local.ownership import settle
from local.payload import Request, Response
from local.ports import Options, Ports
from local.pump import BATCH_SIZE, CONCURRENCY, Pump
from local.recorder import JournalRecorder
from local.resources import create_resources
from local.shutdown import Shutdown

log = logging.getLogger(__name__)

EVENTS_THREADS, CONFIG_THREADS, DASHBOARD_THREADS = 64, 16, 2
SETTINGS = ("ALLOWED_TARGETS", "PLUGIN", "RETRY_SCALE")  # variables that begin so are taken from the environment, and the operator key
OPERATOR_KEY = "GATEWAY_OPERATOR_KEY"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}  # https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
FIRST_PATHS = {Mode.STANDALONE: b"/v1/spaces/default/functions", Mode.HOSTED: b"/v1/tenants"}


def run(options: Options, ports: Ports, shutdown: Shutdown, ready: Callable[[Settings], None]) -> None:
    """Serve until the shutdown, and give what is running then ten seconds.

    Raises ListenError, JournalError, InvalidFunction and InvalidSettings (those of plugins).
    """
    with ExitStack() as stack:
        stack.callback(ports.close)
        functions = Functions([LocalFunction.parse(text) for text in options.functions])
        journal = Journal.open(options.data_dir)
        stack.callback(journal.close)
        emulator = stack.enter_context(Emulator(functions))
        functions.check()  # not before the emulator runs: files may build AWS clients when they are loaded
        settings = _resources(emulator, journal, options)
        _load_handlers(settings)
        _load_dashboard(settings, ports)
        pump = Pump(boto3.client("sqs"), settings.queue_url, delivery.handler, region=emulator.region)
        emulator.on_message(pump.wake)
        pump.start()
        asyncio.run(_serve(ports, shutdown, partial(ready, settings)))
        if not pump.stop(shutdown.seconds_left()):
            log.warning("some deliveries did not finish in time; they are made again after the next start")


def _resources(emulator: Emulator, journal: Journal, options: Options) -> Settings:
    environment = {name: value for name, value in os.environ.items() if name.startswith(SETTINGS) or name == OPERATOR_KEY}
    own = {"log_level": options.log_level, "delivery_concurrency": CONCURRENCY * BATCH_SIZE}
    given = Settings.given(environment)
    given |= settle(journal, options.hosted, given.get("operator_key", ""))
    settings = create_resources(outbound_guard=_guard(options), **own, **given)
    recorder = JournalRecorder(emulator, journal, settings)
    recorder.restore()
    emulator.record_with(recorder)
    return settings


def _guard(options: Options) -> OutboundGuard:
    if options.allow_private_targets:
        return OutboundGuard.OFF
    return OutboundGuard.ON if options.outbound_guard else OutboundGuard.AUTO


def _load_handlers(settings: Settings) -> None:
    """Build what the handlers keep in warm instances, and read the tables once, so that the first request is like any other."""
    os.environ.update(settings.to_env())
    for build in (router.api, config.api, delivery.worker):
        build.cache_clear()
        build()
    listing = Request("GET", FIRST_PATHS[settings.mode], b"", [(b"authorization", f"Bearer {settings.operator_key}".encode())])
    config.handler(listing.event("start", time()), LambdaContext("config", 30))


def _load_dashboard(settings: Settings, ports: Ports) -> None:
    """It is told where the APIs are. The functions of the user are not: these variables may mean something else to them."""
    addresses = WebAddress(ports.events.url), WebAddress(ports.config.url)
    with patch.dict(
        os.environ, DashboardSettings(*addresses, settings.mode, domain=settings.domain, log_level=settings.log_level).to_env()
    ):
        dashboard.site.cache_clear()
        dashboard.site()


async def _serve(ports: Ports, shutdown: Shutdown, ready: Callable[[], None]) -> None:
    """All ports at once: they begin to listen together."""
    events = Bridge("events", router.handler, ThreadPoolExecutor(EVENTS_THREADS, "events"))
    config_api = Bridge("config", config.handler, ThreadPoolExecutor(CONFIG_THREADS, "config"), answered=_refresh)
    pages = Bridge("dashboard", dashboard.handler, ThreadPoolExecutor(DASHBOARD_THREADS, "dashboard"))
    bridges = {ports.events: events, ports.dashboard: pages}
    ports.listen()
    async with asyncio.TaskGroup() as serving:
        for port in ports.all:
            serving.create_task(port.serve(bridges.get(port, config_api)))
        for port in ports.all:
            await port.started.wait()
        ready()
        shutdown.then(ports.stop)


def _refresh(request: Request, response: Response) -> None:
    """After a configuration write the other functions look at the tables anew, so it counts for the next request."""
    if request.method not in SAFE_METHODS and response.status < 300:  # noqa: PLR2004 - 2xx
        router.api().expire()
        delivery.worker().expire()
