# ruff: noqa: S101
"""The plugin alone, without a gateway: `python -m pytest`."""

import pytest
from event_gateway_tenant import Tenant

from eventgateway.plugin import RECEIVED, Event, Refused

ORDER = {
    "eventType": "order.placed",
    "cloudEventsVersion": "0.1",
    "source": "https://shop.example",
    "eventID": "1",
    "extensions": {"region": "eu"},
    "data": {"total": 12},
}


def received(headers: dict[str, str]) -> Event:
    """The system event that the gateway asks the plugin about."""
    return Event(RECEIVED, "urn:test", "1", data={"path": "/orders", "event": ORDER, "headers": headers})


def test_the_tenant_becomes_an_extension_and_all_else_stays() -> None:
    """Transform."""
    event = Tenant().react(received({"X-Tenant": "acme"}))
    assert event.document() == ORDER | {"extensions": {"region": "eu", "tenant": "acme"}}


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({"X-Tenant": "initech"}, 403)])
def test_an_event_of_nobody_is_refused(headers: dict[str, str], status: int) -> None:
    """Authorization."""
    with pytest.raises(Refused) as refused:
        Tenant().react(received(headers))
    assert refused.value.status == status
