"""The redirect in an answer (RFC 9110, 15.4)."""

import logging
from dataclasses import dataclass
from typing import Dict, Mapping, Optional
from urllib.parse import urljoin, urlsplit

import requests

from lading.network.faults import UnavailableError
from lading.network.source_url import printable_url

logger = logging.getLogger(__name__)

MOST_REDIRECTS = 10

_STATUSES = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Redirect:
    """`keeps_body` says whether the request's body must be sent again."""

    method: str
    url: str
    keeps_body: bool


def redirect_of(response: requests.Response, method: str) -> Optional[Redirect]:
    """None if the answer is no redirect. Raises UnavailableError if it leads nowhere."""
    location = response.headers.get("Location")
    if response.status_code not in _STATUSES or location is None:
        return None
    url = absolute_url(response.url, location)
    logger.debug("%s redirects to %s", printable_url(response.url), printable_url(url))
    if _becomes_get(response.status_code, method):
        return Redirect("GET", url, keeps_body=False)
    return Redirect(method, url, keeps_body=True)


def absolute_url(base: str, location: str) -> str:
    """The URL in a `Location` of an answer from `base`. User name and password of `base` are only
    sent to its own server. Raises UnavailableError for an invalid address.
    """
    try:
        # http.client reads headers as Latin-1; servers write UTF-8.
        text = location.encode("latin-1").decode("utf-8")
        url, old = urlsplit(urljoin(base, text)), urlsplit(base)
        user, at, host = old.netloc.rpartition("@")
        if at and (url.scheme, url.netloc) == (old.scheme, host):
            url = url._replace(netloc=old.netloc)
        return url.geturl()
    except ValueError as error:
        raise UnavailableError("it leads to an invalid address") from error


def without_content(headers: Mapping[str, str]) -> Dict[str, str]:
    """The headers of a request without a body."""
    return {name: text for name, text in headers.items() if not name.lower().startswith("content-")}


def _becomes_get(status: int, method: str) -> bool:
    """303 points to another resource that has the request's result. After POST, 301 and 302 mean
    the same, as every client has always interpreted them; other methods stay.
    """
    if method in ("GET", "HEAD"):
        return False
    return status == 303 or (status in (301, 302) and method == "POST")
