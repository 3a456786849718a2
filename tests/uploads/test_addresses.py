"""Public addresses, independently of the version of Python (UPL-3, C6)."""

import pytest

from provtap.uploads.addresses import is_any, is_public


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "1.0.0.1", "223.255.255.255", "100.128.0.1", "172.32.0.1", "192.0.1.1"]
    + ["2606:2800:220:1::1", "2001:200::1", "2a00:1450:4001::1", "3ffe:ffff::1"]
    + ["::ffff:93.184.216.34", "64:ff9b::5db8:d822"],
)
def test_the_internet_is_public(address):
    """Also of IPv4 inside IPv6, as a dual socket and NAT64 have it."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"]
    + ["192.0.0.8", "192.0.0.9", "192.88.99.1", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1"]
    + ["203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
)
def test_special_addresses_of_ipv4_are_not_public(address):
    """Loopback, private, link-local, shared, reserved, groups; also inside an address of IPv6."""
    octets = [int(octet) for octet in address.split(".")]
    inner = f"{octets[0] << 8 | octets[1]:x}:{octets[2] << 8 | octets[3]:x}"
    ways = [address, f"::ffff:{address}", f"::{address}", f"64:ff9b::{inner}", f"2002:{inner}::1"]
    ways += [f"2606:2800:220:1:0:5efe:{inner}", f"2606:2800:220:1:200:5efe:{inner}", f"64:ff9b:1::{inner}"]
    ways += [f"2001:0:5db8:d822:0:0:{inner}", f"fe80::5efe:{inner}", f"::ffff:0:{inner}"]

    assert [way for way in ways if is_public(way)] == []
    assert is_any(address)


@pytest.mark.parametrize(
    "address",
    ["::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "ff0e::1", "100::1"]
    + ["64:ff9b:1::1", "64:ff9b:1:ffff::1", "5f00::1", "3fff::1", "3fff:fff::1", "2001:db8::1", "2001::1"]
    + ["2001:10::1", "2001:20::1", "2001:2::1", "2001:1ff::1", "2002::1", "4000::1", "1fff::1", "200::1"]
    + ["::5db8:d822", "2002:5db8:d822::1", "2001:0:5db8:d822::1", "2606:2800:220:1:0:5efe:5db8:d822"],
)
def test_only_global_unicast_addresses_are_public(address):
    """All tunnels are refused: tables are not published there."""
    assert not is_public(address)
