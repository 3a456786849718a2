"""Public Internet addresses, to which the service may connect for any user.

The lists are copied from IANA's registries of special-purpose addresses (RFC 6890): `is_global` of
`ipaddress` depends on the version of Python, and includes tunnels to IPv4 addresses.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_SPECIAL_IPV4 = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # shared by the clients of a provider
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link-local: the metadata of cloud machines
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4, deprecated
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/3",  # multicast, reserved, broadcast
        ),
    )
)
_UNICAST_IPV6 = ip_network("2000::/3")
"""The global unicast addresses; loopback, private, link-local and site-local are outside."""
_SPECIAL_IPV6 = tuple(
    map(
        ip_network,
        (
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: leads to an address of IPv4
            "3fff::/20",  # documentation
        ),
    )
)
_TRANSLATED = ip_network("64:ff9b::/96")
"""The prefixes for access to IPv4 hosts from IPv6-only hosts (NAT64, RFC 6052)."""
_ISATAP = {0x00005EFE, 0x02005EFE}
"""The upper half of an interface identifier that ends in an IPv4 address (RFC 5214)."""


def is_any(address: str) -> bool:
    """Return True: for operators who allow tables from their own network."""
    return True


def is_public(address: str) -> bool:
    """Return whether *address*, and an IPv4 address embedded in it, is a global unicast address."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        inner = _inner(ip)
        return _is_public_ipv6(ip) if inner is None else _is_public_ipv4(inner)
    return _is_public_ipv4(ip)


def _inner(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address to which packets to *ip* are forwarded, or None."""
    if ip.ipv4_mapped is None and ip in _TRANSLATED:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped


def _is_public_ipv4(ip: IPv4Address) -> bool:
    return not any(ip in network for network in _SPECIAL_IPV4)


def _is_public_ipv6(ip: IPv6Address) -> bool:
    interface = int(ip) >> 32 & 0xFFFFFFFF
    special = interface in _ISATAP or any(ip in network for network in _SPECIAL_IPV6)
    return ip in _UNICAST_IPV6 and not special
