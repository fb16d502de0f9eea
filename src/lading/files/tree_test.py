import os
from pathlib import Path

from lading.files.tree import walk


def test_parents_first_siblings_by_bytes_links_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for directory in ("b", "B", "a.d", "a"):
        (root / directory).mkdir(parents=True)
    (root / "a" / "x").write_bytes(b"123")
    (root / "a" / "x").chmod(0o755)
    (root / "é").touch()
    os.symlink("a", root / "link")
    entries = {entry.path: entry for entry in walk(root)}
    assert list(entries) == [".", "B", "a", "a/x", "a.d", "b", "link", "é"]
    assert entries["a/x"].is_executable and entries["a/x"].status.st_size == 3
    assert entries["a/x"].host == str(root / "a" / "x")
    assert entries["."].is_directory and not entries["."].is_executable
    assert entries["link"].is_link and not entries["link"].is_directory
    assert entries["é"].is_file and not entries["é"].is_executable


def test_a_link_as_root_is_all_there_is(tmp_path: Path) -> None:
    (tmp_path / "directory" / "x").mkdir(parents=True)
    os.symlink("directory", tmp_path / "link")
    assert [entry.path for entry in walk(tmp_path / "link")] == ["."]
