"""gzip whose bytes depend on the input alone: libdeflate, through ctypes.

Python's zlib is whatever the interpreter was linked with, and zlib, zlib-ng and others write
different bytes. libdeflate comes with the build as a pinned file.
"""

import ctypes
from pathlib import Path

from lading.errors import LadingError
from lading.image.layer import GZIP_MEDIA_TYPE
from lading.image.layer_compressor import MEMBER_SIZE, LayerCompressor

#: libdeflate's, from 1 to 12. Of redis with its glibc (7.3 MB) the levels 6, 9, 10 and 12 leave
#: 41.6, 41.4, 40.4 and 40.4 % at 91, 24, 17 and 10 MB/s of one core. A package is compressed once
#: and loaded often, so size counts.
LEVEL = 10


class Deflate(LayerCompressor):
    """A compressor of libdeflate (libdeflate.h)."""

    def __init__(self, library: str, level: int = LEVEL) -> None:
        """`library` is the file's path. LadingError if it can't be loaded."""
        # Absolute, because dlopen looks for names without a slash in the system's directories.
        loaded = _load(str(Path(library).absolute()))
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
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise LadingError(
            f"libdeflate can't be loaded on this machine: {error}. It needs Linux with glibc 2.14 "
            "or later, on the architecture that it was made for."
        ) from error
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    library.libdeflate_alloc_compressor.argtypes = [ctypes.c_int]
    library.libdeflate_alloc_compressor.restype = pointer
    library.libdeflate_free_compressor.argtypes = [pointer]
    library.libdeflate_free_compressor.restype = None
    library.libdeflate_gzip_compress_bound.argtypes = [pointer, size]
    library.libdeflate_gzip_compress_bound.restype = size
    library.libdeflate_gzip_compress.argtypes = [
        pointer,
        ctypes.c_char_p,
        size,
        ctypes.c_char_p,
        size,
    ]
    library.libdeflate_gzip_compress.restype = size
    return library
