"""Frames of zstd (RFC 8878), made by libzstd and by hand."""

import ctypes

from lading.compression.zstd import load_zstd
from lading.image.layers.package_testing import find_libzstd

#: The most bytes that a block may decompress to (Block_Maximum_Size).
BLOCK_LIMIT = 1 << 17

#: Magic_Number, an empty Frame_Header_Descriptor, and a Window_Descriptor of 1 MiB.
_HEAD = bytes.fromhex("28b52ffd 00 50")


def zstd(data: bytes, level: int = 3) -> bytes:
    """One frame."""
    library = load_zstd(find_libzstd())
    library.ZSTD_compressBound.restype = library.ZSTD_compress.restype = ctypes.c_size_t
    output = ctypes.create_string_buffer(library.ZSTD_compressBound(ctypes.c_size_t(len(data))))
    size = library.ZSTD_compress(
        output, ctypes.c_size_t(len(output)), data, ctypes.c_size_t(len(data)), level
    )
    return output.raw[:size]


def skippable(data: bytes) -> bytes:
    return b"\x5a\x2a\x4d\x18" + len(data).to_bytes(4, "little") + data


def zeros(blocks: int, window: int = 0x50) -> bytes:
    """A frame of this many blocks of 128 KiB of zeros, four bytes each."""
    head = _HEAD[:5] + bytes([window])
    block = (BLOCK_LIMIT << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    last = (BLOCK_LIMIT << 3 | 1 << 1 | 1).to_bytes(3, "little") + b"\0"
    return head + block * (blocks - 1) + last
