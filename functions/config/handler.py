"""Lambda handler of the Config API: an API Gateway HTTP API event (payload 2.0) in, its response out."""

import os
from functools import lru_cache
from typing import Any

from eventgateway import snapstart, wiring
from eventgateway.settings import Settings
from eventgateway.web.config_api import ConfigApi


@lru_cache(maxsize=1)
def api() -> ConfigApi:
    """Built with the first request and kept in the warm instance."""
    return wiring.config_api(Settings.from_env(os.environ))


snapstart.prepare(api, lambda built: built.manager.spaces.try_out())


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one request."""
    return api().handle(event)
