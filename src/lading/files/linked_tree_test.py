import errno
import os
import stat
from pathlib import Path
from typing import Dict, Tuple

import pytest

from lading.files.linked_tree import link_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "usr" / "empty").mkdir(parents=True)
    (tree / "usr" / "program").write_text("program")
    (tree / "usr" / "link").symlink_to("/nowhere")
    os.chmod(tree / "usr" / "program", 0o555)
    os.chmod(tree / "usr" / "empty", 0o700)
    for path in (*tree.rglob("*"), tree):
        os.utime(path, (1, 1), follow_symlinks=False)
    return tree


def described(tree: Path) -> Dict[str, Tuple[object, ...]]:
    return {
        str(path.relative_to(tree)): (
            os.readlink(path) if path.is_symlink() else path.is_file() and path.read_text(),
            stat.S_IMODE(path.lstat().st_mode),
            path.lstat().st_mtime,
        )
        for path in (tree, *tree.rglob("*"))
    }


def inode(path: Path) -> int:
    return path.stat().st_ino


@pytest.mark.parametrize("mask", [0o077, 0])
def test_files_are_hard_links_and_all_else_looks_the_same(
    tree: Path, tmp_path: Path, mask: int
) -> None:
    previous = os.umask(mask)
    link_tree(tree, tmp_path / "linked")
    os.umask(previous)
    assert described(tmp_path / "linked") == described(tree)
    assert inode(tmp_path / "linked/usr/program") == inode(tree / "usr/program")
    assert inode(tmp_path / "linked/usr") != inode(tree / "usr")


def test_a_single_file_is_linked(tree: Path, tmp_path: Path) -> None:
    link_tree(tree / "usr" / "program", tmp_path / "linked")
    assert inode(tmp_path / "linked") == inode(tree / "usr/program")


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_where_nothing_can_be_linked_files_are_copied(
    tree: Path, tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    link_tree(tree, tmp_path / "copied")
    assert described(tmp_path / "copied") == described(tree)
    assert inode(tmp_path / "copied/usr/program") != inode(tree / "usr/program")


def test_a_full_disk_is_an_error(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(OSError, match="No space left"):
        link_tree(tree, tmp_path / "copied")
