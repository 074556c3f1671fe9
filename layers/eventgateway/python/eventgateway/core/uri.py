"""Which texts count as a URI for sources of events and URLs of functions: what Go's url.ParseRequestURI takes."""

import re
from urllib.parse import SplitResult, urlsplit

from eventgateway.core.http_request import BAD_ESCAPE

SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.\-]*:")
AUTHORITY = re.compile(r"//([^/?]*)")
HOST = re.compile(r"(\[[0-9a-fA-F:.%a-z]*\]|[^\[\]\s%\\^`{|}]*?)(:\d*)?")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def is_uri(text: str) -> bool:
    """An absolute URI or an absolute path; a fragment does not count."""
    text = text.partition("#")[0]
    scheme = SCHEME.match(text)
    rest = text[scheme.end() :] if scheme else text
    if CONTROL.search(text) or not (scheme or rest.startswith("/")):
        return False
    return not rest.startswith("/") or _is_hierarchical(rest, has_scheme=scheme is not None)


def _is_hierarchical(rest: str, *, has_scheme: bool) -> bool:
    path = rest.partition("?")[0]
    authority = AUTHORITY.match(rest) if has_scheme else None
    host = authority[1].rpartition("@")[2] if authority else ""
    return HOST.fullmatch(host) is not None and BAD_ESCAPE.search(path) is None


def http_url(text: str) -> SplitResult | None:
    """The parts of an http or https URL with a host and a port in range, None for anything else."""
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return parts if valid and is_uri(text) else None
