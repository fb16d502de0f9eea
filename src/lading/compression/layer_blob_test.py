import gzip
import io
import re
import zlib
from typing import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.compression.layer_blob import BlobReader
from lading.compression.layer_media_type import Compression
from lading.compression.zstd_testing import BLOCK_LIMIT, skippable, zeros, zstd
from lading.files.bounds import FACTOR, FLOOR, UnpackBound
from lading.files.layer_error import LayerError
from lading.image.layers.package_testing import find_libzstd


def chunks(blob: bytes) -> Iterator[bytes]:
    reader = BlobReader(find_libzstd(), UnpackBound(len(blob)))
    return reader.chunks(io.BytesIO(blob), Compression.of(io.BytesIO(blob)))


def unpacked(blob: bytes) -> bytes:
    return b"".join(chunks(blob))


@pytest.mark.parametrize(
    "blob, compression",
    [
        (gzip.compress(b""), Compression.GZIP),
        (b"\x28\xb5\x2f\xfd", Compression.ZSTD),
        (b"\x50\x2a\x4d\x18", Compression.ZSTD),
        (b"\x5f\x2a\x4d\x18", Compression.ZSTD),
        (b"\x60\x2a\x4d\x18", Compression.NONE),
        (b"etc/", Compression.NONE),
        (b"", Compression.NONE),
    ],
)
def test_the_first_bytes_tell(blob: bytes, compression: Compression) -> None:
    file = io.BytesIO(blob)
    assert Compression.of(file) == compression
    assert file.tell() == 0


@settings(deadline=None)
@given(st.lists(st.binary(max_size=100_000), min_size=1, max_size=4))
def test_whatever_compresses_it_the_bytes_are_the_same(parts: "list[bytes]") -> None:
    whole = b"".join(parts)
    assert unpacked(b"".join(map(gzip.compress, parts))) == whole
    assert unpacked(b"".join(map(zstd, parts))) == whole
    assert unpacked(b"plain" + whole) == b"plain" + whole


def test_much_of_little_comes_in_pieces() -> None:
    data = bytes(50 << 20)
    for blob in (gzip.compress(data, 1), zstd(data)):
        sizes = [len(chunk) for chunk in chunks(blob)]
        assert sum(sizes) == len(data)
        assert max(sizes) <= 1 << 20


def test_gzip_of_gzip_is_gzip() -> None:
    inner = gzip.compress(b"x")
    assert unpacked(gzip.compress(inner)) == inner


def test_pzstd_begins_with_a_frame_to_be_skipped() -> None:
    assert unpacked(skippable(b"1234") + zstd(b"x")) == b"x"


WHOLE = bytes(range(256)) * 20


@pytest.mark.parametrize(
    "blob, reason",
    [
        (gzip.compress(WHOLE)[:-1], "its gzip data is cut off"),
        (gzip.compress(WHOLE)[:15], "its gzip data is cut off"),
        (b"\x1f\x8b", "its gzip data is cut off"),
        (gzip.compress(WHOLE) + gzip.compress(WHOLE)[:3], "its gzip data is cut off"),
        (gzip.compress(WHOLE) + bytes(512), "incorrect header check"),
        (gzip.compress(WHOLE) + b"garbage", "incorrect header check"),
        (gzip.compress(WHOLE)[:-8] + bytes(8), "incorrect data check"),
        (b"\x1f\x8b no gzip", "unknown compression method"),
        (zstd(WHOLE)[:-1], "its zstd data is cut off"),
        (b"\x28\xb5\x2f\xfd", "its zstd data is cut off"),
        (skippable(WHOLE)[:-1], "its zstd data is cut off"),
        (zstd(WHOLE) + b"garbage", "Unknown frame descriptor"),
        (zstd(WHOLE) + bytes(512), "Unknown frame descriptor"),
        (zstd(WHOLE) + gzip.compress(WHOLE), "Unknown frame descriptor"),
    ],
)
def test_damaged_blobs(blob: bytes, reason: str) -> None:
    with pytest.raises(LayerError, match=f"is not a valid tar archive .*{reason}"):
        unpacked(blob)


def test_zstd_that_takes_much_memory() -> None:
    with pytest.raises(LayerError, match="takes more than 134217728 bytes of memory to decompress"):
        unpacked(zeros(1, window=0xFF))


def _gzip_of_zeros(mebibytes: int) -> bytes:
    compressor = zlib.compressobj(9, wbits=31)
    member = compressor.compress(bytes(1 << 24)) + compressor.flush()
    return member * (mebibytes // 16)


@pytest.mark.parametrize(
    "blob",
    [_gzip_of_zeros(10 << 10), zeros(10 * FLOOR // BLOCK_LIMIT)],
    ids=["gzip", "zstd"],
)
def test_bombs_of_10_gib_are_given_up_early(blob: bytes) -> None:
    taken = 0
    sentence = f"expands to more than {FLOOR} bytes, from {len(blob)} compressed ones. If you"
    with pytest.raises(LayerError, match=re.escape(sentence)):
        for chunk in chunks(blob):
            taken += len(chunk)
    assert FLOOR - (1 << 20) <= taken <= FLOOR


def test_large_layers_may_become_a_hundred_times_as_large() -> None:
    bound = UnpackBound(FLOOR)
    bound.take(FACTOR * FLOOR)
    with pytest.raises(LayerError, match=f"expands to more than {FACTOR * FLOOR} bytes"):
        bound.take(1)


def test_the_library_is_loaded_before_the_first_chunk_is_taken() -> None:
    blob = zstd(b"x")
    with pytest.raises(Exception, match="libzstd can't be loaded"):
        BlobReader("nowhere", UnpackBound(1)).chunks(io.BytesIO(blob), Compression.ZSTD)
