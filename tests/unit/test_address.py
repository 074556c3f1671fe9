"""Which addresses and URLs are public, by tables, by the standard library as an oracle, and by every way to write an address."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from eventgateway.core.address import NOT_PUBLIC_V4, is_public, url_fault
from tests.hostile_urls import AT_CALLS, HARMLESS, HOSTILE

OURS = list(map(IPv4Network, ["168.63.129.16/32", "192.88.99.0/24", "192.0.0.0/24"]))  # public, at least in part, for the standard library
LOCAL_V6 = [
    "::/8", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "4000::/2", "8000::/2", "c000::/3", "e000::/4", "f000::/5",
    "f800::/6", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
]  # fmt: skip
ALLOCATED = ["2400::/12", "2600::/12", "2610::/23", "2620::/23", "2800::/12", "2a00::/12", "2c00::/12"]  # to the five registries
V4 = st.integers(0, 2**32 - 1).map(IPv4Address)


def within(network: IPv4Network) -> st.SearchStrategy[IPv4Address]:
    return st.integers(int(network[0]), int(network[-1])).map(IPv4Address)


NOT_PUBLIC = st.sampled_from(NOT_PUBLIC_V4).flatmap(within)


def is_ordinary(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast and not any(address in block for block in OURS)


class TestTables:
    @pytest.mark.parametrize(("url", "reason"), [(url, reason) for reason, urls in HOSTILE.items() for url in urls])
    def test_hostile(self, url, reason):
        assert url_fault(url) == reason

    @pytest.mark.parametrize(("url", "reason"), [(url, reason) for reason, urls in AT_CALLS.items() for url in urls])
    def test_hostile_at_a_call(self, url, reason):
        assert url_fault(url) == reason

    @pytest.mark.parametrize("url", HARMLESS)
    def test_harmless(self, url):
        assert url_fault(url) is None

    def test_no_reason_quotes_the_url(self):
        reasons = HOSTILE.keys() | AT_CALLS.keys()
        assert not [reason for reason in reasons for part in ("127", "example", "public@", "169.254") if part in reason]


class TestAddresses:
    @given(V4)
    @example(IPv4Address("100.100.100.200"))
    @example(IPv4Address("168.63.129.16"))
    def test_ipv4_is_public_as_the_standard_library_says_but_for_three_blocks(self, address):
        assert is_public(str(address)) == is_ordinary(address)

    @given(NOT_PUBLIC)
    def test_no_block_is_public(self, address):
        assert not is_public(str(address))
        assert not is_ordinary(address)

    @pytest.mark.parametrize("network", [IPv6Network(block) for block in LOCAL_V6], ids=str)
    @given(data=st.data())
    def test_ipv6_is_not_public_outside_of_what_is_given_out(self, network, data):
        address = network[data.draw(st.integers(0, network.num_addresses - 1))]
        assume(address.ipv4_mapped is None and address not in IPv6Network("64:ff9b::/96"))
        assert not is_public(str(address))

    @given(st.sampled_from(ALLOCATED).map(IPv6Network), st.integers(0, 2**104 - 1))
    def test_what_registries_gave_out_is_public(self, network, host):
        assert is_public(str(network[host]))

    @given(V4)
    def test_an_embedded_address_counts_as_itself(self, address):
        expected = is_ordinary(address)
        assert is_public(f"::ffff:{address}") == is_public(f"64:ff9b::{address}") == expected
        assert not is_public(f"::{address}")
        assert not is_public(f"64:ff9b:1::{address}")
        assert not is_public(str(IPv6Address(0x2002 << 112 | int(address) << 80)))  # 6to4
        assert not is_public(str(IPv6Address(0x20010000 << 96 | int(address) ^ 0xFFFFFFFF)))  # Teredo

    @pytest.mark.parametrize(
        "text", ["fe80::1%eth0", "2606:4700::1111%eth0", "::ffff:8.8.8.8%1", "", "host", "8.8.8", "08.8.8.8", "8.8.8.8 "]
    )
    def test_a_zone_or_no_address_at_all_is_not_public(self, text):
        assert not is_public(text)


def octets(address: IPv4Address, write: Callable[[int], str]) -> str:
    return ".".join(map(write, address.packed))


def short(address: IPv4Address, parts: int, write: Callable[[int], str]) -> str:
    """As inet_aton(3) reads it: the last number fills the rest of the address."""
    leading, rest = address.packed[: parts - 1], int.from_bytes(address.packed[parts - 1 :])
    return ".".join(map(write, [*leading, rest]))


RADICES = {"decimal": str, "octal": "0{:o}".format, "hex": "0x{:x}".format, "HEX": "0X{:08X}".format, "padded": "000{:o}".format}
NOTATIONS = {f"{parts} {radix}": (parts, write) for parts in (1, 2, 3, 4) for radix, write in RADICES.items()}
LOOK_ALIKES = {"full width": "０１２３４５６７８９．", "mathematical": "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗。", "circled": "⓪①②③④⑤⑥⑦⑧⑨｡"}  # noqa: RUF001
AROUND = [
    "http://{}",
    "HTTPS://{}/",
    "http://{}:8080/x",
    "http://public.example@{}/",
    "http://a:b@{}/",
    "http://{}#@public.example/",
    "http://{}?x",
]


class TestNotations:
    @pytest.mark.parametrize(("parts", "write"), NOTATIONS.values(), ids=NOTATIONS)
    @given(address=NOT_PUBLIC, around=st.sampled_from(AROUND), dot=st.sampled_from(["", "."]))
    def test_numbers(self, parts, write, address, around, dot):
        host = short(address, parts, write)
        assert socket.inet_aton(host) == address.packed
        assert url_fault(around.format(host + dot)) is not None

    @given(address=NOT_PUBLIC, writers=st.lists(st.sampled_from(list(RADICES.values())), min_size=4, max_size=4))
    def test_mixed_radices(self, address, writers):
        host = ".".join(write(octet) for write, octet in zip(writers, address.packed, strict=True))
        assert socket.inet_aton(host) == address.packed
        assert url_fault(f"http://{host}/") is not None

    @pytest.mark.parametrize("alphabet", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
    @given(address=V4)
    def test_look_alikes_of_any_address(self, alphabet, address):
        host = str(address).translate(str.maketrans("0123456789.", alphabet))
        assert host.encode("idna").decode() == str(address)
        assert url_fault(f"http://{host}/") is not None

    @given(NOT_PUBLIC, st.sampled_from(["0:0:0:0:0:ffff:", "::ffff:0:", "::", "64:ff9b::", "64:ff9b:1::", "::FFFF:"]))
    def test_within_ipv6(self, address, prefix):
        assert url_fault(f"http://[{prefix}{address}]/") is not None
        high, low = address.packed[:2].hex(), address.packed[2:].hex()
        assert url_fault(f"http://[{prefix}{high}:{low}]/") is not None
        assert url_fault(f"http://[2002:{high}:{low}::1]:8080/") is not None

    @given(V4.filter(is_ordinary), st.sampled_from(AROUND))
    def test_a_public_address_passes_as_it_is_usually_written(self, address, around):
        assert url_fault(around.format(address)) is None

    @given(V4.filter(is_ordinary), st.sampled_from([each for each in NOTATIONS if each != "4 decimal"]))
    def test_a_public_address_in_another_notation_does_not(self, address, notation):
        parts, write = NOTATIONS[notation]
        host = short(address, parts, write)
        assume(host != str(address))
        assert url_fault(f"http://{host}/") is not None


class TestPorts:
    @given(st.integers(0, 65535))
    @example(80)
    @example(443)
    def test_few_below_1024(self, port):
        allowed = port in {80, 443} or port >= 1024
        assert (url_fault(f"http://www.example.com:{port}/") is None) == allowed


@given(st.text(max_size=40) | st.text("htp:/@[]%#? .ab0\n\x00\\", max_size=40).map(lambda text: f"http://{text}"))
def test_any_text_has_a_verdict(text):
    assert url_fault(text) is None or url_fault(text) in HOSTILE.keys() | AT_CALLS.keys()
