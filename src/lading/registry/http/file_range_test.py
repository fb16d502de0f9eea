import threading
from pathlib import Path

import pytest

from lading.registry.http.file_range import FileRange, StoppedError


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "file").write_bytes(bytes(range(256)) * 1000)
    return str(tmp_path / "file")


def test_its_part_of_the_file_is_read(path: str) -> None:
    content = Path(path).read_bytes()
    for start, size in ((0, 256_000), (0, 0), (5, 100_000), (255_999, 1)):
        with FileRange(path, start, size).opened() as reader:
            assert len(reader) == size
            assert b"".join(reader) == content[start : start + size]
            assert reader.read(10) == b""
        with FileRange(path, start, size).opened() as reader:
            assert reader.read(7) == content[start : start + min(size, 7)]


def test_reading_ends_when_it_is_stopped(path: str) -> None:
    stop = threading.Event()
    with FileRange(path, 0, 256_000, stop).opened() as reader:
        reader.read(10)
        stop.set()
        with pytest.raises(StoppedError):
            reader.read(10)
