"""gzip whose bytes depend on the input alone: libdeflate, through ctypes.

Python's zlib is whatever the interpreter was linked with, and zlib, zlib-ng and others write
different bytes. libdeflate comes with the build as a pinned file.
"""

import ctypes
import io
from pathlib import Path
from typing import Protocol

from lading.errors import LadingError

#: libdeflate's, from 1 to 12. Of redis with its glibc (7.3 MB) the levels 6, 9, 10 and 12 leave
#: 41.6, 41.4, 40.4 and 40.4 % at 91, 24, 17 and 10 MB/s of one core. A package is compressed once
#: and loaded often, so size counts.
LEVEL = 10

#: Input bytes in one gzip member, which bounds the memory. Part of the format: it decides the
#: bytes.
MEMBER_SIZE = 16 << 20


class Output(Protocol):
    """What compressed bytes are written to."""

    def write(self, data: memoryview, /) -> object:
        ...


class Deflate:
    """A compressor of libdeflate (libdeflate.h)."""

    def __init__(self, library: str, level: int = LEVEL) -> None:
        """`library` is the file's path."""
        # Absolute, because dlopen looks for names without a slash in the system's directories.
        self._library = _load(str(Path(library).absolute()))
        self._compressor = self._library.libdeflate_alloc_compressor(level)
        if not self._compressor:
            raise MemoryError("libdeflate_alloc_compressor")
        bound = self._library.libdeflate_gzip_compress_bound(self._compressor, MEMBER_SIZE)
        self._input = bytearray(MEMBER_SIZE)
        self._output = bytearray(bound)

    def compress(self, source: io.BufferedIOBase, output: Output) -> None:
        """Write all of `source` as gzip members of `MEMBER_SIZE` bytes each, the last shorter.

        No member for empty input: members concatenate, and nothing is nothing.
        """
        while filled := source.readinto(self._input):
            output.write(memoryview(self._output)[: self._compress_member(filled)])

    def _compress_member(self, size: int) -> int:
        written: int = self._library.libdeflate_gzip_compress(
            self._compressor,
            (ctypes.c_char * len(self._input)).from_buffer(self._input),
            size,
            (ctypes.c_char * len(self._output)).from_buffer(self._output),
            len(self._output),
        )
        assert written, "libdeflate_gzip_compress_bound gives room for every input"
        return written

    def close(self) -> None:
        self._library.libdeflate_free_compressor(self._compressor)

    def __enter__(self) -> "Deflate":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
    library.libdeflate_gzip_compress.argtypes = [pointer, pointer, size, pointer, size]
    library.libdeflate_gzip_compress.restype = size
    return library
