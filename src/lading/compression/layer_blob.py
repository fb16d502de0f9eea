"""Reads the tar archive in a layer's blob, whatever its compression.

The media type is ignored: it is wrong in practice, and docker, containerd and podman all look at
the first bytes.
"""

import zlib
from dataclasses import dataclass
from typing import Iterator, Optional

from lading.compression.layer_media_type import Compression
from lading.compression.zstd import WINDOW_LOG_LIMIT, ZstdDecompressor, ZstdError, ZstdWindowError
from lading.files.bounds import UnpackBound
from lading.files.layer_error import LayerError, unsound
from lading.values.chunks import Readable

# Bytes to read at once. It is small because data after the end of a gzip member is copied.
_INPUT = 1 << 15

# The most bytes of output from an input at once.
_OUTPUT = 1 << 20


@dataclass(frozen=True)
class BlobReader:
    """`libzstd` is the library's path, which only zstd blobs need. `bound` is for untrusted blobs
    that nobody has read yet (`base_layer_main`)."""

    libzstd: str
    bound: Optional[UnpackBound] = None

    def chunks(self, blob: Readable, compression: Compression) -> Iterator[bytes]:
        """The bytes of the archive. Raises LayerError if they can't be read or exceed the bound.

        The library is loaded immediately, rather than when the first chunk is taken, which may be
        in a chroot.
        """
        if compression == Compression.ZSTD:
            return self._bounded(_unzstd(blob, ZstdDecompressor(self.libzstd)))
        return self._bounded(_gunzip(blob) if compression == Compression.GZIP else _inputs(blob))

    def _bounded(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            if self.bound is not None:
                self.bound.take(len(chunk))
            yield chunk


def _inputs(blob: Readable) -> Iterator[bytes]:
    while data := blob.read(_INPUT):
        yield data


def _gunzip(blob: Readable) -> Iterator[bytes]:
    """Unpacks all members (RFC 1952); nothing else may lie between or after them."""
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


def _unzstd(blob: Readable, decompressor: ZstdDecompressor) -> Iterator[bytes]:
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
