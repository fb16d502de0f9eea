"""One repository's requests: authorized, redirected, and refused in the registry's own words."""

from typing import Dict, Mapping, Optional, Set, Tuple
from urllib.parse import urljoin

import requests
from requests.auth import AuthBase

from lading.fetch.client import is_transient
from lading.fetch.faults import UnavailableError
from lading.registry.answer import refusal
from lading.registry.authorizer import Authorizer
from lading.registry.certificates import CERTIFICATES_DIR, mount_certificates
from lading.registry.challenge import parse_challenges
from lading.registry.credentials import CredentialSource, Found
from lading.registry.place import Place
from lading.registry.safe_url import check_url, host_of

_MOST_REDIRECTS = 10


class Transport:
    """Sends requests to a place (a `Sender` of `lading.fetch.client`), with one session, hence
    for one thread.

    What the machine has for the place's registry is shown to that registry and the token server
    that it names, to no other host. Proxies and certificates are those of `os.environ`, as
    `requests` reads them, and of docker's certs.d.
    """

    def __init__(
        self,
        place: Place,
        credentials: CredentialSource,
        certificates: str = CERTIFICATES_DIR,
    ) -> None:
        self._place = place
        self._credentials = credentials
        self._certificates = certificates
        self._session = _Session()
        self._mounted: Set[str] = set()
        self._authorizers: Dict[str, Authorizer] = {}
        self._timeout: Tuple[float, float] = (15, 60)

    @property
    def found(self) -> Optional[Found]:
        """The credential that was looked for; None if the registry never asked for one."""
        authorizer = self._authorizers.get(self._place.host)
        return authorizer.found if authorizer else None

    def __call__(
        self, method: str, url: str, headers: Dict[str, str], timeout: Tuple[float, float]
    ) -> requests.Response:
        """The response, unless its status is a final refusal: UnavailableError."""
        self._timeout = timeout
        for _ in range(_MOST_REDIRECTS):
            response = self._authorized(method, url, headers)
            status = response.status_code
            if status >= 400 and status != 416 and not is_transient(status):
                with response:
                    raise refusal(response, self._elsewhere(url))
            target = self._session.target(response)
            if target is None:
                return response
            response.close()
            url = _joined(url, target)
            check_url(url, self._place.host, self._place.insecure)
        raise UnavailableError(f"it redirects more than {_MOST_REDIRECTS} times")

    def _elsewhere(self, url: str) -> str:
        host = host_of(url)
        return "" if host == self._place.host else f"{host}, where it leads to, answers "

    def _authorized(self, method: str, url: str, headers: Mapping[str, str]) -> requests.Response:
        authorizer = self._authorizer(host_of(url))
        response = self._request(method, url, headers, authorizer.header())
        if response.status_code != 401:
            return response
        challenges = parse_challenges(response.headers.get("WWW-Authenticate", ""))
        if not authorizer.answer(challenges):
            return response
        response.close()
        return self._request(method, url, headers, authorizer.header())

    def _authorizer(self, host: str) -> Authorizer:
        """That of the registry, or one that shows nothing to another host (ggcr#2360)."""
        if host not in self._authorizers:
            self._authorizers[host] = (
                Authorizer(self._find, self._ask, f"repository:{self._place.path}:pull")
                if host == self._place.host
                else Authorizer(lambda: Found(None, ""), self._ask)
            )
        return self._authorizers[host]

    def _find(self) -> Found:
        return self._credentials.find(self._place.registry, self._place.path)

    def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        form: Optional[Mapping[str, str]],
    ) -> requests.Response:
        """Of a token server."""
        check_url(url, self._place.host, self._place.insecure)
        authorization = headers.get("Authorization")
        return self._request(method, url, {"Accept": "application/json"}, authorization, form)

    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        authorization: Optional[str],
        form: Optional[Mapping[str, str]] = None,
    ) -> requests.Response:
        host = host_of(url)
        if host not in self._mounted:
            self._mounted.add(host)
            mount_certificates(self._session, host, self._certificates)
        return self._session.request(
            method,
            url,
            headers=dict(headers),
            data=form,
            auth=_Authorization(authorization),
            timeout=self._timeout,
            stream=True,
            allow_redirects=False,
        )


class _Session(requests.Session):
    """Even where it is not to follow, `requests` prepares to: it reads the whole body."""

    def get_redirect_target(self, resp: requests.Response) -> Optional[str]:
        return None

    def target(self, response: requests.Response) -> Optional[str]:
        """Where a response redirects to; maybe relative."""
        return super().get_redirect_target(response)


class _Authorization(AuthBase):
    """Sets the header, or none. Without it `requests` would take one from ~/.netrc."""

    def __init__(self, value: Optional[str]) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._value is not None:
            request.headers["Authorization"] = self._value
        return request


def _joined(base: str, target: str) -> str:
    try:
        return urljoin(base, target)
    except ValueError as error:
        raise UnavailableError(f"it leads to an address that is none ({error})") from error
