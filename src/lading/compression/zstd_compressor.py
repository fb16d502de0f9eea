"""zstd output that depends only on the input: the pinned libzstd, through ctypes (zstd.h)."""

import ctypes

from lading.compression.layer_compressor import MEMBER_SIZE, LayerCompressor
from lading.compression.layer_media_type import ZSTD_MEDIA_TYPE
from lading.compression.shared_library import declare
from lading.compression.zstd import ZstdError, load_zstd

#: zstd's level, from 1 to 19. For 126 MB of libraries, the levels 3, 6, 9, 12, 15 and 19 leave
#: 27.6, 25.4, 24.8, 24.6, 24.5 and 22.0 % at 350, 135, 80, 35, 11 and 4 MB/s per core.
LEVEL = 9

# ZSTD_cParameter
_C_COMPRESSION_LEVEL = 100
_C_CHECKSUM_FLAG = 201


class ZstdCompressor(LayerCompressor):
    """A compressor of libzstd (zstd.h)."""

    def __init__(self, library: str, level: int = LEVEL) -> None:
        """`library` is the file's path. LadingError if it can't be loaded."""
        loaded = load_zstd(library)
        _declare(loaded)
        super().__init__(ZSTD_MEDIA_TYPE, lambda: _Frame(loaded, level))


class _Frame:
    def __init__(self, library: ctypes.CDLL, level: int) -> None:
        self._library = library
        self._context = library.ZSTD_createCCtx()
        if not self._context:
            raise MemoryError("ZSTD_createCCtx")
        for parameter, value in ((_C_COMPRESSION_LEVEL, level), (_C_CHECKSUM_FLAG, 1)):
            self._check(library.ZSTD_CCtx_setParameter(self._context, parameter, value))
        self._output = ctypes.create_string_buffer(library.ZSTD_compressBound(MEMBER_SIZE))

    def compress(self, data: bytes) -> bytes:
        written: int = self._library.ZSTD_compress2(
            self._context, self._output, len(self._output), data, len(data)
        )
        self._check(written)
        return bytes(memoryview(self._output)[:written])

    def close(self) -> None:
        self._library.ZSTD_freeCCtx(self._context)

    def _check(self, result: int) -> None:
        if self._library.ZSTD_isError(result):
            raise ZstdError(self._library.ZSTD_getErrorName(result).decode("ascii"))


def _declare(library: ctypes.CDLL) -> None:
    """The types of the functions that `load_zstd` leaves out."""
    size, pointer, data = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_char_p
    declare(
        library,
        (
            ("ZSTD_createCCtx", pointer, []),
            ("ZSTD_freeCCtx", size, [pointer]),
            ("ZSTD_CCtx_setParameter", size, [pointer, ctypes.c_int, ctypes.c_int]),
            ("ZSTD_compressBound", size, [size]),
            ("ZSTD_compress2", size, [pointer, data, size, data, size]),
        ),
    )
