"""Lambda handler of the Events API: an API Gateway HTTP API event (payload 2.0) in, its response out."""

import os
from functools import lru_cache
from typing import Any

from eventgateway import lifecycle, snapstart, wiring
from eventgateway.settings import Settings
from eventgateway.web.events_api import EventsApi


@lru_cache(maxsize=1)
def api() -> EventsApi:
    """Built with the first event and kept in the warm instance."""
    return wiring.events_api(Settings.from_env(os.environ))


snapstart.prepare(api, lambda built: built.receiver.spaces.try_out())


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Receive one request."""
    answer = api().handle(event)
    if api().receiver.plugins.is_stuck:
        api().receiver.usage.flush()
        lifecycle.end(answer, context)
    return answer
