import argparse
import gzip
import io
import os
import shutil
from pathlib import Path
from typing import Optional

import pytest

from lading.compression.layer_compression import (
    FILE,
    LIBRARY,
    LayerCompression,
    Method,
    open_compressor,
)
from lading.compression.layer_compressor import MEMBER_SIZE, LayerCompressor
from lading.compression.layer_media_type import GZIP_MEDIA_TYPE, ZSTD_MEDIA_TYPE
from lading.compression.zstd import ZstdDecompressor
from lading.image.layers.package_testing import find_libdeflate, find_libzstd
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json

TEXT = b"".join(b"%d redis\n" % number for number in range(900_000))


# Less regular than that one, where the lowest levels find as much as the higher ones.
PROGRAM = Path(argparse.__file__).read_bytes()


def compressed(compressor: LayerCompressor, data: bytes) -> bytes:
    output = io.BytesIO()
    with compressor:
        compressor.compress(io.BytesIO(data), output)
    return output.getvalue()


def opened(directory: Path, compression: LayerCompression) -> LayerCompressor:
    found = Path(find_libzstd() if compression.method is Method.ZSTD else find_libdeflate())
    library = directory / str(compression.level) / LIBRARY
    if not library.exists():
        library.parent.mkdir()
        shutil.copy(found, library)
        library.with_name(FILE).write_text(to_json(compression))
    return open_compressor(str(library))


def test_without_a_file_it_is_gzip() -> None:
    compressor = open_compressor(find_libdeflate())
    assert compressor.media_type == GZIP_MEDIA_TYPE
    assert gzip.decompress(compressed(compressor, b"data")) == b"data"


def test_zstd(tmp_path: Path) -> None:
    compressor = opened(tmp_path, LayerCompression.parse(Method.ZSTD, None))
    assert compressor.media_type == ZSTD_MEDIA_TYPE
    frames = compressed(compressor, TEXT)
    with ZstdDecompressor(find_libzstd()) as decompressor:
        assert b"".join(decompressor.decompress(frames)) == TEXT
        assert decompressor.at_frame_end


@pytest.mark.parametrize("method", list(Method))
def test_a_higher_level_makes_less(tmp_path: Path, method: Method) -> None:
    sizes = [
        len(compressed(opened(tmp_path, LayerCompression.parse(method, level)), PROGRAM))
        for level in (1, 12)
    ]
    assert sizes[0] > sizes[1]


@pytest.mark.parametrize("method", list(Method))
def test_how_many_cores_there_are_does_not_matter(tmp_path: Path, method: Method) -> None:
    assert len(TEXT) > 2 * MEMBER_SIZE
    many = compressed(opened(tmp_path, LayerCompression.parse(method, None)), TEXT)
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        one = compressed(opened(tmp_path, LayerCompression.parse(method, None)), TEXT)
    finally:
        os.sched_setaffinity(0, cores)
    assert one == many


def test_an_error_in_a_thread_is_an_error() -> None:
    class Broken:
        def compress(self, data: bytes) -> bytes:
            raise OSError("no space")

        def close(self) -> None:
            pass

    with pytest.raises(OSError, match="no space"):
        compressed(LayerCompressor("", Broken), bytes(3 * MEMBER_SIZE))


@pytest.mark.parametrize(
    ("method", "level", "reason"),
    [
        (Method.GZIP, 0, "stores without compressing"),
        (Method.GZIP, 13, "libdeflate ends at 12"),
        (Method.ZSTD, -1, "a fast level of zstd"),
        (Method.ZSTD, 20, "takes memory by the gigabyte"),
    ],
)
def test_a_level_that_there_is_not(method: Method, level: int, reason: str) -> None:
    with pytest.raises(
        LadingError, match=f"`compression_level` is {level}, but {method.value} has 1 to"
    ):
        LayerCompression.parse(method, level)


@pytest.mark.parametrize(
    ("method", "level", "expected"), [(Method.GZIP, None, 10), (Method.ZSTD, 19, 19)]
)
def test_levels(method: Method, level: Optional[int], expected: int) -> None:
    compression = LayerCompression.parse(method, level)
    assert compression.level == expected
    assert from_json(LayerCompression, to_json(compression)) == compression
