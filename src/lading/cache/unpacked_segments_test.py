import io
import os
import tarfile
from pathlib import Path
from typing import Sequence, Tuple

import pytest

from lading.cache.tree_manifest import TreeManifest
from lading.cache.unpacked_segments import SegmentFile, unpack_segments
from lading.store.segment import write_segment
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.path import StorePath

PATH = StorePath.parse("/store/00000000000000000000000000000000-hello-1.0")
BASE = f"store/{PATH.base}"

#: Name, type, link target.
Member = Tuple[str, bytes, str]


def segment_of(tree: Path, directory: Path) -> SegmentFile:
    file = directory / "segment.tar"
    with file.open("wb") as output:
        segment = write_segment(tree, PATH, output)
    return SegmentFile(str(file), segment.sha256)


def archive_of(members: Sequence[Member], file: Path) -> SegmentFile:
    with tarfile.open(file, "w") as archive:
        for name, kind, target in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.mode = kind, target, 0o755
            content = b"evil" if kind == tarfile.REGTYPE else b""
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return SegmentFile(str(file), Sha256.of_file(file).hex)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "out"
    (tree / "bin").mkdir(parents=True)
    (tree / "bin" / "run").write_text("#!/bin/sh\n")
    (tree / "bin" / "run").chmod(0o755)
    (tree / "plain").write_bytes(bytes(3 << 20))
    os.link(tree / "plain", tree / "same")
    (tree / "link").symlink_to("bin/run")
    return tree


def test_unpacking_restores_the_tree(tree: Path, tmp_path: Path) -> None:
    segment = segment_of(tree, tmp_path)
    umask = os.umask(0o077)
    try:
        unpack_segments([segment], tmp_path / "unpacked", BASE)
    finally:
        os.umask(umask)
    (tmp_path / "again").mkdir()
    assert segment_of(tmp_path / "unpacked", tmp_path / "again").sha256 == segment.sha256
    entries = TreeManifest.of(tmp_path / "unpacked").entries
    assert {entry[:3] for entry in entries.values()} == {
        ("directory", "0755", 1),
        ("file", "0555", 1),
        ("file", "0444", 1),
        ("link", "0777", 1),
    }


def test_a_package_may_be_one_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("text")
    unpack_segments([segment_of(tmp_path / "out", tmp_path)], tmp_path / "unpacked", BASE)
    assert (tmp_path / "unpacked").read_text() == "text"


@pytest.mark.parametrize("offset", [0, 700, 4 << 9, -1])
def test_no_byte_of_a_damaged_segment_is_used(tree: Path, tmp_path: Path, offset: int) -> None:
    segment = segment_of(tree, tmp_path)
    content = bytearray(Path(segment.path).read_bytes())
    content[offset] ^= 1
    Path(segment.path).write_bytes(content)
    with pytest.raises(LadingError, match=r"segment\.tar is damaged: its digest is \w+, not \w+\."):
        unpack_segments([segment], tmp_path / "unpacked", BASE)
    assert not (tmp_path / "unpacked").exists()


FILE, DIRECTORY, LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE

LEADING_OUT = {
    "up": [("{}/../../escaped", FILE, "")],
    "up at once": [("../escaped", FILE, "")],
    "absolute": [("{outside}/escaped", FILE, "")],
    "another package": [("store/11111111111111111111111111111111-other/x", FILE, "")],
    "a name that begins like it": [("{}-more/x", FILE, "")],
    "through a link": [("{}/a", LINK, "{outside}"), ("{}/a/escaped", FILE, "")],
    "a directory through a link": [("{}/a", LINK, "{outside}"), ("{}/a/escaped", DIRECTORY, "")],
    "a link through a link": [("{}/a", LINK, "{outside}"), ("{}/a/escaped", LINK, "x")],
    "a hard link through a link": [
        ("{}/x", FILE, ""),
        ("{}/a", LINK, "{outside}"),
        ("{}/a/escaped", tarfile.LNKTYPE, "{}/x"),
    ],
    "over a link": [("{}/a", LINK, "{outside}/escaped"), ("{}/a", FILE, "")],
    "the root is a link": [("{}", LINK, "{outside}"), ("{}/escaped", FILE, "")],
    "nothing but a link": [("{}", LINK, "{outside}")],
    "a hard link to what is outside": [("{}/a", tarfile.LNKTYPE, "{outside}/secret")],
    "a hard link to a link": [("{}/l", LINK, "x"), ("{}/a", tarfile.LNKTYPE, "{}/l")],
    "an empty part": [("{}/a//../../../escaped", FILE, "")],
    "a device": [("{}/null", tarfile.CHRTYPE, "")],
    "a pipe": [("{}/pipe", tarfile.FIFOTYPE, "")],
    "a file and a directory": [("{}/a", FILE, ""), ("{}/a/b", FILE, "")],
    "one file twice": [("{}/a", FILE, ""), ("{}/a", FILE, "")],
}

#: What is only wrong if everything belongs to one package.
_OF_OTHERS = tuple(
    LEADING_OUT[name]
    for name in ("another package", "a name that begins like it", "nothing but a link")
)


@pytest.mark.parametrize("below", [BASE, ""])
@pytest.mark.parametrize("members", LEADING_OUT.values(), ids=LEADING_OUT)
def test_nothing_is_written_outside(members: Sequence[Member], below: str, tmp_path: Path) -> None:
    """Of a segment that has the digest which a poisoned cache claims."""
    if not below and members in _OF_OTHERS:
        return
    outside, place = tmp_path / "outside", tmp_path / "cache" / "place"
    outside.mkdir()
    place.mkdir(parents=True)
    (outside / "secret").write_text("secret")
    before = TreeManifest.of(tmp_path)
    named = [
        tuple(
            text.format(below or "x", outside=outside) if isinstance(text, str) else text
            for text in one
        )
        for one in members
    ]
    segment = archive_of(named, outside / "segment.tar")  # type: ignore[arg-type]
    with pytest.raises(LadingError, match="Lading never builds such a segment"):
        unpack_segments([segment], place / "tree", below)
    (outside / "segment.tar").unlink()
    after = {
        path: entry[0]
        for path, entry in TreeManifest.of(tmp_path).entries.items()
        if not path.startswith("cache/place/tree")
    }
    assert after == {path: entry[0] for path, entry in before.entries.items()}
    assert (outside / "secret").stat().st_nlink == 1


def test_of_several_segments_the_first_one_has_a_file(tmp_path: Path) -> None:
    first = archive_of([("usr/a", FILE, ""), ("usr/l", LINK, "a")], tmp_path / "1.tar")
    second = archive_of([("usr/a", LINK, "b"), ("usr/b", FILE, "")], tmp_path / "2.tar")
    unpack_segments([first, second], tmp_path / "tree")
    entries = TreeManifest.of(tmp_path / "tree").entries
    kinds = {path: entry[0] for path, entry in entries.items()}
    assert kinds["usr/a"] == "file" and kinds["usr/b"] == "file" and kinds["usr/l"] == "link"
