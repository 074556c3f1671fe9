"""Puts the gateway together: the one place where ports meet their adapters."""

from concurrent.futures import ThreadPoolExecutor

from eventgateway import plugin_loader, providers
from eventgateway.clock import SystemClock
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.observe import configure_logs
from eventgateway.operations.deliver import Deliverer
from eventgateway.operations.manage import Manager
from eventgateway.operations.receive import Receiver
from eventgateway.operations.secrets import Secrets
from eventgateway.operations.spaces import Spaces
from eventgateway.operations.usage import Usage
from eventgateway.outbound import Network
from eventgateway.queue import SqsQueue
from eventgateway.settings import InvalidSettings, Mode, Settings
from eventgateway.storage.dead_letters import DynamoDeadLetters
from eventgateway.storage.dynamodb import DynamoConfigStore
from eventgateway.storage.usage import DynamoUsage
from eventgateway.vault import KmsVault
from eventgateway.web.config_api import ConfigApi
from eventgateway.web.events_api import EventsApi


def events_api(settings: Settings) -> EventsApi:
    """The router function."""
    configure_logs(settings.log_level)
    ports = (spaces(settings), SqsQueue(settings.queue_url), Network(), SystemClock())
    return EventsApi(Receiver(*ports, settings.request_seconds, plugin_loader.load(settings), usage(settings), secrets(settings)))


def config_api(settings: Settings) -> ConfigApi:
    """The config function."""
    configure_logs(settings.log_level)
    return ConfigApi(Manager(spaces(settings), secrets=secrets(settings)), usage(settings), SqsQueue(settings.queue_url))


def delivery_worker(settings: Settings) -> DeliveryWorker:
    """The delivery function."""
    configure_logs(settings.log_level)
    known, queue, dead_letters = spaces(settings), SqsQueue(settings.queue_url), DynamoDeadLetters(settings.records_table)
    ports, plugins = (known, queue, dead_letters, Network(), SystemClock()), plugin_loader.load(settings)
    counts, opened = usage(settings), secrets(settings)
    deliverer = Deliverer(*ports, delivery_seconds=settings.delivery_seconds, plugins=plugins, usage=counts, secrets=opened)
    return DeliveryWorker(deliverer, queue, ThreadPoolExecutor(settings.delivery_concurrency, "delivery"))


def spaces(settings: Settings) -> Spaces:
    """The configuration as one instance knows it. Raises InvalidSettings in hosted mode: without keys it would be open to everybody."""
    if settings.mode is Mode.HOSTED:
        raise InvalidSettings("GATEWAY_MODE='hosted': tenants and access keys are not there yet, use standalone")
    store = DynamoConfigStore(settings.config_table)
    return Spaces(store, providers.load(), SystemClock(), settings.config_ttl, settings.config_max_stale)


def usage(settings: Settings) -> Usage:
    """The counters of one instance."""
    return Usage(DynamoUsage(settings.records_table), SystemClock())


def secrets(settings: Settings) -> Secrets:
    """The secrets of functions, as one instance opens them."""
    return Secrets(KmsVault(settings.secrets_key), SystemClock())
