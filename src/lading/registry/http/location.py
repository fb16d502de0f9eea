"""The address at which a registry continues an upload."""

from typing import Tuple
from urllib.parse import urlsplit, urlunsplit

from lading.network.redirect import absolute_url
from lading.network.safe_url import check_url, host_of
from lading.network.zone import Zone
from lading.registry.place import Place


def resolve_location(place: Place, base: str, location: str, zone: Zone) -> str:
    """The `location` in an answer from `base`, a server in `zone`; its query stays as it is.

    A location at the place itself is reached in the same way as the place: a registry behind a
    proxy that ends TLS may think that it is reached over http, or write the default port. Raises
    UnavailableError for a location that must not be followed.
    """
    url = absolute_url(base, location)
    if host_of(url) in _hosts(place):
        url = urlunsplit(urlsplit(url)._replace(scheme=place.scheme, netloc=place.host))
        zone = Zone.MACHINE  # the user named it
    check_url(url, zone, place.insecure)
    return url


def _hosts(place: Place) -> Tuple[str, ...]:
    """The ways to write the place's host."""
    if urlsplit(f"//{place.host}").port is not None:
        return (place.host,)
    return (place.host, f"{place.host}:443", f"{place.host}:80")
