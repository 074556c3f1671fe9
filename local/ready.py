"""What the command tells when the gateway is ready: where everything is, and how to begin."""

from pathlib import Path

from eventgateway.settings import Mode, Settings
from eventgateway.web.dashboard.addresses import space_url, way_there
from local.ports import Ports

PLACES = """The event gateway is ready{mode}.
  Events API   {events}
  Config API   {config}{connections}{dashboard}
  Data         {data}
"""
STANDALONE = """A first event type:
  curl -X POST {config}/v1/spaces/default/eventtypes -H 'Content-Type: application/json' -d '{{"name": "user.created"}}'"""
HOSTED = """  Spaces       {space}, or {events}/<tenant>-<app>
  Operator key {key}
A first tenant, whose access key is in the answer:
  curl -X POST {config}/v1/tenants -H "Authorization: Bearer {told}" -H 'Content-Type: application/json' \\
    -d '{{"tenant": "acme", "app": "shop"}}'
Its space:
  {look}"""
KEY = "GATEWAY_OPERATOR_KEY"


def message(ports: Ports, data_dir: Path, settings: Settings, given_key: str) -> str:
    """`given_key` is the operator key of the environment, which is not shown."""
    hosted = settings.mode is Mode.HOSTED
    places = {
        "mode": f" in hosted mode, for the subdomains of {settings.domain}" if hosted else "",
        "events": ports.events.url,
        "config": ports.config.url,
        "connections": f", Connections API {ports.connections.url}" if ports.connections else "",
        "dashboard": f"\n  Dashboard    {ports.dashboard.url}" if ports.dashboard else "",
        "data": data_dir.resolve(),
    }
    rest = HOSTED.format(**places, **_hosted(ports.events.url, settings, given_key)) if hosted else STANDALONE.format(**places)
    return PLACES.format(**places) + rest


def _hosted(events: str, settings: Settings, given_key: str) -> dict[str, str]:
    space, example = (space_url(events, settings.domain, name) for name in ("<tenant>-<app>", "acme-shop"))
    key = f"${KEY}, as given" if given_key else f"{settings.operator_key}  (kept with the data)"
    look = f"curl -i {way_there(events, settings.domain)}{example}/"
    return {"space": space, "look": look, "key": key, "told": f"${KEY}" if given_key else settings.operator_key}
