"""Where a registry may send its clients.

What a registry names, a token server or the storage of its blobs, is its own choice. It must
neither lead credentials or images over http, nor make this machine ask services that only it can
reach (ggcr#2243, #2293, #2295, #2349). Names that resolve to inner addresses are let through:
registries inside a company work like that.
"""

import ipaddress
import socket
from typing import Collection, Optional, Union
from urllib.parse import urlsplit

from lading.fetch.faults import UnavailableError

_Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


def host_of(url: str) -> str:
    """Host with port where one is written, in lower case: `registry.example:5000`."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def is_local(host: str) -> bool:
    """Whether `host`, with or without port, is this machine: `localhost`, 127.0.0.0/8, `[::1]`."""
    name = _name(host)
    address = _address(name)
    return name == "localhost" or (address is not None and address.is_loopback)


def allows_http(host: str, insecure: Collection[str]) -> bool:
    """http is for this machine and the hosts that the user calls insecure."""
    return is_local(host) or host in insecure


def check_url(url: str, registry: str, insecure: Collection[str]) -> None:
    """UnavailableError if the host `registry` must not lead to `url`."""
    try:
        parts = urlsplit(url)
        name, host = parts.hostname or "", host_of(url)
        parts.port  # noqa: B018 - computed, and found wrong, when asked for
    except ValueError as error:
        raise UnavailableError(f"it leads to an address that is none ({error})") from error
    if not name or parts.scheme not in ("https", "http"):
        raise UnavailableError("it leads to an address that is neither https nor http")
    if "@" in parts.netloc:
        raise UnavailableError("it leads to an address that holds a user name")
    if host in insecure:
        return
    if parts.scheme == "http" and not is_local(host):
        raise UnavailableError(f"it leads to {host} over http, which anyone may read and change")
    if _is_inner(host) and not _is_inner(registry):
        raise UnavailableError(f"it leads to {host}, an address inside this network")


def _is_inner(host: str) -> bool:
    address = _address(_name(host))
    return is_local(host) or (address is not None and not address.is_global)


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _address(name: str) -> Optional[_Address]:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        pass
    try:
        # 127.1, 0x7f000001 and other ways to write an IPv4 address.
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):
        return None
