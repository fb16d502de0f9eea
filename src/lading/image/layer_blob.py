"""The tar archive in a layer's blob, whatever the blob is compressed by.

The media type does not count: it is wrong in practice, and docker, containerd and podman all look
at the first bytes.
"""

import zlib
from enum import Enum
from typing import BinaryIO, Iterator, Protocol

from lading.image.layer_error import unsound
from lading.image.unpack_bound import UnpackBound

# Bytes read at once. What lies behind the end of a gzip member is copied, so it is no more.
_INPUT = 1 << 15

# Most bytes that come of an input at once.
_OUTPUT = 1 << 20

_GZIP_MAGIC = b"\x1f\x8b"
_LONGEST_MAGIC = 4


class Input(Protocol):
    def read(self, size: int, /) -> bytes:
        ...


class Compression(Enum):
    """The value is the suffix of OCI's media types."""

    NONE = ""
    GZIP = "+gzip"

    @classmethod
    def of(cls, blob: BinaryIO) -> "Compression":
        """`blob` is at its start, and is again afterwards."""
        start = blob.read(_LONGEST_MAGIC)
        blob.seek(0)
        return cls.GZIP if start.startswith(_GZIP_MAGIC) else cls.NONE


def unpack_blob(blob: Input, compression: Compression, bound: UnpackBound) -> Iterator[bytes]:
    """The bytes of the archive. LayerError where they can't be had or exceed the bound."""
    for chunk in _gunzip(blob) if compression == Compression.GZIP else _inputs(blob):
        bound.take(len(chunk))
        yield chunk


def _inputs(blob: Input) -> Iterator[bytes]:
    while data := blob.read(_INPUT):
        yield data


def _gunzip(blob: Input) -> Iterator[bytes]:
    """Of all members (RFC 1952); nothing may lie between or behind them."""
    member = zlib.decompressobj(wbits=31)
    try:
        for data in _inputs(blob):
            while data:
                if member.eof:
                    member = zlib.decompressobj(wbits=31)
                yield member.decompress(data, _OUTPUT)
                data = member.unused_data if member.eof else member.unconsumed_tail
        while not member.eof:
            rest = member.decompress(b"", _OUTPUT)
            if not rest:
                raise unsound("the gzip around it is cut off")
            yield rest
    except zlib.error as error:
        raise unsound(str(error)) from error
