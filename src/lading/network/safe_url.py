"""Where a registry may send its clients.

What a registry names, a token server or the storage of its blobs, is its own choice. It must
neither lead credentials or images over http, nor make this machine ask services that only it can
reach (ggcr#2243, #2293, #2295, #2349). This looks at the addresses that URLs name. What a name
resolves to is looked at once there is a connection (`lading.network.metered_session`), which a
proxy hides.
"""

import ipaddress
import re
from typing import Collection
from urllib.parse import urlsplit

from lading.network.faults import InsideError, UnavailableError
from lading.network.zone import Zone, host_name, zone_of_host
from lading.values.foreign_text import printable, shown

#: What every reader of URLs takes for the same host, proxies included: no escapes, no backslash.
_HOST = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]*)?")


def host_of(url: str) -> str:
    """Host with port where one is written, in lower case: `registry.example:5000`."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def is_local(host: str) -> bool:
    """Whether `host`, with or without port, is this machine: `localhost`, 127.0.0.0/8, `[::1]`."""
    name = host_name(host)
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def allows_http(host: str, insecure: Collection[str]) -> bool:
    """http is for this machine and the hosts that the user calls insecure."""
    return is_local(host) or host in insecure


def check_url(url: str, zone: Zone, insecure: Collection[str]) -> None:
    """UnavailableError if a server in `zone` must not lead to `url`."""
    try:
        parts = urlsplit(url)
        host = host_of(url)
        parts.port  # noqa: B018 - computed, and found wrong, when asked for
    except ValueError as error:
        raise UnavailableError("it leads to an invalid address") from error
    if not parts.hostname or parts.scheme not in ("https", "http"):
        raise UnavailableError("it leads to an address that is neither https nor http")
    if "@" in parts.netloc:
        raise UnavailableError("it leads to an address that holds a user name")
    if not _HOST.fullmatch(host):
        raise UnavailableError(f"it leads to {printable(shown(host))}, which is not a host's name")
    if host in insecure:
        return
    if parts.scheme == "http" and not is_local(host):
        raise UnavailableError(f"it leads to {host} over http, which anyone can read and change")
    if (zone_of_host(host) or Zone.INTERNET) > zone:
        raise InsideError(host)
