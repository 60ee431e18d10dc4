"""The table of addresses, beside what Python says of them; and the names that may be asked for."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.address import Address
from storage.allow import Allowed
from storage.errors import BadAddressError, NotAllowedError
from storage.web import guard
from tests.storage.web.hostile import ALLOWED, FORBIDDEN, HOSTS, PATHS


@pytest.mark.parametrize("ip", FORBIDDEN.values(), ids=FORBIDDEN)
def test_refused(ip: str) -> None:
    assert guard.refused(ip)
    assert guard.refused(f"{ip}%lo")


@pytest.mark.parametrize("ip", ALLOWED)
def test_public(ip: str) -> None:
    assert guard.refused(ip) is None


@pytest.mark.parametrize("text", ["", "a.test", "127.1", "0x7f.0.0.1", "[::1]", "45.45.45.45/32", "fe80::1%lo"])
def test_what_is_no_address_is_refused(text: str) -> None:
    assert guard.refused(text)


CARRIED = {
    "::ffff:127.0.0.1": ["127.0.0.1"],
    "::169.254.169.254": ["169.254.169.254"],
    "64:ff9b::a00:1": ["10.0.0.1"],
    "64:ff9b:1::a00:1": ["10.0.0.1", "0.0.0.0", "0.0.0.0", "0.0.0.10"],
    "64:ff9b:1:a9fe:a9:fe00::": ["0.0.0.0", "169.254.169.254", "254.169.254.0", "169.254.0.0"],
    "64:ff9b:1:aa:fe:a9fe::": ["0.0.0.0", "0.170.254.169", "170.254.169.254", "254.169.254.0"],
    "64:ff9b:1:aabb:a9:fea9:fe00:0": ["254.0.0.0", "170.187.169.254", "187.169.254.169", "169.254.169.254"],
    "::ffff:0:10.0.0.1": ["10.0.0.1"],
    "2a00:1:2:3:0:5efe:127.0.0.1": ["127.0.0.1"],
    "2a00:1:2:3:200:5efe:169.254.169.254": ["169.254.169.254"],
    "fe80::5efe:10.0.0.1": ["10.0.0.1"],
    "2a00:1:2:3:100:5efe:127.0.0.1": [],
    "2a00:1:2:3:0:5eff:127.0.0.1": [],
    "2a00:1:2:5efe:7f00:1:0:1": [],
    "2002:a9fe:a9fe::1": ["169.254.169.254"],
    "2001:0:a00:1::80ff:fffe": ["10.0.0.1", "127.0.0.1"],
    "2a00:1:2::3": [],
    "45.45.45.45": [],
}


@pytest.mark.parametrize("ip", CARRIED)
def test_what_an_address_carries(ip: str) -> None:
    assert [str(one) for one in guard.embedded(ipaddress.ip_address(ip))] == CARRIED[ip]


@given(st.ip_addresses(v=4))
def test_nothing_private_hides_in_another_form(inner: ipaddress.IPv4Address) -> None:
    """Where Python itself knows an address to be private, no form that carries it is let through."""
    if inner.is_private or inner.is_multicast or inner.is_reserved:
        number = int(inner)
        site = 0x2A00 << 112
        for carrier in (
            number,
            0xFFFF << 32 | number,
            0xFFFF0000 << 32 | number,
            0x64FF9B << 96 | number,
            0x64FF9B0001 << 80 | number,
            0x2002 << 112 | number << 80 | 1,
            0x20010000 << 96 | number << 64 | 1,
            0x20010000 << 96 | 0x2D2D2D2D << 64 | number ^ 0xFFFFFFFF,
            site | 0x00005EFE << 32 | number,
            site | 0x02005EFE << 32 | number,
            0xFE80 << 112 | 0x00005EFE << 32 | number,
        ):
            assert guard.refused(str(ipaddress.IPv6Address(carrier)))
        assert guard.refused(str(inner))


@given(st.ip_addresses(v=6))
def test_of_ipv6_only_global_unicast_is_let_through(ip: ipaddress.IPv6Address) -> None:
    if guard.refused(str(ip)) is None:
        assert ip.ipv4_mapped or int(ip) >> 32 == 0x64FF9B << 64 or ip in ipaddress.ip_network("2000::/3")
        assert not ip.is_multicast


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_hosts_that_are_refused(host: str, scheme: str) -> None:
    with pytest.raises(BadAddressError):
        Address.parse(f"{scheme}://{host}/a.jpg")
    with pytest.raises(BadAddressError):
        Address(scheme, host, "a.jpg").check()


@pytest.mark.parametrize("key", PATHS.values(), ids=PATHS)
def test_paths_that_are_refused(key: str) -> None:
    with pytest.raises(BadAddressError):
        Allowed.parse(["https://pictures.test/public/"]).check(Address("https", "pictures.test", key))


GOOD = {
    "https://pictures.test/a.jpg": "https://pictures.test/a.jpg",
    "https://PICTURES.test:443/A%20b.jpg?C=%2F&d": "https://pictures.test/A%20b.jpg?C=%2F&d",
    "http://pictures.test:80/a": "http://pictures.test/a",
    "https://xn--bcher-kva.test/ü/a": "https://xn--bcher-kva.test/ü/a",
    "https://45.45.45.45/?id=1": "https://45.45.45.45/?id=1",
    "https://a_b.test/a//b..c/..d": "https://a_b.test/a//b..c/..d",
}


@pytest.mark.parametrize("text", GOOD)
def test_good(text: str) -> None:
    assert str(Address.parse(text)) == GOOD[text]
    assert Address.parse(GOOD[text]).check() == Address.parse(text)


@pytest.mark.parametrize(
    "text", ["https://pictures.test:80/a", "http://pictures.test:443/a", "HTTPS://pictures.test/a"]
)
def test_the_other_ones_port_and_scheme_are_refused(text: str) -> None:
    with pytest.raises(BadAddressError):
        Address.parse(text)


LIST = Allowed.parse(["https://Pictures.test/public/", "https://all.test", "http://"])


@pytest.mark.parametrize(
    "text",
    ["https://pictures.test/public/a.jpg?b", "https://pictures.TEST:443/public/a", "https://all.test/a",
     "http://pictures.test/a", "http://45.45.45.45/a"],
)  # fmt: skip
def test_on_the_list(text: str) -> None:
    assert LIST.check(Address.parse(text))


@pytest.mark.parametrize(
    "text",
    ["https://pictures.test/a.jpg", "https://pictures.test/public", "https://pictures.test/%70ublic/a",
     "https://a.pictures.test/public/a", "https://pictures.test.a.test/public/a", "https://all.test.a.test/a",
     "https://not-all.test/a", "gs://all.test/a", "file://http/a"],
)  # fmt: skip
def test_not_on_the_list(text: str) -> None:
    with pytest.raises(NotAllowedError):
        LIST.check(Address.parse(text))


@pytest.mark.parametrize("text", ["gs://", "s3://", "file://", "memory://", "https:///a", "https://?a", "https:"])
def test_only_the_web_can_be_allowed_as_a_whole(text: str) -> None:
    with pytest.raises(BadAddressError):
        Allowed.parse([text])


def test_the_whole_web_is_no_object() -> None:
    with pytest.raises(BadAddressError):
        Address.parse("https://")
    with pytest.raises(BadAddressError):
        Allowed.parse(["https://"]).check(Address("https", "", ""))
    with pytest.raises(BadAddressError):
        Allowed.parse(["https://"]).check(Address("https", "", "a"))
