"""Lambda handler of the dashboard: an API Gateway HTTP API event (payload 2.0) in, its response out."""

import os
from functools import lru_cache
from typing import Any

from eventgateway.observe import configure_logs
from eventgateway.settings import DashboardSettings
from eventgateway.web.dashboard.site import Dashboard


@lru_cache(maxsize=1)
def site() -> Dashboard:
    """Built with the first request and kept in the warm instance."""
    settings = DashboardSettings.from_env(os.environ)
    configure_logs(settings.log_level)
    return Dashboard(settings)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one request."""
    return site().handle(event)
