"""One repository's requests: authorized, redirected, and refused in the registry's own words."""

from typing import Dict, Mapping, Optional, Set, Tuple, Union
from urllib.parse import urljoin

import requests
from requests.auth import AuthBase

from lading.fetch.client import is_transient
from lading.fetch.faults import UnavailableError
from lading.registry.answer import let_go, refusal
from lading.registry.authorizers import Authorizers
from lading.registry.certificates import CERTIFICATES_DIR, mount_certificates
from lading.registry.challenge import parse_challenges
from lading.registry.file_range import FileRange, RangeReader
from lading.registry.place import Place
from lading.registry.safe_url import check_url, host_of

_MOST_REDIRECTS = 10

#: What a request may carry; a mapping is sent as a form.
Body = Union[bytes, FileRange, Mapping[str, str]]


class Transport:
    """Sends requests to a place (a `Sender` of `lading.fetch.client`), with one session, hence
    for one thread. `sent` counts its requests, those to token servers apart in `asked`.

    What the machine has for the place's registry is shown to that registry and the token server
    that it names, to no other host. Proxies and certificates are those of `os.environ`, as
    `requests` reads them, and of docker's certs.d.
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
        self._session = _Session()
        self._mounted: Set[str] = set()
        self._timeout: Tuple[float, float] = (15, 60)

    def __call__(
        self,
        method: str,
        url: str,
        headers: Dict[str, str],
        timeout: Tuple[float, float],
        body: Body = b"",
    ) -> requests.Response:
        """The response, unless its status is a final refusal: UnavailableError."""
        self._timeout = timeout
        for _ in range(_MOST_REDIRECTS):
            response = self._authorized(method, url, headers, body)
            status = response.status_code
            if status >= 400 and status != 416 and not is_transient(status):
                with response:
                    raise refusal(response, self._elsewhere(url))
            target = self._session.target(response)
            if target is None:
                return response
            let_go(response)
            url = _joined(url, target)
            check_url(url, self._place.host, self._place.insecure)
        raise UnavailableError(f"it redirects more than {_MOST_REDIRECTS} times")

    def close(self) -> None:
        """End the connections. It can be used again."""
        self._session.close()

    def _elsewhere(self, url: str) -> str:
        host = host_of(url)
        return "" if host == self._place.host else f"{host}, where it leads to, answers "

    def _authorized(
        self, method: str, url: str, headers: Mapping[str, str], body: Body
    ) -> requests.Response:
        authorizer = self._authorizers.of(host_of(url))
        shown = authorizer.header(self._ask)
        self.sent += 1
        response = self._request(method, url, headers, shown, body)
        if response.status_code != 401:
            return response
        challenges = parse_challenges(response.headers.get("WWW-Authenticate", ""))
        if not authorizer.answer(self._ask, challenges, shown):
            return response
        let_go(response)
        self.sent += 1
        return self._request(method, url, headers, authorizer.header(self._ask), body)

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
        self.asked += 1
        return self._request(
            method, url, {"Accept": "application/json"}, authorization, form or b""
        )

    def _request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        authorization: Optional[str],
        body: Body,
    ) -> requests.Response:
        host = host_of(url)
        if host not in self._mounted:
            self._mounted.add(host)
            mount_certificates(self._session, host, self._certificates)
        if isinstance(body, FileRange):
            with body.opened() as reader:
                return self._send(method, url, headers, authorization, reader)
        return self._send(method, url, headers, authorization, body)

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        authorization: Optional[str],
        data: Union[bytes, RangeReader, Mapping[str, str]],
    ) -> requests.Response:
        response = self._session.request(
            method,
            url,
            headers=dict(headers),
            data=data,
            auth=_Authorization(authorization),
            timeout=self._timeout,
            stream=True,
            allow_redirects=False,
        )
        if method == "HEAD":
            response.content  # noqa: B018 - there is none; reading it frees the connection
        return response


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
