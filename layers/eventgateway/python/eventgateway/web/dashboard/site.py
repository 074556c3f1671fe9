"""The routes of the dashboard: a page, its static files, and pages that say what went wrong."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from eventgateway.core.errors import InvalidRequest
from eventgateway.core.http_request import HttpRequest
from eventgateway.core.result import Result
from eventgateway.core.trace import trace
from eventgateway.settings import DashboardSettings
from eventgateway.web.dashboard.assets import ASSETS, asset
from eventgateway.web.dashboard.page import error_page, front_page
from eventgateway.web.payload import Json, http_request, response

log = logging.getLogger(__name__)

HTML = "text/html; charset=utf-8"
STATIC = "/static/"
ALWAYS = "public, max-age=31536000, immutable"  # for an address that names the content
A_WHILE = "public, max-age=300"
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=31536000",
}


@dataclass(frozen=True, slots=True)
class Dashboard:
    """One warm instance of the dashboard function."""

    settings: DashboardSettings

    def handle(self, event: Json) -> Json:
        """Answer one API Gateway event; whatever happens there is an answer."""
        try:
            result = self._answer(event)
        except Exception as error:  # noqa: BLE001 - the outermost handler
            log.error("request failed", extra=trace(error))  # noqa: TRY400 - the error may quote the request
            result = _failure(500, "Something went wrong", "This is a bug of the gateway. Please try again.")
        return response(result.behind(HEADERS))

    def _answer(self, event: Json) -> Result:
        try:
            request = http_request(event)
        except InvalidRequest as error:
            return _failure(400, "That cannot be read", error.message)
        found = self._find(request)
        if found.status == 200 and request.method != "GET":  # noqa: PLR2004 - OK
            return _failure(405, "Pages can be read only", "The dashboard takes no other method than GET.").behind({"allow": "GET"})
        return found

    def _find(self, request: HttpRequest) -> Result:
        if request.path == "/":
            return _html(200, front_page(self.settings))
        name = request.path.removeprefix(STATIC)
        if name in ASSETS and request.path != name:
            return _static(name, request.query)
        return _failure(404, "There is no such page", "Events go to the Events API, and configuration to the Config API.")


def _static(name: str, query: str) -> Result:
    found = asset(name)
    caching = ALWAYS if query == f"v={found.digest}" else A_WHILE
    return Result(200, {"content-type": found.type, "cache-control": caching}, found.text)


def _html(status: int, text: str) -> Result:
    return Result(status, {"content-type": HTML, "cache-control": "no-cache"}, text)


def _failure(status: int, title: str, text: str) -> Result:
    return _html(status, error_page(title, text))
