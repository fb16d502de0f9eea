"""The tar archive in a layer's blob, whatever the blob is compressed by.

The media type does not count: it is wrong in practice, and docker, containerd and podman all look
at the first bytes.
"""

import re
import zlib
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO, Iterator, Optional, Protocol

from lading.compression.zstd import WINDOW_LOG_LIMIT, ZstdDecompressor, ZstdError, ZstdWindowError
from lading.files.bounds import UnpackBound
from lading.files.layer_error import LayerError, unsound

# Bytes read at once. What lies behind the end of a gzip member is copied, so it is no more.
_INPUT = 1 << 15

# Most bytes that come of an input at once.
_OUTPUT = 1 << 20

_GZIP = re.compile(rb"\x1f\x8b")
# A frame, or one to be skipped, with which pzstd begins (RFC 8878, Zstandard Frames).
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")


class Input(Protocol):
    def read(self, size: int, /) -> bytes:
        ...


class Compression(Enum):
    """The value is the suffix of OCI's media types."""

    NONE = ""
    GZIP = "+gzip"
    ZSTD = "+zstd"

    @classmethod
    def of(cls, blob: BinaryIO) -> "Compression":
        """`blob` is at its start, and is again afterwards."""
        start = blob.read(4)
        blob.seek(0)
        if _GZIP.match(start):
            return cls.GZIP
        return cls.ZSTD if _ZSTD.match(start) else cls.NONE


@dataclass(frozen=True)
class BlobReader:
    """`libzstd` is the library's path, which only blobs of zstd need. `bound` is for blobs of
    others that nobody has read yet (`base_layer_main`)."""

    libzstd: str
    bound: Optional[UnpackBound] = None

    def chunks(self, blob: Input, compression: Compression) -> Iterator[bytes]:
        """The bytes of the archive. LayerError where they can't be had or exceed the bound.

        The library is loaded now, and not when the first chunk is taken, maybe in a chroot.
        """
        if compression == Compression.ZSTD:
            return self._bounded(_unzstd(blob, ZstdDecompressor(self.libzstd)))
        return self._bounded(_gunzip(blob) if compression == Compression.GZIP else _inputs(blob))

    def _bounded(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self.bound is not None:
                self.bound.take(len(chunk))
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
                raise unsound("its gzip data is cut off")
            yield rest
    except zlib.error as error:
        raise unsound(str(error)) from error


def _unzstd(blob: Input, decompressor: ZstdDecompressor) -> Iterator[bytes]:
    try:
        with decompressor:
            for data in _inputs(blob):
                yield from decompressor.decompress(data)
            if not decompressor.at_frame_end:
                raise unsound("its zstd data is cut off")
    except ZstdWindowError as error:
        raise LayerError(
            f"is zstd that takes more than {1 << WINDOW_LOG_LIMIT} bytes of memory to decompress. "
            "Compress it without `--long`, or choose another base."
        ) from error
    except ZstdError as error:
        raise unsound(str(error)) from error
