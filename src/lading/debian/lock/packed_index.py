"""Indexes of a Debian archive in the compressed form of mirrors."""

import lzma
import zlib
from typing import Tuple

from lading.values.errors import LadingError

PACKINGS = (".xz", ".gz", "")

#: Memory in bytes that unpacking may take besides its result. Output of `xz -9` takes 65 MiB.
_XZ_MEMORY = 1 << 28


def unpacked(packing: str, content: bytes, limit: int) -> bytes:
    """Raises LadingError if it is damaged, or has more than `limit` bytes when unpacked."""
    if packing == "":
        return content
    result, rest = bytearray(), content
    try:
        # Both formats consist of one or more streams; xz allows zeros after them.
        while rest.rstrip(b"\0"):
            chunk, rest = _stream(packing, rest, limit + 1 - len(result))
            result += chunk
            if len(result) > limit:
                raise LadingError(f"It unpacks to more than {limit} bytes.")
    except (lzma.LZMAError, zlib.error, EOFError) as error:
        raise LadingError(f"It can't be unpacked ({error}).") from error
    return bytes(result)


def _stream(packing: str, content: bytes, limit: int) -> Tuple[bytes, bytes]:
    """At most `limit` bytes of the content of the first stream, and what follows the stream."""
    if packing == ".xz":
        xz = lzma.LZMADecompressor(lzma.FORMAT_XZ, _XZ_MEMORY)
        chunk = xz.decompress(content, limit)
        return _whole(chunk, xz.eof, limit), xz.unused_data
    gzip = zlib.decompressobj(wbits=31)
    chunk = gzip.decompress(content, limit)
    return _whole(chunk, gzip.eof, limit), gzip.unused_data


def _whole(chunk: bytes, is_whole: bool, limit: int) -> bytes:
    if not is_whole and len(chunk) < limit:
        raise EOFError("it ends early")
    return chunk
