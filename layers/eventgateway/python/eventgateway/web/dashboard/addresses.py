"""Where the spaces of hosted mode are, as browsers and curl find them."""

import re
from ipaddress import ip_address
from shlex import quote

URL = re.compile(r"(\w+)://((.*?)(:\d+)?)([/?#].*)?", re.DOTALL)  # scheme, authority, host, port with its colon
LOOPBACK = "localhost"  # its subdomains are on the same machine: https://www.rfc-editor.org/rfc/rfc6761#section-6.3


def space_url(events: str, domain: str, space: str) -> str:
    """The address of a space, without a slash at its end; without a domain it is below that of the Events API."""
    found = URL.fullmatch(events)
    return f"{found[1]}://{space}.{domain}{found[4] or ''}" if found and domain else f"{events}/{space}"


def way_there(events: str, domain: str) -> str:
    """What curl must be told besides: on one machine, a domain that is really elsewhere."""
    found = URL.fullmatch(events)
    if not found or not domain or f".{domain}".endswith(f".{LOOPBACK}") or not _is_here(found[3].strip("[]")):
        return ""
    return f"--connect-to {quote(f'::{found[2]}')} "


def _is_here(host: str) -> bool:
    try:
        return host == LOOPBACK or ip_address(host).is_loopback
    except ValueError:
        return False
