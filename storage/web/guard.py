"""Which IP addresses are on the public web. Not `ipaddress.is_global`: Python 3.11 gets many of them wrong.

Everything is refused but global unicast. IPv4: https://www.iana.org/assignments/iana-ipv4-special-registry; IPv6:
https://www.iana.org/assignments/iana-ipv6-special-registry and https://www.iana.org/assignments/ipv6-address-space.
Blocks that are reachable but serve no pictures (AS112, AMT, transition relays) are refused as well.
"""

import ipaddress
from collections.abc import Iterator, Mapping

IP = ipaddress.IPv4Address | ipaddress.IPv6Address

_V4 = {
    "0.0.0.0/8": "this network",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "shared by a carrier, or a cloud's metadata",
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "a cloud's own host",
    "169.254.0.0/16": "link-local, or a cloud's metadata",
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "protocol assignments, or a cloud's metadata",
    "192.0.2.0/24": "documentation",
    "192.31.196.0/24": "AS112",
    "192.52.193.0/24": "AMT",
    "192.88.99.0/24": "6to4 relay",
    "192.168.0.0/16": "private",
    "192.175.48.0/24": "AS112",
    "198.18.0.0/15": "benchmarking",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved, or broadcast",
}
_V6 = {
    "::/128": "unspecified",
    "::1/128": "loopback",
    "::/96": "IPv4-compatible",
    "64:ff9b:1::/48": "local-use translation",
    "100::/64": "discard-only",
    "100:0:0:1::/64": "dummy",
    "2001::/32": "Teredo",
    "2001::/23": "protocol assignments",
    "2001:db8::/32": "documentation",
    "2002::/16": "6to4",
    "2620:4f:8000::/48": "AS112",
    "3fff::/20": "documentation",
    "5f00::/16": "segment routing",
    "fc00::/7": "unique-local, or a cloud's metadata",
    "fe80::/10": "link-local",
    "fec0::/10": "site-local",
    "ff00::/8": "multicast",
}
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL = ipaddress.IPv6Network("2000::/3")
"""The only block from which IPv6 unicast addresses are allocated."""


def _networks(table: Mapping[str, str]) -> tuple[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, str], ...]:
    return tuple((ipaddress.ip_network(block), what) for block, what in table.items())


_BLOCKS = {4: _networks(_V4), 6: _networks(_V6)}


def refused(ip: str) -> str | None:
    """Why nothing is fetched from this address; None if it is on the public web."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return "not an address"
    if "%" in ip:
        return "scoped to one link"
    inside = next((f"{why} ({inner})" for inner in embedded(address) if (why := _why(inner))), None)
    return inside or _why(address)


def _why(address: IP) -> str | None:
    named = next((what for block, what in _BLOCKS[address.version] if address in block), None)
    if named or address.version == 4:
        return named
    known = address in _GLOBAL or address in _MAPPED or address in _NAT64  # the embedded address was checked
    return None if known else "not allocated"


def embedded(address: IP) -> Iterator[ipaddress.IPv4Address]:
    """IPv4 addresses to which packets for an IPv6 address may be forwarded.

    IPv4-mapped and compatible (RFC 4291, §2.5.5), IPv4-translated (RFC 2765, §2.1), NAT64 (RFC 6052, §2.2; RFC 8215),
    6to4 (RFC 3056), Teredo's server and client (RFC 4380, §4), ISATAP (RFC 5214, §6.1). Prefixes that a provider or a
    company chose for its own translator (NAT64, 6rd, MAP) cannot be recognised.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return
    number = int(address)
    last = ipaddress.IPv4Address(number & 0xFFFFFFFF)
    if number >> 32 in {0, 0xFFFF, 0xFFFF0000, 0x64FF9B << 64} or number >> 80 == 0x64FF9B0001:
        yield last
    if number >> 80 == 0x64FF9B0001:
        # A prefix of 48 or 56 bits is followed by an address split around eight unused bits, one of 64 by those first.
        yield ipaddress.IPv4Address((number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF)
        yield ipaddress.IPv4Address((number >> 64 & 0xFF) << 24 | number >> 32 & 0xFFFFFF)
        yield ipaddress.IPv4Address(number >> 24 & 0xFFFFFFFF)
    if number >> 32 & 0xFFFFFFFF in {0x00005EFE, 0x02005EFE}:
        yield last
    if number >> 112 == 0x2002:
        yield ipaddress.IPv4Address(number >> 80 & 0xFFFFFFFF)
    if number >> 96 == 0x20010000:
        yield ipaddress.IPv4Address(number >> 64 & 0xFFFFFFFF)
        yield ipaddress.IPv4Address(number & 0xFFFFFFFF ^ 0xFFFFFFFF)
