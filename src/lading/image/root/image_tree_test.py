from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.root.account_files import AccountFiles
from lading.image.root.image_tree import ImageTree
from lading.values.json_codec import from_json, to_json


def tree(*entries: Entry) -> ImageTree:
    return ImageTree({entry.path: entry for entry in entries})


DEBIAN = tree(
    Entry.symlink("bin", "usr/bin"),
    Entry.directory("usr"),
    Entry.directory("usr/bin", 0o711, 5, 6),
    Entry.symlink("usr/bin/X11", "."),
    Entry("usr/bin/sh", Kind.FILE, 0o755),
    Entry.symlink("var", "/srv/../usr"),
    Entry.symlink("up", "../../usr"),
    Entry.symlink("loop", "loop"),
    Entry.symlink("packages", "/store"),
    Entry.symlink("dangling", "nowhere"),
)


@pytest.mark.parametrize(
    "path, place",
    [
        ("etc/x", "etc/x"),
        ("bin", "bin"),
        ("bin/foo", "usr/bin/foo"),
        ("bin/X11/X11/foo", "usr/bin/foo"),
        ("var/bin/foo", "usr/bin/foo"),
        ("up/bin/foo", "usr/bin/foo"),
        ("loop", "loop"),
        ("loop/x", None),
        ("packages/x", None),
        ("dangling/x", "nowhere/x"),
    ],
)
def test_nixpkgs_57073_rules_oci_857_paths_go_through_links(
    path: str, place: Optional[str]
) -> None:
    assert DEBIAN.locate(path) == place


def test_directories_are_seen_through_links() -> None:
    for path in ("bin", "usr/bin", "bin/X11", "var/bin"):
        assert DEBIAN.directory(path) == DEBIAN.entries["usr/bin"]
    for path in ("bin/sh", "loop", "dangling", "packages", "etc"):
        assert DEBIAN.directory(path) is None


def test_parents() -> None:
    assert [entry.path for entry in DEBIAN.parents("usr/bin/x/y")] == ["usr/bin", "usr"]


@given(st.binary(max_size=30), st.text(max_size=10), st.integers(0, 0o7777))
def test_json_and_back(passwd: bytes, target: str, mode: int) -> None:
    accounts = AccountFiles.from_data({"etc/passwd": passwd})
    entries = (Entry.symlink("a", target), Entry.directory("b", mode, 5, 6))
    status = passwd.decode("utf-8", "surrogateescape")
    image = ImageTree({entry.path: entry for entry in entries}, accounts, status)
    assert from_json(ImageTree, to_json(image)) == image
