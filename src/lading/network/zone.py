"""How far inside an address is, seen from the internet.

A server may lead its clients outwards or sideways, never further inside: a public registry must not
make this machine contact services that only it, or only its network, can reach.
"""

import ipaddress
import socket
from enum import IntEnum
from typing import Iterator, Optional, Union
from urllib.parse import urlsplit

_Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]

#: IPv6 networks whose addresses end with an IPv4 address to which gateways forward packets:
#: compatible (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052).
_ENDING_IN_IPV4 = tuple(
    ipaddress.IPv6Network(network) for network in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96")
)

#: NAT64 within one network (RFC 8215), 6to4 (deprecated by RFC 7526) and Teredo: Python's releases
#: disagree whether these are global.
_NOT_GLOBAL = tuple(
    ipaddress.IPv6Network(network) for network in ("64:ff9b:1::/48", "2002::/16", "2001::/32")
)

#: Metadata services of clouds without a link-local address: Alibaba's, Amazon's, Azure's, Google's
#: and Oracle's.
_METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in (
        "100.100.100.200",
        "fd00:ec2::254",
        "168.63.129.16",
        "fd20:ce::254",
        "192.0.0.192",
    )
)


class Zone(IntEnum):
    """`NETWORK` is a private network. `MACHINE` is this machine and whatever only answers to it,
    such as link-local addresses and a cloud's metadata service.
    """

    INTERNET = 0
    NETWORK = 1
    MACHINE = 2


def zone_of_address(text: str) -> Zone:
    """The zone of an IP address, in the form in which sockets return addresses of peers."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return _zone(address.ipv4_mapped)
    return max(_zone(one) for one in (address, *_embedded(address)))


def zone_of_host(host: str) -> Optional[Zone]:
    """The zone of a host, with or without port, that is an address or `localhost`; None for other
    names."""
    name = host_name(host)
    if name.rstrip(".") == "localhost" or name.rstrip(".").endswith(".localhost"):
        return Zone.MACHINE
    try:
        return zone_of_address(name)
    except ValueError:
        pass
    try:
        # 127.1, 0x7f000001 and other notations of an IPv4 address.
        return zone_of_address(socket.inet_ntoa(socket.inet_aton(name.rstrip("."))))
    except (OSError, ValueError):
        return None


def host_name(host: str) -> str:
    """The host without the port; empty if `host` is invalid."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _zone(address: _Address) -> Zone:
    is_own = address.is_loopback or address.is_link_local or address.is_unspecified
    if is_own or address in _METADATA:
        return Zone.MACHINE
    if address.is_multicast or any(address in network for network in _NOT_GLOBAL):
        return Zone.NETWORK
    return Zone.INTERNET if address.is_global else Zone.NETWORK


def _embedded(address: _Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses at which packets for an IPv6 address may arrive."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    if any(address in network for network in _ENDING_IN_IPV4):
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
