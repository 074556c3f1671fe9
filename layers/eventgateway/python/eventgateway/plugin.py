"""For authors of plugins: all that a plugin needs, and all that stays the same for it.

A plugin is a class without constructor arguments and with the two methods of `Plugin`, named by an entry point of the group
`eventgateway.plugins`. See docs/plugins.md.
"""

from eventgateway.core.event import Event
from eventgateway.core.plugin import Mode, Plugin, Refused, Subscription, headers, subject
from eventgateway.operations.system_events import INVOCATION_FAILED, INVOKED, INVOKING, RECEIVED

ASYNC, SYNC = Mode.ASYNC, Mode.SYNC

__all__ = [
    "ASYNC",
    "INVOCATION_FAILED",
    "INVOKED",
    "INVOKING",
    "RECEIVED",
    "SYNC",
    "Event",
    "Plugin",
    "Refused",
    "Subscription",
    "headers",
    "subject",
]
