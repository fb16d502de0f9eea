import io
import os
import socket
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from lading.files.entry import Members
from lading.store.segment import write_segment
from lading.tar.tar_header import END_OF_ARCHIVE
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json
from lading.values.path import StorePath

PATH = StorePath("0" * 32, "hello-1.0")


def make_tree(root: Path) -> Path:
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "hello").write_bytes(b"#!/bin/sh\n")
    (root / "bin" / "hello").chmod(0o755)
    os.link(root / "bin" / "hello", root / "bin" / "hi")
    (root / "share").mkdir()
    (root / "share" / "empty").mkdir()
    (root / "share" / "text").write_bytes(b"x" * 1000)
    (root / "share" / "link").symlink_to("../bin/hello")
    return root


def segment_of(tree: Path) -> bytes:
    output = io.BytesIO()
    segment = write_segment(tree, PATH, output)
    assert segment.size == len(output.getvalue())
    return output.getvalue()


def test_a_segment_with_an_end_marker_is_an_archive(tmp_path: Path) -> None:
    data = segment_of(make_tree(tmp_path / "out")) + END_OF_ARCHIVE
    members = tarfile.open(fileobj=io.BytesIO(data)).getmembers()
    root = str(PATH)[1:]
    assert [(member.name, oct(member.mode)) for member in members] == [
        (root, "0o555"),
        (f"{root}/bin", "0o555"),
        (f"{root}/bin/hello", "0o555"),
        (f"{root}/bin/hi", "0o555"),
        (f"{root}/share", "0o555"),
        (f"{root}/share/empty", "0o555"),
        (f"{root}/share/link", "0o777"),
        (f"{root}/share/text", "0o444"),
    ]
    assert {(member.uid, member.gid, member.mtime) for member in members} == {(0, 0, 1)}
    assert members[3].islnk() and members[3].linkname == f"{root}/bin/hello"


def test_the_bytes_are_known(tmp_path: Path) -> None:
    """Written out, so that a changed byte is noticed: it rebuilds everything everywhere."""
    segment = write_segment(make_tree(tmp_path / "out"), PATH, io.BytesIO())
    assert segment.sha256 == "0ab1fe361c1acaf373c4c31804c5c04dd254d8f9e97f6ff033ac3e3cd6596343"


def test_umask_times_and_order_of_creation_do_not_matter(tmp_path: Path) -> None:
    """nixpkgs#289813, nixpkgs#24947: other directory, umask and clock, same bytes."""
    first = segment_of(make_tree(tmp_path / "a"))
    old = os.umask(0o077)
    try:
        other = tmp_path / "somewhere" / "else"
        make_tree(other)
    finally:
        os.umask(old)
    (other / "bin" / "hello").chmod(0o700)
    os.utime(other / "share" / "text", (1, 2))
    assert segment_of(other) == first


def test_segments_concatenate(tmp_path: Path) -> None:
    """nixpkgs#88762: parents precede their children, also if segments are concatenated."""
    first = segment_of(make_tree(tmp_path / "a"))
    output = io.BytesIO()
    write_segment(make_tree(tmp_path / "b"), StorePath("1" * 32, "other"), output)
    archive = tarfile.open(fileobj=io.BytesIO(first + output.getvalue() + END_OF_ARCHIVE))
    names = archive.getnames()
    assert len(names) == len(set(names)) == 16
    for index, name in enumerate(names):
        parent = os.path.dirname(name)
        assert parent == "store" or parent in names[:index]


def test_a_directory_s_members_follow_it_at_once(tmp_path: Path) -> None:
    """ "a-b" sorts before "a/c" as text, yet must not come between "a" and "a/c"."""
    for name in ("a/c", "a-b"):
        (tmp_path / "out" / name).mkdir(parents=True)
    members = write_segment(tmp_path / "out", PATH, io.BytesIO()).members
    assert [member.path for member in members] == ["", "a", "a/c", "a-b"]


def test_a_package_may_be_one_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"script")
    (member,) = write_segment(tmp_path / "out", PATH, io.BytesIO()).members
    assert (member.path, member.size, member.mode) == ("", 6, 0o444)


@pytest.mark.parametrize("kind", ["a socket", "a pipe", "a character device"])
def test_special_files_are_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "out").mkdir()
    special = tmp_path / "out" / "special"
    if kind == "a socket":
        os.chdir(special.parent)
        socket.socket(socket.AF_UNIX).bind("special")
    elif kind == "a pipe":
        os.mkfifo(special)
    else:
        try:
            os.mknod(special, 0o020600, os.makedev(1, 3))
        except PermissionError:
            # An ordinary user can't create one, and so can't leave one either.
            return
    with pytest.raises(LadingError, match=f"'special' in .out, which is {kind}"):
        write_segment(tmp_path / "out", PATH, io.BytesIO())


def test_members_survive_json(tmp_path: Path) -> None:
    members = write_segment(make_tree(tmp_path / "out"), PATH, io.BytesIO()).members
    assert from_json(Members, to_json(Members(members))).members == members
    assert replace(members[2], path="bin/hi", hardlink="bin/hello") in members
