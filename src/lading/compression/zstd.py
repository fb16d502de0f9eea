"""libzstd, through ctypes (zstd.h)."""

import ctypes
from typing import Iterator

from lading.compression.shared_library import declare, load_library

#: Binary logarithm of the largest window, in bytes, that is accepted: the default limit of the
#: program zstd. It bounds the memory.
WINDOW_LOG_LIMIT = 27

_OUTPUT_SIZE = 1 << 20

# ZSTD_dParameter, ZSTD_ErrorCode
_D_WINDOW_LOG_MAX = 100
_WINDOW_TOO_LARGE = 16


class ZstdError(ValueError):
    """The bytes can't be decompressed; the text says why."""


class ZstdWindowError(ZstdError):
    """They need more memory than is allowed."""


class _Buffer(ctypes.Structure):
    """ZSTD_inBuffer and ZSTD_outBuffer, which have the same layout."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("position", ctypes.c_size_t),
    )


class ZstdDecompressor:
    """Decompresses frames (RFC 8878), one after the other; skippable frames are empty."""

    def __init__(self, library: str) -> None:
        """`library` is the file's path. Raises LadingError if it can't be loaded."""
        self._library = load_zstd(library)
        self._context = self._library.ZSTD_createDCtx()
        if not self._context:
            raise MemoryError("ZSTD_createDCtx")
        limit = self._library.ZSTD_DCtx_setParameter(
            self._context, _D_WINDOW_LOG_MAX, WINDOW_LOG_LIMIT
        )
        self._check(limit)
        self._buffer = ctypes.create_string_buffer(_OUTPUT_SIZE)
        self._output = _Buffer(ctypes.addressof(self._buffer), _OUTPUT_SIZE, 0)
        #: Whether the input ends where a frame does.
        self.at_frame_end = True

    def decompress(self, data: bytes) -> Iterator[bytes]:
        """The output for the input so far and `data`. Raises ZstdError if it is damaged."""
        address = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p)
        source, output = _Buffer(address, len(data), 0), self._output
        flushing = False
        while source.position < source.size or flushing:
            output.position = 0
            # The return value is 0 when a frame ends and is completely written.
            missing = self._library.ZSTD_decompressStream(
                self._context, ctypes.byref(output), ctypes.byref(source)
            )
            self._check(missing)
            self.at_frame_end = missing == 0
            flushing = output.position == output.size and not self.at_frame_end
            yield bytes(memoryview(self._buffer)[: output.position])

    def close(self) -> None:
        self._library.ZSTD_freeDCtx(self._context)

    def __enter__(self) -> "ZstdDecompressor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self, result: int) -> None:
        if not self._library.ZSTD_isError(result):
            return
        reason = self._library.ZSTD_getErrorName(result).decode("ascii")
        if self._library.ZSTD_getErrorCode(result) == _WINDOW_TOO_LARGE:
            raise ZstdWindowError(reason)
        raise ZstdError(reason)


def load_zstd(path: str) -> ctypes.CDLL:
    """The library with the types of its functions. Raises LadingError if it can't be loaded."""
    library = load_library(path, "libzstd", "2.34")
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    declare(
        library,
        (
            ("ZSTD_isError", ctypes.c_uint, [size]),
            ("ZSTD_getErrorCode", ctypes.c_uint, [size]),
            ("ZSTD_getErrorName", ctypes.c_char_p, [size]),
            ("ZSTD_createDCtx", pointer, []),
            ("ZSTD_freeDCtx", size, [pointer]),
            ("ZSTD_DCtx_setParameter", size, [pointer, ctypes.c_int, ctypes.c_int]),
            ("ZSTD_decompressStream", size, [pointer, pointer, pointer]),
        ),
    )
    return library
