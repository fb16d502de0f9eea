"""Files in pieces that fit into memory."""

import sys
from typing import Iterator, Protocol

CHUNK = 1 << 20


class Readable(Protocol):
    """At the end of the file, fewer bytes than requested are returned."""

    def read(self, size: int, /) -> bytes:
        ...


def chunks(file: Readable, size: int = sys.maxsize) -> Iterator[bytes]:
    """What is left of `file`, but at most `size` bytes, in pieces of at most a mebibyte."""
    while size and (chunk := file.read(min(CHUNK, size))):
        size -= len(chunk)
        yield chunk
