"""Servers and proxies that would keep a client waiting for ever."""

import gzip
import io
import socket
import time
from typing import Iterator, List

import pytest

from lading.fetch.client import Client
from lading.fetch.partial_file import PartialFile
from lading.network.faults import UnavailableError
from lading.network.raw_server_testing import RawServer, Script, dripping, endless, saying
from lading.network.retries import Patience

PATIENCE = Patience(connect=0.1, read=0.3, tries=1, window=0.3, slowest=1 << 16)

OK = b"HTTP/1.1 200 OK\r\n"
SIZED = OK + b"Content-Length: 100000\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 100000\r\n\r\n"
DENIED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 100000\r\n\r\n"


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """Each of these would take minutes, or for ever."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < 10


def refused(script: Script, scheme: str = "http") -> str:
    """The error about the server."""
    with RawServer(script) as server, pytest.raises(UnavailableError) as raised:
        Client(patience=PATIENCE).document(f"{scheme}://{server.host}/x", "*/*", limit=1 << 16)
    reason = raised.value.reason
    assert len(reason) < 300 and reason.isprintable()
    return reason


@pytest.mark.parametrize(
    "script",
    [
        dripping(),
        dripping(b"HTTP/1.1 200 "),
        dripping(OK + b"X: "),
        dripping(b"HTTP/1.1 100 Continue\r\nX: "),
        saying(lambda: [b"HTTP/1.1 100 Continue\r\n\r\n"] * 1000, 0.05),
        dripping(SIZED),
        dripping(CHUNKED),
        dripping(CHUNKED + b"1\r\na\r\n1;"),
        dripping(CHUNKED + b"0\r\n"),
        dripping(MOVED),
    ],
)
def test_a_byte_now_and_then_is_no_answer(script: Script) -> None:
    reason = refused(script)
    assert (
        "it did not answer in time" in reason or " bytes in 0 s" in reason or "redirects" in reason
    )


def test_what_is_said_of_a_refusal_is_not_waited_for() -> None:
    assert refused(dripping(DENIED)) == "HTTP status 403 Forbidden"


@pytest.mark.parametrize(
    "script",
    [
        endless(OK, b"X: " + b"x" * 60000 + b"\r\n"),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        endless(CHUNKED + b"0\r\n", b"X: x\r\n" * 1000),
        endless(CHUNKED, b"1;" + b"x" * 60000 + b"\r\na\r\n"),
        endless(CHUNKED + b"1;", b"x" * 60000),
        endless(OK + b"\r\n", b"x" * 60000),
        endless(OK + b"Content-Length: 1\r\n", b"WWW-Authenticate: " + b"," * 60000 + b"\r\n"),
    ],
)
def test_what_never_ends_is_not_read(script: Script) -> None:
    assert refused(script)


def test_a_tls_handshake_has_a_time() -> None:
    record = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"
    assert "time" in refused(dripping(record), "https")


def test_a_proxy_has_as_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for script in (dripping(), endless(b"HTTP/1.1 200 OK\r\n", b"X: x\r\n" * 1000)):
        with RawServer(script) as proxy, pytest.raises(UnavailableError):
            monkeypatch.setenv("https_proxy", proxy.url)
            Client(patience=PATIENCE).document("https://a.example/x", "*/*")


def test_a_resolver_has_as_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(15))
    with pytest.raises(UnavailableError, match="in time"):
        Client(patience=PATIENCE).document("http://a.example/x", "*/*")


def test_a_slow_line_brings_a_large_file_in_the_end() -> None:
    """It takes longer than any single limit."""
    body = b"x" * 60_000
    head = OK + b"Content-Length: 60000\r\n\r\n"
    pieces: List[bytes] = [head, *(body[at : at + 1000] for at in range(0, len(body), 1000))]
    patience = Patience(read=0.3, tries=1, window=0.3, slowest=10_000)
    handle = io.BytesIO()
    with RawServer(saying(lambda: pieces, 0.02)) as server:
        Client(patience=patience).save(f"{server.url}/x", PartialFile(handle))
    assert handle.getvalue() == body


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "br"])
def test_a_page_does_not_unpack_to_more_than_it_may(encoding: str) -> None:
    bomb = gzip.compress(b"\0" * (65 << 20))
    head = f"Content-Encoding: {encoding}\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    reason = pytest.raises(UnavailableError, match="unpacks to more|encoding that")
    with RawServer(saying(lambda: [OK + head + bomb])) as server, reason:
        Client(patience=PATIENCE).page(f"{server.url}/x", "*/*")


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: " + b"9" * 5000,
        b"Content-Length: -5",
        b"Content-Length: 1, 2",
        b"Content-Length: 0x10",
        b"Content-Length: \xb2",
        b"Transfer-Encoding: chunked\r\nX: \xff",
        b"Retry-After: " + b"9" * 5000,
        b"Content-Type: text/html; charset",
        b"Content-Range: bytes 0-" + b"9" * 5000 + b"/" + b"9" * 5000,
    ],
    ids=lambda header: header.decode("latin-1")[:30],
)
@pytest.mark.parametrize(
    "status",
    [b"200", b"206", b"302", b"416", b"503", b"9" * 5000, b"\xff"],
    ids=lambda status: status.decode("latin-1")[:3],
)
def test_odd_headers_are_told_in_a_sentence(header: bytes, status: bytes) -> None:
    answer = b"HTTP/1.1 " + status + b" \x1b[2J\r\n" + header + b"\r\n\r\nx"
    with RawServer(saying(lambda: [answer])) as server:
        for part in (PartialFile(io.BytesIO()), PartialFile(io.BytesIO(b"begun"))):
            try:
                Client(patience=PATIENCE, sleep=lambda _: None).save(f"{server.url}/x", part)
            except UnavailableError as fault:
                assert len(fault.reason) < 500 and fault.reason.isprintable()
