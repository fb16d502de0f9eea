"""Reads the bodies of answers within limits."""

import time
import zlib
from contextlib import suppress
from typing import Callable, Iterator, Optional

import requests
import urllib3

from lading.network.faults import TransientError, UnavailableError, WrongContentError
from lading.network.metered_session import Pace, meter_of

_SMALLEST_READ = 1 << 6
_LARGEST_READ = 1 << 18

#: The most bytes around the content of a body: sizes of its chunks, and trailers.
_FRAME = 1 << 20
_FRAME_PER_BYTE = 16

#: Bytes and seconds that may be spent to keep a connection for the next request.
_SMALL_REST = 1 << 16
_SHORT = 2.0

_LONGEST_NUMBER = 18


def whole_number(text: str) -> Optional[int]:
    """A number in a header; None if it is none, or larger than anything counted there."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if is_number else None


def announced(response: requests.Response) -> Optional[int]:
    """The length of the body that the server announces, in bytes; None if it does not."""
    text = response.headers.get("Content-Length", "").strip()
    if not text or "Transfer-Encoding" in response.headers:
        return None
    size = whole_number(text)
    if size is None:
        raise UnavailableError("its Content-Length is not a number")
    return size


def chunks(
    response: requests.Response, clock: Callable[[], float] = time.monotonic
) -> Iterator[bytes]:
    """The body, not decoded. Slow servers are noticed because pieces are small: raises
    TransientError if one sends less than the session's patience requires.
    """
    meter, raw = meter_of(response), response.raw
    raw.enforce_content_length = False  # it would drop the last bytes before an interruption
    # urllib3 has read1 since 2.1. Without it, a read waits for all of its bytes.
    read = getattr(raw, "read1", raw.read)
    amount = _SMALLEST_READ
    pace = Pace(meter.patience, clock)
    while True:
        start = clock()
        meter.allow(_FRAME_PER_BYTE * amount + _FRAME)
        chunk = read(amount, decode_content=False)
        if not chunk:
            return
        yield chunk
        is_fast = clock() - start < 0.25
        amount = min(amount * 2, _LARGEST_READ) if is_fast else max(amount // 2, _SMALLEST_READ)
        if not pace.keeps_up(len(chunk)):
            raise TransientError(f"it sent {pace.bytes} bytes in {pace.seconds:.0f} s")


def whole(response: requests.Response, limit: int) -> bytes:
    """The whole body, decompressed. Raises WrongContentError if it has more than `limit` bytes."""
    expected = announced(response)
    content = bytearray()
    for chunk in chunks(response):
        content += chunk
        if len(content) > limit:
            raise WrongContentError(f"it has more than {limit} bytes")
    if expected is not None and len(content) < expected:
        raise TransientError(f"the connection ended after {len(content)} of {expected} bytes")
    unpacked = _unpacked(response, bytes(content), limit + 1)
    if len(unpacked) > limit:
        raise WrongContentError(f"it unpacks to more than {limit} bytes")
    return unpacked


def at_once(response: requests.Response, limit: int) -> bytes:
    """At most `limit` bytes of a small body, decompressed, in the time of one read."""
    meter_of(response).allow(_FRAME_PER_BYTE * limit + _FRAME)
    return _unpacked(response, response.raw.read(limit, decode_content=False), limit)


def let_go(response: requests.Response) -> None:
    """Close the answer. A short body is read first, so that the connection can be used for the next
    request instead of opening a new one.
    """
    meter_of(response).allow(_SMALL_REST + _FRAME, min(_SHORT, meter_of(response).patience.read))
    with suppress(urllib3.exceptions.HTTPError, OSError, UnavailableError):
        response.raw.read(_SMALL_REST, decode_content=False)
    response.close()


def _unpacked(response: requests.Response, content: bytes, limit: int) -> bytes:
    """`content` without its encoding, cut at `limit` bytes; empty if it has an encoding that was
    not asked for.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return content
    if encoding not in ("gzip", "x-gzip"):
        raise UnavailableError("it sends content in an encoding that it was not asked for")
    try:
        return zlib.decompressobj(wbits=31).decompress(content, limit)
    except zlib.error as error:
        raise TransientError(f"its content can't be unpacked ({error})") from error
