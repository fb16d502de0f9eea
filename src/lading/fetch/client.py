"""An HTTP client for real networks: slow, interrupted, redirected, overloaded."""

import errno
import logging
import os
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Protocol
from urllib.parse import unquote, urlsplit

import requests

from lading.fetch.partial_file import PartialFile
from lading.network.body import announced, chunks, let_go, whole, whole_number
from lading.network.faults import GoneError, TransientError, UnavailableError, WrongContentError
from lading.network.metered_session import MeteredSession, zone_of
from lading.network.network_faults import network_faults
from lading.network.redirect import MOST_REDIRECTS, redirect_of
from lading.network.retries import PATIENCE, Patience, Persistence
from lading.network.zone import Zone
from lading.values.foreign_text import printable, shown

logger = logging.getLogger(__name__)

_LOCAL_CHUNK = 1 << 18

#: 408 Request Timeout, 425 Too Early, 429 Too Many Requests (RFC 9110, 8470, 6585), and 499, which
#: nginx logs when a client hung up and which a proxy before a registry may pass on.
_TRANSIENT_STATUSES = (408, 425, 429, 499)

#: 501 Not Implemented, 505 HTTP Version Not Supported: retrying does not change these.
_FINAL_STATUSES = (501, 505)

#: A longer page or document, in bytes, is not read.
_LARGEST_DOCUMENT = 64 << 20

#: Nor is a longer file of unknown size, such as a base image's layer without a size.
LARGEST_FILE = 1 << 37

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


@dataclass(frozen=True)
class Page:
    """`url` is the page's final URL after redirects, and `zone` its server's zone: links on the
    page must not lead further inside.
    """

    url: str
    content_type: str
    text: str
    zone: Zone = Zone.MACHINE


@dataclass(frozen=True)
class Document:
    """A complete answer with status 200, as bytes. Names of `headers` are case-insensitive."""

    headers: Mapping[str, str]
    content: bytes


class Sender(Protocol):
    """Sends one request and follows redirects. The caller reads the answer's body with
    `lading.network.body`. `zone` is the innermost network zone that the address may be in.
    """

    def __call__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        patience: Patience,
        zone: Zone = Zone.MACHINE,
    ) -> requests.Response:
        ...


def session_sender() -> Sender:
    """Proxies, certificates and netrc come from `os.environ`, as `requests` reads it. A netrc entry
    is only for its host, and is not sent to hosts that this redirects to.
    """
    session = MeteredSession()

    def send(
        method: str,
        url: str,
        headers: Mapping[str, str],
        patience: Patience,
        zone: Zone = Zone.MACHINE,
    ) -> requests.Response:
        others: Dict[str, Any] = {}
        for _ in range(MOST_REDIRECTS + 1):
            response = session.ask(method, url, headers, patience, zone, **others)
            if "Authorization" in response.request.headers and "@" not in urlsplit(url).netloc:
                netrc = os.environ.get("NETRC") or "~/.netrc"
                logger.debug("%s: the credentials are those in %s", urlsplit(url).netloc, netrc)
            redirect = redirect_of(response, method)
            if redirect is None:
                return response
            zone = min(zone, zone_of(response))
            let_go(response)
            if url.startswith("https:") and not redirect.url.startswith("https:"):
                others = {"auth": _nothing}  # one host's netrc entry is not for others
            url = redirect.url
            check_scheme(url)
        raise UnavailableError(f"it redirects more than {MOST_REDIRECTS} times")

    return send


@dataclass(frozen=True)
class Wanted:
    """What is known about a file before it is read: its size and the most that it may have, in
    bytes, and the innermost zone that the server may be in.
    """

    size: Optional[int] = None
    limit: int = LARGEST_FILE
    zone: Zone = Zone.MACHINE

    def check(self, found: int) -> None:
        """Raises WrongContentError if `found` bytes are too many."""
        if self.size is not None and found > self.size:
            raise WrongContentError(f"it sends more than the pinned {self.size} bytes")
        if found > self.limit:
            raise WrongContentError(f"it has more than {self.limit} bytes")

    def check_whole(self, found: Optional[int]) -> None:
        """Raises WrongContentError if the file's size is known and is not `found` bytes."""
        if found is not None and self.size is not None and found != self.size:
            raise WrongContentError(f"it has {found} bytes instead of the pinned {self.size}")
        self.check(found or 0)


_ANYTHING = Wanted()


class Client:
    """Reads URLs through a sender, by default one with its own session; for one thread."""

    def __init__(
        self,
        report: Callable[[str], None] = lambda line: None,
        patience: Patience = PATIENCE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        sender: Optional[Sender] = None,
    ) -> None:
        self._send = sender or session_sender()
        self._persistence = Persistence(report, patience, sleep)
        self._patience = patience
        self._clock = clock

    def page(self, url: str, accept: str) -> Page:
        """A page of text; for a `file:` directory its `index.html`.

        Raises UnavailableError if there is none.
        """
        if url.startswith("file:"):
            return _local_page(url)

        def attempt() -> Page:
            headers = {"Accept": accept, "Accept-Encoding": "gzip"}
            with self._sent("GET", url, headers) as response:
                if response.status_code != 200:
                    raise _refusal(response)
                content_type = response.headers.get("Content-Type", "")
                content = whole(response, _LARGEST_DOCUMENT)
                text = content.decode("utf-8", "replace")
                return Page(response.url, content_type, text, zone_of(response))

        return self._persistence(url, attempt)

    def document(
        self, url: str, accept: str, method: str = "GET", limit: int = _LARGEST_DOCUMENT
    ) -> Document:
        """The document at `url`, with at most `limit` bytes; for HEAD only its headers.

        Raises UnavailableError if it can't be read.
        """

        def attempt() -> Document:
            headers = {"Accept": accept, "Accept-Encoding": "identity"}
            with self._sent(method, url, headers) as response:
                if response.status_code != 200:
                    raise _refusal(response)
                content = b"" if method == "HEAD" else whole(response, limit)
                return Document(response.headers, content)

        return self._persistence(url, attempt)

    def save(self, url: str, part: PartialFile, wanted: Wanted = _ANYTHING) -> None:
        """Complete `part` from `url`, continuing after the bytes that it has.

        Returns when the server has sent everything that it announced, and the wanted size if that
        is known; the caller checks the content. Raises UnavailableError if the file can't be read.
        """
        if url.startswith("file:"):
            part.restart()
            _read_local(url, part, wanted)
            wanted.check_whole(part.size)
            return
        if part.size and part.size == wanted.size:
            return
        self._persistence(url, lambda: self._continue(url, part, wanted), lambda: part.size)

    def _continue(self, url: str, part: PartialFile, wanted: Wanted) -> None:
        # Ask for the original bytes: an archive must not be unpacked on the way.
        headers = {"Accept-Encoding": "identity"}
        if part.size:
            headers["Range"] = f"bytes={part.size}-"
        with self._sent("GET", url, headers, wanted.zone) as response:
            self._begin(response, part)
            rest = announced(response)
            expected = None if rest is None else part.size + rest
            wanted.check_whole(expected)
            for chunk in chunks(response, self._clock):
                part.write(chunk)
                wanted.check(part.size)
        expected = wanted.size if expected is None else expected
        if expected is not None and part.size < expected:
            raise TransientError(f"the connection ended after {part.size} of {expected} bytes")

    def _begin(self, response: requests.Response, part: PartialFile) -> None:
        """Bring `part` to the position where the body of `response` begins."""
        status = response.status_code
        if status == 206:
            found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if not found or whole_number(found.group(1)) != part.size:
                part.restart()
                raise TransientError("the server sent a range other than the requested one", 0)
            part.is_pieced = True
        elif status == 416 and part.size:
            part.restart()
            raise TransientError("the server has fewer bytes than it sent before", 0)
        elif status == 200:
            part.restart()
        else:
            raise _refusal(response)

    @contextmanager
    def _sent(
        self, method: str, url: str, headers: Dict[str, str], zone: Zone = Zone.MACHINE
    ) -> Iterator[requests.Response]:
        """The response, with its body not read yet. Every network error is classified."""
        with network_faults(), self._send(method, url, headers, self._patience, zone) as response:
            yield response


def is_transient(status: int) -> bool:
    """Whether an answer with this status may be different at the next try."""
    return status in _TRANSIENT_STATUSES or (status >= 500 and status not in _FINAL_STATUSES)


def _refusal(response: requests.Response) -> Exception:
    status = response.status_code
    reason = status_line(response)
    if is_transient(status):
        return transient_fault(response)
    if status in (404, 410):
        return GoneError(reason, status)
    if status in (401, 407):
        reason += "; put a user name and password for it into your ~/.netrc"
    return UnavailableError(reason, status)


def transient_fault(response: requests.Response) -> TransientError:
    """The error for a status that may be different at the next try; the server may say when."""
    return TransientError(status_line(response), _retry_after(response), response.status_code)


def status_line(response: requests.Response) -> str:
    return f"HTTP status {response.status_code} {printable(shown(response.reason or ''))}".rstrip()


def _nothing(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Sends no credentials."""
    return request


def check_scheme(url: str) -> None:
    """Raises UnavailableError for a scheme that a server must not lead to in any case."""
    if not url.startswith(("https://", "http://")):
        raise UnavailableError("it leads to an address that is neither https nor http")


def _retry_after(response: requests.Response) -> Optional[float]:
    """Seconds that the server asks to wait (RFC 9110, 10.2.3); None if it says nothing useful."""
    value = response.headers.get("Retry-After", "").strip()
    seconds = whole_number(value)
    if seconds is not None:
        return float(seconds)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _local_path(url: str) -> str:
    return unquote(urlsplit(url).path)


def _read_local(url: str, part: PartialFile, wanted: Wanted) -> None:
    try:
        with open(_local_path(url), "rb") as source:
            while True:
                chunk = source.read(_LOCAL_CHUNK)
                if not chunk:
                    return
                part.write(chunk)
                wanted.check(part.size)
    except OSError as error:
        raise _local_fault(error) from error


def _local_page(url: str) -> Page:
    path = _local_path(url)
    try:
        if os.path.isdir(path):
            url, path = url.rstrip("/") + "/", os.path.join(path, "index.html")
        with open(path, encoding="utf-8", errors="replace") as source:
            return Page(url, "text/html", source.read())
    except OSError as error:
        raise _local_fault(error) from error


def _local_fault(error: OSError) -> UnavailableError:
    kind = GoneError if error.errno in (errno.ENOENT, errno.ENOTDIR) else UnavailableError
    return kind(error.strerror or str(error))
