"""Which URLs a registry may send its clients to.

A registry chooses its token server and the storage of its blobs. It must neither send credentials
or images over http, nor make this machine contact services that only it can reach (ggcr#2243,
#2293, #2295, #2349). This module checks the addresses in URLs. The address that a name resolves to
is checked once there is a connection (`lading.network.metered_session`); a proxy hides it.
"""

import ipaddress
import re
from typing import Collection
from urllib.parse import urlsplit

from lading.network.faults import InsideError, UnavailableError
from lading.network.zone import Zone, host_name, zone_of_host
from lading.values.foreign_text import printable, shown

#: Hosts that every parser of URLs, including those of proxies, reads the same way: no escapes, no
#: backslash.
_HOST = re.compile(r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]*)?")


def host_of(url: str) -> str:
    """The host, with the port if the URL has one, in lower case: `registry.example:5000`."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def is_local(host: str) -> bool:
    """Whether `host`, with or without port, is this machine: `localhost`, 127.0.0.0/8, `[::1]`."""
    name = host_name(host)
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def allows_http(host: str, insecure: Collection[str]) -> bool:
    """http is allowed to this machine and to the hosts that the user declares insecure."""
    return is_local(host) or host in insecure


def check_url(url: str, zone: Zone, insecure: Collection[str]) -> None:
    """Raises UnavailableError if a server in `zone` must not lead to `url`."""
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
