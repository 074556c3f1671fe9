"""A plugin: events are accepted from known tenants only, and functions are told which one it was."""

from dataclasses import replace

from eventgateway.plugin import RECEIVED, SYNC, Event, Refused, Subscription, headers, subject

TENANTS = {"acme", "globex"}
UNAUTHORIZED, FORBIDDEN = 401, 403


class Tenant:
    """Takes the header `X-Tenant` into the extension `tenant` of the event."""

    def subscriptions(self) -> list[Subscription]:
        """Asked once, when an instance of the gateway starts."""
        return [Subscription(RECEIVED, SYNC)]

    def react(self, event: Event) -> Event:
        """`event` is the system event; its data has the `path` of the request, its `headers`, and the `event` that came in."""
        tenant = headers(event).get("X-Tenant")
        if tenant is None:
            raise Refused("the header X-Tenant is missing", UNAUTHORIZED)
        if tenant not in TENANTS:
            raise Refused(f"{tenant} is no tenant of ours", FORBIDDEN)
        received = subject(event)
        return replace(received, extensions={**(received.extensions or {}), "tenant": tenant})
