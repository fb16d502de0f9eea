"""Which files need to be written again."""

import os
import time
from pathlib import Path
from typing import Callable

import pytest

from lading.image.written_files import FileState, WrittenFiles
from lading.values.json_codec import from_json, to_json

CONTENT, OTHER = b"an archive", b"an article"


def remember(written: WrittenFiles, file: Path, content: str) -> None:
    written.remember(file, content, FileState.of(file.lstat()))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


def test_a_file_that_nobody_touched_is_there(file: Path) -> None:
    written = WrittenFiles()
    assert not written.has(file, "1")
    remember(written, file, "1")
    assert written.has(file, "1")
    assert not written.has(file, "2")


def test_what_is_written_last_counts(file: Path) -> None:
    written = WrittenFiles()
    remember(written, file, "1")
    time.sleep(0.01)
    file.write_bytes(OTHER)
    remember(written, file, "2")
    assert (written.has(file, "1"), written.has(file, "2")) == (False, True)


def test_what_another_program_wrote_before_it_was_told_is_noticed(file: Path) -> None:
    written = WrittenFiles()
    state = FileState.at(file)
    assert state is not None
    _replace(file)
    written.remember(file, "1", from_json(FileState, to_json(state)))
    assert not written.has(file, "1")


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
    file: Path, change: Callable[[Path], object]
) -> None:
    written = WrittenFiles()
    remember(written, file, "1")
    time.sleep(0.01)  # the clock of file systems stands still for up to 4 ms
    change(file)
    assert not written.has(file, "1")
