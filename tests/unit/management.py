"""What the tests of the Manager share: documents of each kind, and writers."""

import pytest

from eventgateway import providers
from eventgateway.core.cors import CorsRule
from eventgateway.core.event_type import EventType
from eventgateway.core.function import Function
from eventgateway.core.json import dumps
from eventgateway.core.subscription import Subscription
from eventgateway.operations.manage import Manager
from eventgateway.operations.spaces import Spaces

HTTP = {"functionId": "f", "type": "http", "provider": {"url": "http://host/f"}}
RULE = {"method": "GET", "path": "/h"}
SYNC = {"type": "sync", "eventType": "u", "functionId": "f", "path": "/p", "method": "GET"}
SYNC_ID = "c3luYyx1LCUyRnAsR0VU"
EXAMPLES = [
    pytest.param(EventType.kind, {"name": "x"}, "x", 'Event Type "x"', id="event type"),
    pytest.param(Function.kind, {**HTTP, "functionId": "x"}, "x", 'Function "x"', id="function"),
    pytest.param(Subscription.kind, SYNC, SYNC_ID, f'Subscription "{SYNC_ID}"', id="subscription"),
    pytest.param(CorsRule.kind, RULE, "GET%2Fh", 'CORS configuration "GET%2Fh"', id="CORS rule"),
]
each_kind = pytest.mark.parametrize(("kind", "document", "identifier", "named"), EXAMPLES)


def create(manager, kind, document, space="default"):
    return manager.create(kind, space, dumps(document))


def update(manager, kind, identifier, document, space="default"):
    return manager.update(kind, space, identifier, dumps(document))


def message(refused):
    return refused.value.message


def rival_of(gateway):
    """Another writer: an instance of its own."""
    return Manager(Spaces(gateway.store, providers.load(), gateway.clock), pause=lambda _: None)
