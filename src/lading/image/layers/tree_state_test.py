import os
import socket
import time
from pathlib import Path

import pytest

from lading.image.layers.tree_state import ContentDigests, read_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(b"content")
    return tmp_path


def test_times_do_not_count(tree: Path) -> None:
    before = read_tree(str(tree), (), ContentDigests())
    os.utime(tree / "d" / "f", (5, 5))
    assert read_tree(str(tree), (), ContentDigests()) == before


def test_sockets_and_what_is_left_out_are_not_there(tree: Path) -> None:
    (tree / "proc").mkdir()
    (tree / "proc" / "x").touch()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tree / "s"))
        assert sorted(read_tree(str(tree), ("proc",), ContentDigests())) == ["d", "d/f"]


def test_names_that_are_not_utf8(tree: Path) -> None:
    Path(os.fsdecode(os.fsencode(tree) + b"/\xff")).touch()
    assert "\udcff" in read_tree(str(tree), (), ContentDigests())


@pytest.mark.parametrize("seconds", [0, 0.2])
def test_a_change_of_equal_size_and_time_is_seen(tree: Path, seconds: float) -> None:
    file = tree / "d" / "f"
    digests = ContentDigests()
    time.sleep(seconds)
    before = read_tree(str(tree), (), digests)
    status = file.stat()
    with file.open("r+b") as stream:
        stream.write(b"changed")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    after = read_tree(str(tree), (), digests)
    assert before["d/f"].sha256 != after["d/f"].sha256


def test_what_did_not_change_is_not_read_again(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = ContentDigests()
    time.sleep(0.2)
    before = read_tree(str(tree), (), digests)
    monkeypatch.setattr("builtins.open", lambda *_, **__: pytest.fail("read again"))
    assert read_tree(str(tree), (), digests) == before
