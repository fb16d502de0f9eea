"""HTTP as it is out there: slow, interrupted, redirected, overloaded."""

import errno
import os
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Callable, Dict, Iterator, Mapping, Optional, Tuple
from urllib.parse import unquote, urlsplit

import requests

from lading.fetch.faults import GoneError, TransientError, UnavailableError, WrongContentError
from lading.fetch.network_faults import network_faults
from lading.fetch.part import Part
from lading.fetch.persistence import PATIENCE, Patience, Persistence
from lading.foreign_text import printable, shown

_SMALLEST_READ = 1 << 6
_LARGEST_READ = 1 << 18

#: 408 Request Timeout, 425 Too Early, 429 Too Many Requests (RFC 9110, 8470, 6585), and what
#: nginx notes when a client hung up, which a proxy before a registry may pass on.
_TRANSIENT_STATUSES = (408, 425, 429, 499)

#: 501 Not Implemented, 505 HTTP Version Not Supported: no later try changes that.
_FINAL_STATUSES = (501, 505)

#: A page or document beyond this many bytes is not read.
_LARGEST_DOCUMENT = 64 << 20

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(?:\d+|\*)")


@dataclass(frozen=True)
class Page:
    """`url` is where it was found in the end, after redirects."""

    url: str
    content_type: str
    text: str


@dataclass(frozen=True)
class Document:
    """A whole answer with status 200, as bytes. The names of `headers` are of any case."""

    headers: Mapping[str, str]
    content: bytes


#: Sends one request (method, URL, headers, timeouts of connecting and reading in seconds) and
#: follows redirects. The body of the response is still to be read.
Sender = Callable[[str, str, Dict[str, str], Tuple[float, float]], requests.Response]


def session_sender() -> Sender:
    """Proxies, certificates and netrc are those of `os.environ`, as `requests` reads them: a
    netrc entry is for its host, and is not sent along to where a host redirects.
    """
    session = requests.Session()

    def send(
        method: str, url: str, headers: Dict[str, str], timeout: Tuple[float, float]
    ) -> requests.Response:
        return session.request(method, url, headers=headers, timeout=timeout, stream=True)

    return send


class Client:
    """Reads URLs through a sender, by default one with a session of its own; for one thread."""

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
        """A page of text; of a `file:` directory its `index.html`.

        UnavailableError if there is none.
        """
        if url.startswith("file:"):
            return _local_page(url)

        def attempt() -> Page:
            with self._sent("GET", url, {"Accept": accept}) as response:
                if response.status_code != 200:
                    raise _refusal(response)
                content_type = response.headers.get("Content-Type", "")
                response.encoding = response.encoding or "utf-8"  # else it is guessed, slowly
                return Page(response.url, content_type, response.text)

        return self._persistence(url, attempt)

    def document(
        self, url: str, accept: str, method: str = "GET", limit: int = _LARGEST_DOCUMENT
    ) -> Document:
        """What is at `url`, of at most `limit` bytes; with HEAD only its headers.

        UnavailableError if it can't be had.
        """

        def attempt() -> Document:
            headers = {"Accept": accept, "Accept-Encoding": "identity"}
            with self._sent(method, url, headers) as response:
                if response.status_code != 200:
                    raise _refusal(response)
                content = b"" if method == "HEAD" else self._content(response, limit)
                return Document(response.headers, content)

        return self._persistence(url, attempt)

    def _content(self, response: requests.Response, limit: int) -> bytes:
        announced = _announced(response, 0)
        content = bytearray()
        for chunk in self._chunks(response):
            content += chunk
            if len(content) > limit:
                raise WrongContentError(f"it has more than {limit} bytes")
        if announced is not None and len(content) < announced:
            raise TransientError(f"the connection ended after {len(content)} of {announced} bytes")
        return bytes(content)

    def save(self, url: str, part: Part, size: Optional[int] = None) -> None:
        """Make `part` what is at `url`, going on behind the bytes that it has.

        Returns when the server has given all that it announced, and `size` bytes if that is
        known; the content is for the caller to check. UnavailableError if it can't be had.
        """
        if url.startswith("file:"):
            part.restart()
            _read_local(url, part)
            _check_size(part.size, size)
            return
        if part.size and part.size == size:
            return
        self._persistence(url, lambda: self._continue(url, part, size), lambda: part.size)

    def _continue(self, url: str, part: Part, size: Optional[int]) -> None:
        # Ask for the bytes as they are: an archive must not be unpacked on the way.
        headers = {"Accept-Encoding": "identity"}
        if part.size:
            headers["Range"] = f"bytes={part.size}-"
        with self._sent("GET", url, headers) as response:
            self._begin(response, part)
            announced = _announced(response, part.size)
            _check_size(announced, size)
            for chunk in self._chunks(response):
                part.write(chunk)
                if size is not None and part.size > size:
                    raise WrongContentError(f"it gives more than the {size} bytes that are pinned")
        expected = announced if announced is not None else size
        if expected is not None and part.size < expected:
            raise TransientError(f"the connection ended after {part.size} of {expected} bytes")

    def _begin(self, response: requests.Response, part: Part) -> None:
        """Bring `part` to where the body of `response` begins."""
        status = response.status_code
        if status == 206:
            found = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if not found or int(found.group(1)) != part.size:
                part.restart()
                raise TransientError("the server sent another range than it was asked for", 0)
            part.is_pieced = True
        elif status == 416 and part.size:
            part.restart()
            raise TransientError("the server has fewer bytes than an earlier connection gave", 0)
        elif status == 200:
            part.restart()
        else:
            raise _refusal(response)

    def _chunks(self, response: requests.Response) -> Iterator[bytes]:
        """The body, undecoded. Reads small pieces from slow servers, so as to notice them."""
        raw = response.raw
        raw.enforce_content_length = False  # it would drop the last bytes before an interruption
        # urllib3 has read1 since 2.1. Without it, a read waits for all of its bytes.
        read = getattr(raw, "read1", raw.read)
        amount = _SMALLEST_READ
        window_start, window_bytes = self._clock(), 0
        while True:
            start = self._clock()
            chunk = read(amount, decode_content=False)
            if not chunk:
                return
            yield chunk
            now = self._clock()
            is_fast = now - start < 0.25
            amount = min(amount * 2, _LARGEST_READ) if is_fast else max(amount // 2, _SMALLEST_READ)
            window_bytes += len(chunk)
            if now - window_start >= self._patience.window:
                if window_bytes < self._patience.slowest * (now - window_start):
                    raise TransientError(
                        f"it gave {window_bytes} bytes in {now - window_start:.0f} s"
                    )
                window_start, window_bytes = now, 0

    @contextmanager
    def _sent(self, method: str, url: str, headers: Dict[str, str]) -> Iterator[requests.Response]:
        """The response, its body still to be read, with every fault of the network told apart."""
        timeout = (self._patience.connect, self._patience.read)
        with network_faults(), self._send(method, url, headers, timeout) as response:
            yield response


def _announced(response: requests.Response, start: int) -> Optional[int]:
    """Size in bytes of the whole file, of which the body begins at `start`, as the server says;
    None if it does not.
    """
    length = response.headers.get("Content-Length", "")
    if not length.isdecimal() or "Transfer-Encoding" in response.headers:
        return None
    return start + int(length)


def _check_size(found: Optional[int], size: Optional[int]) -> None:
    if None not in (found, size) and found != size:
        raise WrongContentError(f"it has {found} bytes, where {size} are pinned")


def is_transient(status: int) -> bool:
    """Whether an answer of this status may be over at the next try."""
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
    """For a status that may be over at the next try, which the server may have a time for."""
    return TransientError(status_line(response), _retry_after(response), response.status_code)


def status_line(response: requests.Response) -> str:
    return f"HTTP status {response.status_code} {printable(shown(response.reason or ''))}".rstrip()


def _retry_after(response: requests.Response) -> Optional[float]:
    """Seconds that the server asks to wait (RFC 9110, 10.2.3); None if it says nothing usable."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _local_path(url: str) -> str:
    return unquote(urlsplit(url).path)


def _read_local(url: str, part: Part) -> None:
    try:
        with open(_local_path(url), "rb") as source:
            while True:
                chunk = source.read(_LARGEST_READ)
                if not chunk:
                    return
                part.write(chunk)
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
