"""HTTP sessions that limit every wait and every byte, and check every address.

Everything that this project reads from a network passes through `_Reader`: status lines, headers,
interim answers, a proxy's answer to CONNECT, bodies and trailers, with or without TLS. Limits apply
to whole reads rather than single bytes, so that a server that sends a byte now and then can't delay
anybody. They are enforced where bytes arrive, so that no caller can forget them.
"""

import http.client
import io
import logging
import socket
import ssl
import threading
import time
from functools import partial
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, TypeVar

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from lading.network.faults import InsideError, UnavailableError
from lading.network.retries import PATIENCE, Patience
from lading.network.source_url import printable_url
from lading.network.zone import Zone, zone_of_address, zone_of_host

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: The most bytes before a body: status line and headers, including interim answers. curl accepts
#: 300 KB.
LARGEST_HEAD = 1 << 18

#: A name may have many addresses. Resolving it and trying all of them may take at most this many
#: times the limit for one.
_ADDRESSES = 4


class SessionLimits:
    """The limits of a session's requests; changed between requests, for one thread.

    `zone` is the innermost network zone that the connected address may be in.
    """

    def __init__(self) -> None:
        self.patience = PATIENCE
        self.zone = Zone.MACHINE

    def check(self, host: str, zone: Optional[Zone]) -> None:
        """Raises InsideError if no byte may be sent to `host`, which is in `zone`."""
        if zone is not None and zone > self.zone:
            raise InsideError(host)


class Meter:
    """What may still be read of one answer: a number of bytes, within a number of seconds."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._bytes = 0
        self._deadline = 0.0

    def allow(self, size: int, seconds: Optional[float] = None) -> None:
        """Set the limits of the next read; by default the time of one read."""
        self._bytes = size
        self._deadline = time.monotonic() + (self.patience.read if seconds is None else seconds)

    def seconds_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout("timed out")
        return left

    def count(self, size: int) -> None:
        self._bytes -= size
        if self._bytes < 0:
            raise UnavailableError("its answer is too long")


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, raw: io.RawIOBase, meter: Meter) -> None:
        self._sock = sock
        self._raw = raw
        self._meter = meter

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> Optional[int]:
        self._sock.settimeout(self._meter.seconds_left())
        size = self._raw.readinto(buffer)
        self._meter.count(size or 0)
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Source:
    """What `http.client` accepts as a socket to read from."""

    def __init__(self, sock: socket.socket, meter: Meter) -> None:
        self._sock = sock
        self._meter = meter

    def makefile(self, mode: str) -> io.BufferedReader:
        raw = self._sock.makefile(mode, buffering=0)  # type: ignore[call-overload]
        return io.BufferedReader(_Reader(self._sock, raw, self._meter))


class _Answer(http.client.HTTPResponse):
    """`zone` is the server's; None behind a proxy."""

    def __init__(
        self,
        limits: SessionLimits,
        zone: Callable[[], Optional[Zone]],
        sock: Any,
        *args: Any,
        **kw: Any,
    ) -> None:
        self.meter = Meter(limits.patience)
        self.zone = zone()
        self.meter.allow(LARGEST_HEAD)
        super().__init__(_Source(sock, self.meter), *args, **kw)  # type: ignore[arg-type]


class _Limited:
    """A connection of urllib3 that obeys `limits`."""

    limits: SessionLimits
    zone: Optional[Zone] = None

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.response_class = partial(_Answer, self.limits, lambda: self.zone)
        self._pace = Pace(self.limits.patience)

    def _new_conn(self) -> Any:
        connect: Callable[[], socket.socket] = super()._new_conn  # type: ignore[misc]
        seconds = self.limits.patience.connect * _ADDRESSES
        try:
            sock = _within(seconds, connect)
        except _TooLong:
            raise urllib3.exceptions.ConnectTimeoutError(
                self, f"no connection in {seconds:g} s"
            ) from None
        if self.proxy is None:  # type: ignore[attr-defined]
            self.zone = zone_of_address(sock.getpeername()[0])
        try:
            self.limits.check(self._address, self.zone)
        except InsideError:
            sock.close()
            raise
        return sock

    @property
    def _address(self) -> str:
        """As in URLs and options, which may leave out the default port."""
        host: str = self.host  # type: ignore[attr-defined]
        port: int = self.port  # type: ignore[attr-defined]
        return host if port == self.default_port else f"{host}:{port}"  # type: ignore[attr-defined]

    def putrequest(self, *args: Any, **kw: Any) -> None:
        # A reused connection may have been opened when more was allowed.
        self.limits.check(self._address, self.zone)
        self._pace = Pace(self.limits.patience)
        super().putrequest(*args, **kw)  # type: ignore[misc]

    def send(self, data: Any) -> None:
        sock = self.sock  # type: ignore[attr-defined]
        if sock is not None:
            sock.settimeout(self.limits.patience.read)
        super().send(data)  # type: ignore[misc]
        if not self._pace.keeps_up(len(data) if isinstance(data, (bytes, bytearray)) else 0):
            raise socket.timeout("timed out")


class Pace:
    """Checks that bytes arrive at a rate at which the transfer ends some day.

    A limit for the total time would cut off a large file on a slow line; a limit only for the time
    between two bytes would let a server keep its clients waiting for ever. So each window must
    bring enough bytes.
    """

    def __init__(self, patience: Patience, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience = patience
        self._clock = clock
        self._start = clock()
        self.bytes = 0
        self.seconds = 0.0

    def keeps_up(self, size: int) -> bool:
        """Whether the rate is still sufficient with `size` more bytes. `bytes` and `seconds` belong
        to the current window."""
        self.bytes += size
        self.seconds = self._clock() - self._start
        if self.seconds < self._patience.window:
            return True
        if self.bytes < self._patience.slowest * self.seconds:
            return False
        self._start, self.bytes = self._clock(), 0
        return True


def _pool_classes(limits: SessionLimits) -> Dict[str, type]:
    class Http(_Limited, HTTPConnection):  # type: ignore[misc]
        pass

    class Https(_Limited, HTTPSConnection):  # type: ignore[misc]
        pass

    class HttpPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Http

    class HttpsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Https

    Http.limits = Https.limits = limits
    return {"http": HttpPool, "https": HttpsPool}


class _Adapter(HTTPAdapter):
    """With a `context`, urllib3 adds the usual authorities to the context's own."""

    def __init__(self, limits: SessionLimits, context: Optional[ssl.SSLContext] = None) -> None:
        self._classes = _pool_classes(limits)
        self._context = {} if context is None else {"ssl_context": context}
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        kwargs.update(self._context)
        super().init_poolmanager(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.poolmanager.pool_classes_by_scheme = self._classes

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        # `requests` fails on parameters without a value, and nothing here uses any.
        if "Content-Type" in resp.headers:
            resp.headers["Content-Type"] = resp.headers["Content-Type"].partition(";")[0]
        return super().build_response(req, resp)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        kwargs.update(self._context)
        manager = super().proxy_manager_for(proxy, **kwargs)  # type: ignore[no-untyped-call]
        manager.pool_classes_by_scheme = self._classes
        return manager


class MeteredSession(requests.Session):
    """Its answers are streamed and redirects are not followed; for one thread.

    Proxies and certificates come from `os.environ`, as `requests` reads it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._limits = SessionLimits()
        self.mount("http://", _Adapter(self._limits))
        self.mount("https://", _Adapter(self._limits))

    def mount_context(self, prefix: str, context: ssl.SSLContext) -> None:
        """Use `context` for URLs that begin with `prefix`."""
        self.mount(prefix, _Adapter(self._limits, context))

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        patience: Patience,
        zone: Zone = Zone.MACHINE,
        **others: Any,
    ) -> requests.Response:
        """The answer, with its body not read yet (`lading.network.body`).

        Raises UnavailableError, before a byte is sent, if the address is further inside than
        `zone`. A proxy resolves names itself: behind one, only addresses in URLs are checked.
        """
        self._limits.patience, self._limits.zone = patience, zone
        response = self.request(
            method,
            url,
            headers=dict(headers),
            timeout=(patience.connect, patience.read),
            stream=True,
            allow_redirects=False,
            **others,
        )
        how = " with credentials" if "Authorization" in response.request.headers else ""
        logger.debug("%s %s%s: %s", method, printable_url(url), how, response.status_code)
        return response

    def get_redirect_target(self, resp: requests.Response) -> Optional[str]:
        """None: even if it must not follow a redirect, `requests` prepares to, and reads the
        body."""
        return None


def meter_of(response: requests.Response) -> Meter:
    return _answer(response).meter


def zone_of(response: requests.Response) -> Zone:
    """The zone of the server that answered; behind a proxy, the zone that the URL implies."""
    zone = _answer(response).zone
    if zone is not None:
        return zone
    return zone_of_host(urllib3.util.parse_url(response.url).netloc or "") or Zone.INTERNET


def _answer(response: requests.Response) -> _Answer:
    answer = response.raw._original_response
    assert isinstance(answer, _Answer)
    return answer


class _TooLong(Exception):
    pass


def _within(seconds: float, call: Callable[[], T]) -> T:
    """The result of `call`. Raises _TooLong if it takes longer; the call then continues in the
    background, since the system's resolver can't be interrupted.
    """
    results: List[Tuple[Optional[T], Optional[BaseException]]] = []

    def run() -> None:
        try:
            results.append((call(), None))
        except BaseException as error:
            results.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if not results:
        raise _TooLong
    result, error = results[0]
    if error is not None:
        raise error
    return result  # type: ignore[return-value]
