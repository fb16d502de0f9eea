"""gzip output that depends only on the input: libdeflate, through ctypes.

Python's zlib is whichever the interpreter was linked with, and zlib, zlib-ng and others write
different bytes. libdeflate is a pinned file that comes with the build.
"""

import ctypes

from lading.compression.layer_compressor import MEMBER_SIZE, LayerCompressor
from lading.compression.layer_media_type import GZIP_MEDIA_TYPE
from lading.compression.shared_library import declare, load_library

#: libdeflate's level, from 1 to 12. For redis with its glibc (7.3 MB), the levels 6, 9, 10 and 12
#: leave 41.6, 41.4, 40.4 and 40.4 % at 91, 24, 17 and 10 MB/s per core. A package is compressed
#: once and loaded often, so size matters.
LEVEL = 10


class Deflate(LayerCompressor):
    """A compressor of libdeflate (libdeflate.h)."""

    def __init__(self, library: str, level: int = LEVEL) -> None:
        """`library` is the file's path. Raises LadingError if it can't be loaded."""
        loaded = _load(library)
        super().__init__(GZIP_MEDIA_TYPE, lambda: _GzipMember(loaded, level))


class _GzipMember:
    def __init__(self, library: ctypes.CDLL, level: int) -> None:
        self._library = library
        self._compressor = library.libdeflate_alloc_compressor(level)
        if not self._compressor:
            raise MemoryError("libdeflate_alloc_compressor")
        bound = library.libdeflate_gzip_compress_bound(self._compressor, MEMBER_SIZE)
        self._output = ctypes.create_string_buffer(bound)

    def compress(self, data: bytes) -> bytes:
        written = self._library.libdeflate_gzip_compress(
            self._compressor, data, len(data), self._output, len(self._output)
        )
        assert written, "libdeflate_gzip_compress_bound gives room for every input"
        return bytes(memoryview(self._output)[:written])

    def close(self) -> None:
        self._library.libdeflate_free_compressor(self._compressor)


def _load(path: str) -> ctypes.CDLL:
    library = load_library(path, "libdeflate", "2.14")
    size, pointer, data = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_char_p
    declare(
        library,
        (
            ("libdeflate_alloc_compressor", pointer, [ctypes.c_int]),
            ("libdeflate_free_compressor", None, [pointer]),
            ("libdeflate_gzip_compress_bound", size, [pointer, size]),
            ("libdeflate_gzip_compress", size, [pointer, data, size, data, size]),
        ),
    )
    return library
