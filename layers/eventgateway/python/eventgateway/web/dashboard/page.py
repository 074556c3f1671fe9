"""The pages as HTML. Whatever comes from settings or requests is escaped where it is put in."""

from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from eventgateway import __version__
from eventgateway.settings import DashboardSettings, Mode
from eventgateway.web.dashboard.addresses import space_url
from eventgateway.web.dashboard.assets import address
from eventgateway.web.dashboard.steps import Step, first_steps

MODES = {
    Mode.STANDALONE: "standalone: one owner, all spaces share their paths",
    Mode.HOSTED: "hosted: many tenants, each space has paths of its own",
}
TENANT_AND_APP = "<tenant>-<app>"
DOCS = {
    "api.md": "Both APIs: how requests become events, every route, every error",
    "delivery.md": "What becomes of an event: retries, dead letters, delivering again",
    "security.md": "The operator key, secrets of functions, signed requests, what functions may reach",
    "hosting.md": "Hosted mode: tenants, access keys, subdomains, limits",
    "configuration.md": "Settings and limits",
    "plugins.md": "Code of your own that vetoes or changes events",
    "migrating.md": "Coming from serverless/event-gateway: its SDK and its plugin",
}


@cache  # settings of one instance do not change
def front_page(settings: DashboardSettings) -> str:
    """Where the gateway is, and how to begin."""
    steps = "".join(_step(number, each) for number, each in enumerate(first_steps(settings), 1))
    events = space_url(settings.events_url, settings.domain, TENANT_AND_APP) if settings.mode is Mode.HOSTED else settings.events_url
    facts = {"events": events, "config": settings.config_url, "version": __version__, "mode": MODES[settings.mode]}
    links = "".join(_document(settings.docs_url, name, about) for name, about in DOCS.items())
    return _layout("Event Gateway", _fill("front", **facts) + _fill("guide", steps=_Html(steps), links=_Html(links)))


def error_page(title: str, text: str) -> str:
    """What went wrong, and the way back."""
    return _layout(f"{title} · Event Gateway", _fill("error", title=title, text=text))


class _Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def _layout(title: str, content: str) -> str:
    return _fill("layout", title=title, style=address("style.css"), icon=address("icon.svg"), content=_Html(content))


def _step(number: int, step: Step) -> str:
    return _fill("step", number=str(number), title=step.title, text=step.text, command=step.command)


def _document(place: str, name: str, about: str) -> str:
    """A link to a page of the documentation, or its name where nobody said where the documentation is."""
    if not place.startswith(("https://", "http://")):
        return _fill("document", name=f"docs/{name}", about=about)
    return _fill("link", address=f"{place.rstrip('/')}/{name}", name=f"docs/{name}", about=about)


def _fill(template: str, **values: str) -> str:
    shown = {name: text if isinstance(text, _Html) else escape(text) for name, text in values.items()}
    return _template(template).substitute(shown)


@cache
def _template(name: str) -> Template:
    return Template(files(__package__).joinpath("templates", f"{name}.html").read_text(encoding="utf-8"))
