import os
from pathlib import Path

from lading.files.removed_tree import remove_tree


def test_a_tree_is_removed_however_deep_it_is(tmp_path: Path) -> None:
    """Deeper than Python's stack, than a path can be, and than the number of open files of a
    process."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to("..")
    (tree / "\udcff").write_bytes(b"x")
    start = os.open(".", os.O_PATH)
    try:
        os.chdir(tree)
        for _ in range(3000):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.fchdir(start)
        os.close(start)
    (tmp_path / "beside").touch()
    remove_tree(tree)
    assert os.listdir(tmp_path) == ["beside"]


def test_what_an_earlier_call_has_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "tree.removed" / "7" / "d").mkdir(parents=True)
    (tmp_path / "tree" / "d").mkdir(parents=True)
    remove_tree(tmp_path / "tree")
    assert os.listdir(tmp_path) == []
