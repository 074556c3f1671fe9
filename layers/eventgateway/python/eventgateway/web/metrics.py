"""The metrics of the original gateway as Prometheus text (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from eventgateway.core import usage
from eventgateway.core.caller import Caller
from eventgateway.core.errors import UnknownSpace
from eventgateway.core.ports import DeliveryQueue
from eventgateway.core.result import Result
from eventgateway.core.space import Space
from eventgateway.core.usage import ALL_SPACES, SEPARATOR, Counts, Histogram, series
from eventgateway.operations.spaces import Configuration
from eventgateway.operations.tenancy import Tenancy
from eventgateway.operations.usage import Usage

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
COUNTERS = (
    (usage.RECEIVED, "eventgateway_events_received_total", "Events received.", ("type",)),
    (usage.PROCESSED, "eventgateway_events_processed_total", "Events processed.", ("type",)),
    (usage.DROPPED, "eventgateway_events_dropped_total", "Events dropped, because an authorizer denied them.", ("type",)),
    (usage.DUPLICATES, "eventgateway_events_duplicates_total", "Events left out, because they were accepted before.", ()),
    (usage.DELIVERIES, "eventgateway_deliveries_total", "Attempts at async deliveries by their outcome.", ("outcome",)),
    (usage.CONFIG_REQUESTS, "eventgateway_config_requests_total", "Config API requests.", ("resource", "operation")),
)
HISTOGRAMS = (
    (usage.PROCESSING, "eventgateway_events_custom_processing_seconds", "From the arrival of an async event to the call of its function."),
    (usage.CONFIG_DURATION, "eventgateway_config_request_duration_seconds", "Duration of Config API requests."),
)
GAUGES = (
    ("event_types", "eventgateway_eventtypes_total", "Event types."),
    ("functions", "eventgateway_functions_total", "Functions."),
    ("subscriptions", "eventgateway_subscriptions_total", "Subscriptions."),
    ("cors", "eventgateway_cors_total", "CORS configurations."),
)
MOST_TENANTS, MOST_SPACES = 1000, 1000  # that the operator sees in one scrape: a read for each
BACKLOG = "eventgateway_events_backlog"
ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def exposition(spaces: Sequence[Space], totals: Mapping[str, Counts], backlog: int | None) -> str:
    """All metrics; counters by space from `totals`, gauges from the configuration.

    `backlog` is the length of the delivery queue, which is nobody's business but the operator's: None.
    """
    lines = [*_family(BACKLOG, "gauge", "Async deliveries waiting.", [] if backlog is None else [f"{BACKLOG} {backlog}"])]
    for prefix, name, text, labels in COUNTERS:
        lines += _family(name, "counter", text, _counter(name, prefix, labels, totals))
    for field, name, text in GAUGES:
        lines += _family(name, "gauge", text, (f'{name}{{space="{_escape(each.name)}"}} {len(getattr(each, field))}' for each in spaces))
    summed = _sum(totals.values())
    for histogram, name, text in HISTOGRAMS:
        lines += _family(name, "histogram", text, _histogram(name, histogram, summed))
    return "\n".join(lines) + "\n"


def collect(spaces: Configuration, usage: Usage, queue: DeliveryQueue | None) -> Result:
    """The answer to a scrape. Raises Unavailable."""
    known = spaces.latest("").spaces
    text = exposition([known[name] for name in sorted(known)], usage.totals([ALL_SPACES, *known]), queue.backlog() if queue else 0)
    return Result(200, {"content-type": CONTENT_TYPE}, text)


def collect_hosted(spaces: Configuration, usage: Usage, queue: DeliveryQueue | None, tenancy: Tenancy, caller: Caller) -> Result:
    """The same in hosted mode: a tenant sees what is its own, the operator what all use, though not what they have configured.

    Raises Unavailable.
    """
    if caller.is_operator:
        names = [app.space for tenant in tenancy.names("", MOST_TENANTS) for app in tenancy.store.apps(tenant)]
        text = exposition([], usage.totals([ALL_SPACES, *names[:MOST_SPACES]]), queue.backlog() if queue else 0)
        return Result(200, {"content-type": CONTENT_TYPE}, text)
    names = [app.space for app in tenancy.store.apps(caller.tenant) if caller.spaces is None or app.space in caller.spaces]
    own = [found for name in names if (found := _current(spaces, name))]
    return Result(200, {"content-type": CONTENT_TYPE}, exposition(own, usage.totals([each.name for each in own]), None))


def _current(spaces: Configuration, name: str) -> Space | None:
    """None if it was deleted a moment ago."""
    with suppress(UnknownSpace):
        return spaces.current(name)
    return None


def _family(name: str, type_: str, text: str, samples: Iterable[str]) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {type_}"
    yield from samples


def _counter(name: str, prefix: str, labels: tuple[str, ...], totals: Mapping[str, Counts]) -> Iterator[str]:
    for space, counts in sorted(totals.items()):
        for key, value in sorted(counts.items()):
            own, *values = key.split(SEPARATOR)
            if own == prefix:
                pairs = zip(("space", *labels), (space, *values), strict=True)
                shown = ",".join(f'{label}="{_escape(text)}"' for label, text in pairs)
                yield f"{name}{{{shown}}} {_number(value)}"


def _histogram(name: str, histogram: Histogram, counts: Counts) -> Iterator[str]:
    cumulative = histogram.cumulative(counts)
    bounds = [*(f"{bound:g}" for bound in histogram.bounds), "+Inf"]
    yield from (f'{name}_bucket{{le="{bound}"}} {_number(count)}' for bound, count in zip(bounds, cumulative, strict=True))
    yield f"{name}_sum {_number(counts.get(series(histogram.name, 'sum'), 0))}"
    yield f"{name}_count {_number(cumulative[-1])}"


def _sum(totals: Iterable[Counts]) -> Counts:
    summed: Counts = {}
    for counts in totals:
        for name, value in counts.items():
            summed[name] = summed.get(name, 0) + value
    return summed


def _number(value: float) -> str:
    return f"{value:.9g}" if value % 1 else str(int(value))


def _escape(text: str) -> str:
    return text.translate(ESCAPES)
