import io
from typing import Iterator

import pytest

from lading.compression.layer_compressor import MEMBER_SIZE, LayerCompressor
from lading.compression.zstd import ZstdDecompressor
from lading.compression.zstd_compressor import ZstdCompressor
from lading.image.layers.package_testing import find_libzstd
from lading.values.digest import Sha256


@pytest.fixture
def zstd() -> Iterator[LayerCompressor]:
    with ZstdCompressor(find_libzstd()) as compressor:
        yield compressor


def compressed(zstd: LayerCompressor, data: bytes) -> bytes:
    output = io.BytesIO()
    zstd.compress(io.BytesIO(data), output)
    return output.getvalue()


def decompressed(frames: bytes) -> bytes:
    with ZstdDecompressor(find_libzstd()) as decompressor:
        data = b"".join(decompressor.decompress(frames))
        assert decompressor.at_frame_end
    return data


def test_nothing_is_nothing(zstd: LayerCompressor) -> None:
    assert compressed(zstd, b"") == b""


def test_long_input_is_several_frames(zstd: LayerCompressor) -> None:
    data = bytes(range(256)) * (MEMBER_SIZE // 256)
    whole = compressed(zstd, data + b"tail")
    assert whole == compressed(zstd, data) + compressed(zstd, b"tail")
    assert decompressed(whole) == data + b"tail"


def test_frames_have_size_and_checksum(zstd: LayerCompressor) -> None:
    # RFC 8878, 3.1.1: magic; one segment, and a checksum of 4 bytes after it; the size.
    assert compressed(zstd, b"x")[:6] == bytes.fromhex("28b52ffd 24 01")


def test_the_bytes_stay_the_same(zstd: LayerCompressor) -> None:
    """Of libzstd 1.5.4, the pinned one, at its default level: every level gives different bytes."""
    data = b"".join(b"%d redis\n" % (number**3) for number in range(100_000))
    digest = Sha256.of(compressed(zstd, data))
    assert digest.hex == "f33c385727aa52f22815949c6455d337cce3214ee28d8dd73f2b8269c5a82754"
