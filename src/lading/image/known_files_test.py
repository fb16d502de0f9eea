"""Which files are read again to find out what they contain."""

import os
import time
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from lading.digest import Sha256
from lading.image.known_files import KnownFiles

CONTENT, OTHER = b"an archive", b"an article"
SIZE = len(CONTENT)
LONG_AGO = 1_000_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[List[str]]:
    """Files that were read for their digests."""
    read: List[str] = []
    of_file = Sha256.of_file

    def recording(path: "os.PathLike[str]") -> Sha256:
        read.append(os.path.basename(path))
        return of_file(path)

    monkeypatch.setattr(Sha256, "of_file", recording)
    yield read


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an hour later than when the files were written."""
    now = time.time_ns
    monkeypatch.setattr(time, "time_ns", lambda: now() + 3_600_000_000_000)


def _has(known: KnownFiles, path: Path, content: bytes = CONTENT) -> bool:
    return known.has(path, Sha256.of(content), len(content))


def test_a_file_that_nobody_touched_is_read_once(file: Path, reads: List[str], later: None) -> None:
    known = KnownFiles()
    assert [_has(known, file) for _ in range(3)] == [True, True, True]
    assert not _has(known, file, OTHER)
    assert reads == ["file"]


def test_a_file_that_was_just_written_may_have_been_written_again(
    file: Path, reads: List[str]
) -> None:
    known = KnownFiles()
    assert _has(known, file) and _has(known, file)
    assert reads == ["file", "file"]


def _write_other_content_at_the_same_time(file: Path) -> None:
    times = file.stat()
    file.write_bytes(OTHER)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def _replace(file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(OTHER)
    other.replace(file)


def _link(file: Path) -> None:
    target = file.with_name("target")
    file.replace(target)
    file.symlink_to(target)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda file: file.write_bytes(OTHER), id="other content"),
        pytest.param(_write_other_content_at_the_same_time, id="its time is set back"),
        pytest.param(_replace, id="another file is there"),
        pytest.param(lambda file: file.write_bytes(CONTENT + b"."), id="it is longer"),
        pytest.param(lambda file: file.unlink(), id="it is gone"),
        pytest.param(_link, id="it is a link"),
        pytest.param(lambda file: (file.unlink(), file.mkdir()), id="it is a directory"),
    ],
)
def test_whatever_was_done_to_a_file_is_noticed(
    file: Path, change: Callable[[Path], object], later: None
) -> None:
    known = KnownFiles()
    assert _has(known, file)
    time.sleep(0.01)  # the clock of file systems stands still for up to 4 ms
    change(file)
    assert not _has(known, file)
