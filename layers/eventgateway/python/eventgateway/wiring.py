"""Puts the gateway together: the one place where ports meet their adapters."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from ssl import SSLContext, create_default_context

from eventgateway import plugin_loader, providers
from eventgateway.clock import SystemClock
from eventgateway.core import limits
from eventgateway.core.bearer import is_key
from eventgateway.core.erasure import ERASING, Rests
from eventgateway.core.guard import OFF, Guard, PublicOnly
from eventgateway.core.hosting import STANDALONE, Hosted, Standalone, is_domain
from eventgateway.core.own_role import EVERYBODYS, OperatorsRole, OwnRole
from eventgateway.core.quota import Quota
from eventgateway.core.retry import DEFAULT_RETRY
from eventgateway.delivery_worker import DeliveryWorker
from eventgateway.http_client import HttpClient
from eventgateway.observe import configure_logs
from eventgateway.operations.admission import Admission, GivenKey
from eventgateway.operations.borders import Borders, Doors
from eventgateway.operations.dead_letters import DeadLetterOffice
from eventgateway.operations.deliver import Deliverer
from eventgateway.operations.emit_guard import EmitGuard
from eventgateway.operations.erase import GRACE_SECONDS, Eraser, ErasureRunner
from eventgateway.operations.hosted_spaces import HostedSpaces
from eventgateway.operations.key_ring import KeyRing
from eventgateway.operations.limiter import Limiter
from eventgateway.operations.manage import Manager
from eventgateway.operations.outbox import Outbox
from eventgateway.operations.receive import Receiver
from eventgateway.operations.redrive import Redriver, RedriveRunner
from eventgateway.operations.secrets import Secrets
from eventgateway.operations.spaces import Configuration, Spaces
from eventgateway.operations.tenancy import Tenancy
from eventgateway.operations.usage import NO_USAGE, Usage
from eventgateway.operations.usage_report import UsageReport
from eventgateway.operator_key import SecretsManagerKey
from eventgateway.outbound import Network
from eventgateway.queue import SqsQueue
from eventgateway.settings import InvalidSettings, Mode, Settings
from eventgateway.storage.attempts import DynamoAttempts
from eventgateway.storage.claims import DynamoClaims
from eventgateway.storage.dead_letters import DynamoDeadLetters
from eventgateway.storage.dynamodb import DynamoConfigStore
from eventgateway.storage.erasures import DynamoErasures
from eventgateway.storage.leases import DynamoLeases
from eventgateway.storage.payloads import S3Payloads
from eventgateway.storage.redrives import DynamoRedrives
from eventgateway.storage.remains import ConfigurationRemains, RecordRemains
from eventgateway.storage.tenants import DynamoTenants
from eventgateway.storage.usage import DynamoUsage
from eventgateway.token_verifier import JwtVerifier
from eventgateway.vault import KmsVault
from eventgateway.web.config_api import ConfigApi
from eventgateway.web.dead_letters_api import DeadLettersApi
from eventgateway.web.events_api import EventsApi
from eventgateway.web.tenants_api import TenantsApi


def events_api(settings: Settings) -> EventsApi:
    """The router function."""
    configure_logs(settings.log_level)
    outbound = network(settings)
    ports = (
        spaces(settings),
        outbox(settings, SqsQueue(settings.queue_url)),
        outbound,
        SystemClock(),
        DynamoClaims(settings.records_table),
    )
    counting = usage(settings)
    own = (settings.request_seconds, plugin_loader.load(settings), counting, secrets(settings), hosting(settings))
    checks = (emit_guard(outbound).check, limiter(settings, counting).check)  # who may not emit uses up nothing
    return EventsApi(Receiver(*ports, *own, checks))


def config_api(settings: Settings) -> ConfigApi:
    """The config function."""
    configure_logs(settings.log_level)
    known, queue = spaces(settings), SqsQueue(settings.queue_url)
    office = DeadLetterOffice(redriver(settings, known, outbox(settings, queue)), DynamoRedrives(settings.records_table))
    manager = Manager(
        known,
        secrets=secrets(settings),
        guard=guard(settings),
        hosting=hosting(settings),
        own_role=own_role(settings),
        limits=quota(settings),
    )
    tenants = TenantsApi(tenancy(settings), eraser(settings, queue), report(settings)) if settings.mode is Mode.HOSTED else None
    return ConfigApi(manager, usage(settings), queue, DeadLettersApi(office), doors(settings), tenants)


def delivery_worker(settings: Settings) -> DeliveryWorker:
    """The delivery function."""
    configure_logs(settings.log_level)
    known, queue = spaces(settings), SqsQueue(settings.queue_url)
    sending = outbox(settings, queue)
    redriving = redriver(settings, known, sending)
    deliverer = Deliverer(
        known,
        sending,
        redriving.letters,
        DynamoAttempts(settings.records_table),
        network(settings),
        SystemClock(),
        replace(DEFAULT_RETRY, scale=settings.retry_scale),
        settings.delivery_seconds,
        plugin_loader.load(settings),
        usage(settings),
        secrets(settings),
    )
    runner = RedriveRunner(redriving, DynamoRedrives(settings.records_table))
    pool = ThreadPoolExecutor(settings.delivery_concurrency, "delivery")
    is_hosted = settings.mode is Mode.HOSTED
    return DeliveryWorker(deliverer, queue, pool, runner, is_hosted, erasures(settings, queue) if is_hosted else None)


def outbox(settings: Settings, queue: SqsQueue) -> Outbox:
    """What leaves for the queue."""
    return Outbox(queue, S3Payloads(settings.payload_bucket))


def redriver(settings: Settings, known: Configuration, sending: Outbox) -> Redriver:
    """What queues dead letters anew."""
    return Redriver(known, DynamoDeadLetters(settings.records_table, sending.payloads), sending, SystemClock())


def spaces(settings: Settings) -> Configuration:
    """The configuration as one instance knows it."""
    owner = hosting(settings)
    store = DynamoConfigStore(settings.config_table, shared=not isinstance(owner, Hosted))
    ports, patience = (store, providers.load(), SystemClock()), (settings.config_ttl, settings.config_max_stale)
    return HostedSpaces(*ports, owner, *patience) if isinstance(owner, Hosted) else Spaces(*ports, *patience)


def hosting(settings: Settings) -> Standalone:
    """Who shares the gateway. Raises InvalidSettings."""
    if settings.domain and not is_domain(settings.domain):
        raise InvalidSettings(
            f"GATEWAY_DOMAIN={settings.domain!r}: a name such as events.example.com, in lower case, without https:// or *."
        )
    return Hosted(settings.domain) if settings.mode is Mode.HOSTED else STANDALONE


def tenancy(settings: Settings) -> Tenancy:
    """The tenants of hosted mode."""
    return Tenancy(DynamoTenants(settings.config_table, settings.records_table), SystemClock())


def eraser(settings: Settings, queue: SqsQueue) -> Eraser:
    """What begins to delete tenants and applications."""
    rests = Rests(GRACE_SECONDS * settings.retry_scale, settings.config_max_stale * settings.retry_scale)
    stores = (tenancy(settings).store, DynamoConfigStore(settings.config_table, shared=False), DynamoErasures(settings.config_table))
    return Eraser(*stores, queue, SystemClock(), rests)


def erasures(settings: Settings, queue: SqsQueue) -> ErasureRunner:
    """What deletes them."""
    payloads = S3Payloads(settings.payload_bucket)
    tables = (ConfigurationRemains(settings.config_table), RecordRemains(settings.records_table))
    return ErasureRunner(eraser(settings, queue), dict(zip(ERASING, (*tables, payloads), strict=True)))


def doors(settings: Settings) -> Doors | None:
    """Who may use the Config API; None is everybody. Raises InvalidSettings."""
    operator = admission(settings)
    return Borders(KeyRing(tenancy(settings).store, SystemClock()), operator) if settings.mode is Mode.HOSTED else operator


def network(settings: Settings) -> Network:
    """The way out to functions, with the outbound guard before it, and the gateway's own role behind."""
    return Network(HttpClient(guard=guard(settings), tls=trust()), own_role=own_role(settings))


@cache
def trust() -> SSLContext:
    """The certificates of this system. Reading them takes tens of milliseconds, so it is done once in a process."""
    return create_default_context()


def emit_guard(outbound: Network) -> EmitGuard:
    """What lets only those emit to a space who may."""
    return EmitGuard(JwtVerifier(outbound.http, SystemClock()), SystemClock())


def guard(settings: Settings) -> Guard:
    """The outbound guard that the settings ask for."""
    return PublicOnly() if settings.is_guarded else OFF


def own_role(settings: Settings) -> OwnRole:
    """Whose the gateway's own role is. Raises InvalidSettings."""
    if settings.mode is not Mode.HOSTED:
        return EVERYBODYS
    arns = filter(None, map(str.strip, settings.allowed_targets.split(",")))
    try:
        return OperatorsRole.of(arns, settings.queue_url)
    except ValueError as error:
        raise InvalidSettings(f"ALLOWED_TARGETS: {error}") from error


def usage(settings: Settings) -> Usage:
    """The counters of one instance."""
    is_hosted = settings.mode is Mode.HOSTED
    return Usage(DynamoUsage(settings.records_table, hosted=is_hosted), SystemClock(), by_day=is_hosted)


def report(settings: Settings) -> UsageReport:
    """What is shown of these counters by day."""
    return UsageReport(DynamoUsage(settings.records_table, hosted=True), SystemClock())


def quota(settings: Settings) -> Quota:
    """The limits of spaces that have none of their own."""
    return Quota("", *settings.quota)


def limiter(settings: Settings, counting: Usage) -> Limiter:
    """What keeps the limits of spaces. What it admits is counted in hosted mode."""
    counts = counting if settings.mode is Mode.HOSTED else NO_USAGE
    return Limiter(DynamoLeases(settings.records_table), SystemClock(), quota(settings), counts)


def admission(settings: Settings) -> Admission | None:
    """Whoever has the operator key; None if there is no key. Raises InvalidSettings."""
    key, secret = settings.operator_key, settings.operator_key_secret
    if key and secret:
        raise InvalidSettings("GATEWAY_OPERATOR_KEY and GATEWAY_OPERATOR_KEY_SECRET: only one of them can be set")
    if secret:
        return Admission(SecretsManagerKey(secret), SystemClock())
    if key and not is_key(key):
        raise InvalidSettings(f"GATEWAY_OPERATOR_KEY: must be visible ASCII, at most {limits.KEY} characters")
    return Admission(GivenKey(key), SystemClock()) if key else None


def secrets(settings: Settings) -> Secrets:
    """The secrets of functions, as one instance opens them."""
    return Secrets(KmsVault(settings.secrets_key), SystemClock())
