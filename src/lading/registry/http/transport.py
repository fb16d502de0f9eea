"""The requests to one repository: authorization, redirects, and refusals in the registry's
words."""

from dataclasses import dataclass, replace
from typing import Mapping, Optional, Set, Union

import requests
from requests.auth import AuthBase

from lading.fetch.client import is_transient
from lading.network.body import let_go
from lading.network.faults import UnavailableError
from lading.network.metered_session import MeteredSession, zone_of
from lading.network.redirect import MOST_REDIRECTS, Redirect, redirect_of, without_content
from lading.network.retries import PATIENCE, Patience
from lading.network.safe_url import check_url, host_of
from lading.network.zone import Zone
from lading.registry.answer import refusal
from lading.registry.auth.authorizers import Authorizers
from lading.registry.auth.challenge import Challenge, challenges_of
from lading.registry.certificates import CERTIFICATES_DIR, mount_certificates
from lading.registry.http.file_range import FileRange, RangeReader
from lading.registry.place import Place

#: The body of a request; a mapping is sent as a form.
Body = Union[bytes, FileRange, Mapping[str, str]]


@dataclass(frozen=True)
class _Request:
    """`zone` is the innermost network zone that the address may be in. `authorization` is the
    header's value."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Body
    zone: Zone
    authorization: Optional[str] = None

    def following(self, redirect: Redirect, zone: Zone) -> "_Request":
        headers, body = self.headers, self.body
        if not redirect.keeps_body:
            headers, body = without_content(headers), b""
        return _Request(redirect.method, redirect.url, headers, body, zone)


class Transport:
    """Sends requests to a place (a `Sender` of `lading.fetch.client`), with one session, so only
    for one thread. `sent` counts its requests, except those to token servers, which `asked` counts.

    This machine's credentials for the place's registry are sent only to that registry and to the
    token server that it names. Proxies and certificates come from `os.environ`, as `requests` reads
    it, and from docker's certs.d.
    """

    def __init__(
        self,
        place: Place,
        authorizers: Authorizers,
        certificates: str = CERTIFICATES_DIR,
    ) -> None:
        self.sent = 0
        self.asked = 0
        self._place = place
        self._authorizers = authorizers
        self._certificates = certificates
        self._session = MeteredSession()
        self._mounted: Set[str] = set()
        self._patience = PATIENCE
        self._led_from = Zone.INTERNET

    def __call__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        patience: Patience,
        zone: Zone = Zone.MACHINE,
        body: Body = b"",
    ) -> requests.Response:
        """The response, unless its status is a final refusal, which raises UnavailableError. A host
        that an answer has named, in this call or before, must not be in a zone further inside than
        the host that named it.
        """
        self._patience = patience
        if not self._is_chosen(url):
            zone = min(zone, self._led_from)
        request = _Request(method, url, headers, body, zone)
        for _ in range(MOST_REDIRECTS):
            response = self._authorized(request)
            self._led_from = zone_of(response)
            status = response.status_code
            if status >= 400 and status != 416 and not is_transient(status):
                with response:
                    raise refusal(response, self._elsewhere(request.url))
            redirect = redirect_of(response, request.method)
            if redirect is None:
                return response
            let_go(response)
            check_url(redirect.url, self._led_from, self._place.insecure)
            request = request.following(redirect, self._led_from)
        raise UnavailableError(f"it redirects more than {MOST_REDIRECTS} times")

    def close(self) -> None:
        """Close the connections. The transport can be used again."""
        self._session.close()

    def _is_chosen(self, url: str) -> bool:
        """Whether the user named the host, rather than a server."""
        host = host_of(url)
        return host == self._place.host or host in self._place.insecure

    def _elsewhere(self, url: str) -> str:
        host = host_of(url)
        return "" if host == self._place.host else f"{host}, where it leads to, answers "

    def _authorized(self, request: _Request) -> requests.Response:
        authorizer = self._authorizers.of(host_of(request.url))
        shown = authorizer.header(self._ask)
        self.sent += 1
        response = self._request(replace(request, authorization=shown))
        if response.status_code != 401:
            return response
        if not authorizer.answer(self._ask, challenges_of(response), shown):
            return response
        let_go(response)
        self.sent += 1
        return self._request(replace(request, authorization=authorizer.header(self._ask)))

    def _ask(
        self,
        method: str,
        challenge: Challenge,
        url: str,
        authorization: Optional[str],
        form: Optional[Mapping[str, str]],
    ) -> requests.Response:
        """Ask a token server."""
        check_url(url, challenge.zone, self._place.insecure)
        self.asked += 1
        headers = {"Accept": "application/json"}
        return self._request(
            _Request(method, url, headers, form or b"", challenge.zone, authorization)
        )

    def _request(self, request: _Request) -> requests.Response:
        host = host_of(request.url)
        if host not in self._mounted:
            self._mounted.add(host)
            mount_certificates(self._session, host, self._certificates)
        if isinstance(request.body, FileRange):
            with request.body.opened() as reader:
                return self._send(request, reader)
        return self._send(request, request.body)

    def _send(
        self, request: _Request, data: Union[bytes, RangeReader, Mapping[str, str]]
    ) -> requests.Response:
        response = self._session.ask(
            request.method,
            request.url,
            {"Accept-Encoding": "identity", **request.headers},
            self._patience,
            Zone.MACHINE if self._is_chosen(request.url) else request.zone,
            data=data,
            auth=_Authorization(request.authorization),
        )
        if request.method == "HEAD":
            response.content  # noqa: B018 - there is none; reading it frees the connection
        return response


class _Authorization(AuthBase):
    """Sets the header, or none. Without this, `requests` would take one from ~/.netrc."""

    def __init__(self, value: Optional[str]) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._value is not None:
            request.headers["Authorization"] = self._value
        return request
