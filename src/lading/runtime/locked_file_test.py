"""Files that only one program writes to at a time."""

from pathlib import Path

from lading.runtime.at_once_testing import run_at_once
from lading.runtime.locked_file import open_locked


def test_who_waits_gets_the_file_that_is_there_by_then(tmp_path: Path) -> None:
    """Each process takes the file away while others wait for it, and none finds another's
    letters."""
    path, found = tmp_path / "file", tmp_path / "found"
    found.touch()

    def write(letter: bytes) -> None:
        for number in range(200):
            with open_locked(path, 0o600) as file:
                assert file.read() == b""
                file.write(letter)
                file.flush()
                if number % 2:
                    path.unlink()
                else:
                    path.replace(found)

    run_at_once(write, [(b"a",), (b"b",), (b"c",)])
    assert not path.exists() and len(found.read_bytes()) == 1


def test_what_lies_there_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    with open_locked(path, 0o600) as file:
        assert file.read() == b"content"
