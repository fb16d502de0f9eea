"""Files that appear complete or not at all."""

import errno
import os
import signal
from pathlib import Path
from typing import Any, Iterator

import pytest

from lading.runtime.at_once_testing import FORK, run_at_once
from lading.runtime.whole_file import whole_file, write_whole


@pytest.fixture(params=["files without names", "named files"])
def file_system(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def directory(tmp_path: Path, file_system: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """On a file system that supports files without names, and on one that does not."""
    if file_system == "named files":
        open_ = os.open

        def open_named(path: "os.PathLike[str]", flags: int, mode: int = 0o777) -> int:
            if flags & os.O_TMPFILE == os.O_TMPFILE:
                raise OSError(errno.EOPNOTSUPP, "")
            return open_(path, flags, mode)

        monkeypatch.setattr(os, "open", open_named)
    yield tmp_path


def _names(directory: Path) -> "list[str]":
    return sorted(os.listdir(directory))


def test_it_is_there_at_the_end_of_the_block(directory: Path) -> None:
    path = directory / "file"
    with whole_file(path) as file:
        file.write(b"content")
        assert not path.exists()
    assert path.read_bytes() == b"content"
    assert _names(directory) == ["file"]
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_text_is_in_utf_8(directory: Path) -> None:
    write_whole(directory / "file", "größer\n")
    assert (directory / "file").read_bytes() == b"gr\xc3\xb6\xc3\x9fer\n"
    assert _names(directory) == ["file"]


def test_it_takes_the_place_of_a_file_or_of_a_link(directory: Path) -> None:
    path, other = directory / "file", directory / "other"
    other.write_bytes(b"longer than the content")
    path.symlink_to(other)
    for content in (b"first", b"2nd"):
        with whole_file(path) as file:
            file.write(content)
        assert path.read_bytes() == content and not path.is_symlink()
    assert other.read_bytes() == b"longer than the content"


def test_an_exception_leaves_what_was_there(directory: Path) -> None:
    path = directory / "file"
    path.write_bytes(b"before")
    with pytest.raises(ZeroDivisionError), whole_file(path) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"before"
    assert _names(directory) == ["file"]


def test_a_directory_stays(directory: Path) -> None:
    path = directory / "file"
    path.mkdir()
    with pytest.raises(IsADirectoryError), whole_file(path) as file:
        file.write(b"content")
    assert path.is_dir()
    assert _names(directory) == ["file"]


def test_what_a_killed_program_leaves_is_in_nobody_s_way(directory: Path) -> None:
    path = directory / "file"

    def write_half() -> None:
        with whole_file(path) as file:
            file.write(b"half of a file that is longer")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    process = FORK.Process(target=write_half)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not path.exists()
    with whole_file(path) as file:
        file.write(b"content")
    assert path.read_bytes() == b"content"
    assert _names(directory) == ["file"]


def test_what_a_program_left_that_was_killed_as_it_gave_a_name_is_in_nobody_s_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter([b"\x01", b"\x02"])
    monkeypatch.setattr(os, "urandom", lambda _: next(names))
    left = tmp_path / ".file.01"
    left.write_bytes(b"left")
    write_whole(tmp_path / "file", "content")
    assert (tmp_path / "file").read_bytes() == b"content"
    assert left.read_bytes() == b"left"
    assert _names(tmp_path) == [".file.01", "file"]


def test_of_many_that_write_the_last_one_s_file_is_whole(directory: Path) -> None:
    path = directory / "file"

    def write(letter: bytes) -> None:
        for _ in range(20):
            with whole_file(path) as file:
                for _ in range(100):
                    file.write(letter * 100)
                    file.flush()

    run_at_once(write, [(b"a",), (b"b",), (b"c",)])
    content = path.read_bytes()
    assert content == content[:1] * 10_000
    assert _names(directory) == ["file"]
