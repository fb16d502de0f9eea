from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lading.compression.zstd import WINDOW_LOG_LIMIT, ZstdDecompressor, ZstdError, ZstdWindowError
from lading.compression.zstd_testing import BLOCK_LIMIT, skippable, zeros, zstd
from lading.image.layers.package_testing import find_libzstd
from lading.values.errors import LadingError


def decompressed(*inputs: bytes) -> bytes:
    with ZstdDecompressor(find_libzstd()) as decompressor:
        return b"".join(part for data in inputs for part in decompressor.decompress(data))


@settings(deadline=None)
@given(st.lists(st.binary(max_size=3000), max_size=4), st.integers(1, 500))
def test_frames_concatenate_however_they_are_cut(parts: "list[bytes]", cut: int) -> None:
    frames = b"".join(zstd(part) for part in parts)
    inputs = [frames[start : start + cut] for start in range(0, len(frames), cut)]
    assert decompressed(*inputs) == b"".join(parts)


def test_much_comes_of_little() -> None:
    assert decompressed(zeros(100)) == bytes(100 * BLOCK_LIMIT)


def test_frames_to_be_skipped_hold_nothing() -> None:
    assert decompressed(skippable(b"x" * 99) + zstd(b"a") + skippable(b"") + zstd(b"b")) == b"ab"


@pytest.mark.parametrize("cut", [1, 5, 9, 12])
def test_the_end_of_a_frame_is_known(cut: int) -> None:
    frame = zstd(b"some text")
    with ZstdDecompressor(find_libzstd()) as decompressor:
        assert decompressor.at_frame_end
        list(decompressor.decompress(frame[:cut]))
        assert not decompressor.at_frame_end
        list(decompressor.decompress(frame[cut:]))
        assert decompressor.at_frame_end


def test_damage() -> None:
    with pytest.raises(ZstdError, match="Unknown frame descriptor"):
        decompressed(zstd(b"x") + b"garbage")
    with pytest.raises(ZstdError):
        decompressed(zstd(b"x" * 100)[:-1] + b"y")


def test_the_window_is_bounded() -> None:
    exponent = WINDOW_LOG_LIMIT - 10
    assert decompressed(zeros(1, window=exponent << 3)) == bytes(BLOCK_LIMIT)
    with pytest.raises(ZstdWindowError, match="too much memory"):
        decompressed(zeros(1, window=exponent << 3 | 1))


def test_a_library_that_cannot_be_loaded(tmp_path: Path) -> None:
    library = tmp_path / "libzstd.so.1"
    library.write_bytes(b"not ELF")
    with pytest.raises(LadingError, match=r"libzstd can't be loaded.*needs Linux with glibc 2\.34"):
        ZstdDecompressor(str(library))
