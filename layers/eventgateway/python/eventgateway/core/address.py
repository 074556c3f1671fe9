"""Which URLs and addresses lie on the public internet: the rules of the outbound guard.

Blocks: https://www.iana.org/assignments/iana-ipv4-special-registry and https://www.iana.org/assignments/iana-ipv6-special-registry.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

WELL_KNOWN_PORTS, FIRST_USER_PORT = (80, 443), 1024  # RFC 6335, section 6
NAME_LIMIT = 253

NOT_PUBLIC_V4 = tuple(map(IPv4Network, [
    "0.0.0.0/8",  # this network, with the unspecified address
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # private (RFC 1918)
    "100.64.0.0/10",  # behind carriers' NAT (RFC 6598), with Alibaba's metadata at 100.100.100.200
    "127.0.0.0/8",  # loopback
    "168.63.129.16/32",  # Azure's platform, although the block is public
    "169.254.0.0/16",  # link-local, with the metadata of AWS, Azure and Google at 169.254.169.254
    "192.0.0.0/24",  # protocol assignments, with Oracle's metadata at 192.0.0.192
    "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  # documentation (RFC 5737)
    "192.88.99.0/24",  # relays of 6to4 (RFC 7526)
    "198.18.0.0/15",  # benchmarks (RFC 2544)
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, with the broadcast address
]))  # fmt: skip
GLOBAL_UNICAST = IPv6Network("2000::/3")  # all that IANA gives out; the rest is loopback, local, multicast, mapped or reserved
NOT_PUBLIC_V6 = tuple(map(IPv6Network, [
    "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
    "2001:db8::/32", "3fff::/20",  # documentation (RFC 3849, RFC 9637)
    "2002::/16",  # 6to4
]))  # fmt: skip
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052; 64:ff9b:1::/48 is for local use (RFC 8215) and so refused

LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
LOCAL_ZONES = ("localhost", "localdomain", "local", "internal", "home.arpa")  # RFC 6761, RFC 6762, RFC 8375; ICANN keeps .internal free

MALFORMED = "the URL is malformed"
BACKSLASH = "the URL has a backslash"
PORT = "ports are 80, 443, and 1024 and above"
NOTATION = "the address of the host is not in its usual notation"
NO_NAME = "the host is neither a name nor an address"
LOCAL_NAME = "the host is a local name"
NOT_PUBLIC = "the host has an address that is not public"


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet; an IPv4 address that is mapped or translated to IPv6 counts as itself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return _is_public_v4(parsed)
    if parsed.scope_id is not None:
        return False
    inner = _embedded(parsed)
    if inner is not None:
        return _is_public_v4(inner)
    return parsed in GLOBAL_UNICAST and not any(parsed in block for block in NOT_PUBLIC_V6)


@lru_cache(maxsize=1024)
def url_fault(url: str) -> str | None:
    """What speaks against calling an http or https URL, without a word of it. None: nothing, if its host has public addresses only."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        name = ascii_host(host)
    except ValueError:
        return MALFORMED
    if "\\" in url:  # browsers take it for a slash, we do not
        return BACKSLASH
    if port is not None and port not in WELL_KNOWN_PORTS and port < FIRST_USER_PORT:
        return PORT
    if ":" in host or NUMBER.fullmatch(name.rstrip(".").rpartition(".")[2]):
        return _address_fault(host)
    return _name_fault(name)


def ascii_host(host: str) -> str:
    """The host of a URL as it is looked up (RFC 3490). Raises ValueError."""
    return host if host.isascii() else host.encode("idna").decode()


def _address_fault(host: str) -> str | None:
    """A resolver takes 127.1, 0x7f000001 and 017700000001 for 127.0.0.1; whoever writes so has something to hide."""
    try:
        is_usual = getattr(ip_address(host), "scope_id", None) is None
    except ValueError:
        is_usual = False
    if not is_usual:
        return NOTATION
    return None if is_public(host) else NOT_PUBLIC


def _name_fault(name: str) -> str | None:
    labels = name.split(".")
    if len(name) > NAME_LIMIT or not all(map(LABEL.fullmatch, labels)):
        return NO_NAME
    is_local = len(labels) == 1 or any(f".{name}".endswith(f".{zone}") for zone in LOCAL_ZONES)
    return LOCAL_NAME if is_local else None


def _is_public_v4(address: IPv4Address) -> bool:
    return not any(address in block for block in NOT_PUBLIC_V4)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else address.ipv4_mapped
