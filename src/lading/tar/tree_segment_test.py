import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pytest

from lading.files.content_time import content_time
from lading.files.entry import Entry, Members
from lading.files.kind import Kind
from lading.image.layers.tree_testing import (
    directory,
    file,
    hard_link,
    segment_of,
    symlink,
    unpacked,
)
from lading.tar.tree_segment import TreeFile, rewrite_segment
from lading.values.digest import Sha256
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, to_json


def test_files_keep_mode_and_owner_and_directories_are_left_to_the_head() -> None:
    segment, members = segment_of(
        directory("bin"), file("bin/su", b"su", 0o4755, gid=42), symlink("bin/link", "su")
    )
    assert [(info.name, oct(info.mode), info.gid) for info in unpacked(segment)] == [
        ("bin/link", "0o777", 0),
        ("bin/su", "0o4755", 42),
    ]
    assert [member.path for member in members] == ["bin", "bin/link", "bin/su"]
    assert members[2].sha256 == hashlib.sha256(b"su").hexdigest() and members[2].size == 2


def test_the_bytes_are_known() -> None:
    """Written out, so that a changed byte is noticed: it changes every layer."""
    segment, _ = segment_of(file("a/b", b"x" * 600), hard_link("a/c", "a/b"), symlink("d", "a"))
    assert hashlib.sha256(segment).hexdigest() == (
        "e9eb9dc6a31268b3ee700e17a5696be53f2e3030a72e18c3c8e880f3ad3b5c31"
    )


def test_the_first_of_the_names_of_a_file_has_its_bytes() -> None:
    segment, members = segment_of(hard_link("a", "b"), file("b", b"text"), hard_link("c", "b"))
    assert [(info.name, info.islnk(), info.size) for info in unpacked(segment)] == [
        ("a", False, 4),
        ("b", True, 0),
        ("c", True, 0),
    ]
    assert [member.hardlink for member in members] == ["", "a", "a"]
    assert len({member.sha256 for member in members}) == 1


def test_a_file_s_bytes_may_lie_on_disk(tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(b"on disk")
    on_disk, _ = segment_of(
        TreeFile(Entry("a", Kind.FILE, 0o644), tmp_path / "content"),
    )
    assert on_disk == segment_of(file("a", b"on disk"))[0]


def test_times_that_follow_from_the_content_hold_for_all_names_and_places(tmp_path: Path) -> None:
    first = replace(file("a", b"text"), has_content_time=True)
    segment, members = segment_of(first, hard_link("b", "a"), file("c", b"text"))
    expected = content_time(Sha256.of(b"text"))
    assert [info.mtime for info in unpacked(segment)] == [expected, expected, 1]
    assert [member.mtime for member in members] == [expected, expected, 1]
    (tmp_path / "segment").write_bytes(segment)
    output = io.BytesIO()
    rewrite_segment(tmp_path / "segment", {"b": "x", "c": "y"}, output)
    assert [info.mtime for info in unpacked(output.getvalue())] == [expected, 1]


def test_a_path_is_there_once() -> None:
    with pytest.raises(LadingError, match="^/a is there twice.$"):
        segment_of(file("a"), symlink("a", "b"))


def test_a_hard_link_leads_to_a_file() -> None:
    with pytest.raises(LadingError, match="^/a is a hard link to /b, which is not a file.$"):
        segment_of(hard_link("a", "b"))


def test_members_survive_json() -> None:
    _, members = segment_of(file("a", b"x", 0o4755, uid=1, gid=2), hard_link("b", "a"))
    assert from_json(Members, to_json(Members(members))).members == members


def test_a_rewritten_segment_has_what_is_wanted_where_it_is_wanted(tmp_path: Path) -> None:
    segment, _ = segment_of(
        file("bin/a", b"bytes", 0o755), hard_link("bin/b", "bin/a"), symlink("c", "d"), file("e")
    )
    (tmp_path / "segment").write_bytes(segment)
    output = io.BytesIO()
    places = {"bin/b": "usr/bin/b", "c": "c", "e": "a"}
    rewrite_segment(tmp_path / "segment", places, output)
    expected, _ = segment_of(file("usr/bin/b", b"bytes", 0o755), symlink("c", "d"), file("a"))
    assert output.getvalue() == expected


def test_a_segment_that_is_rewritten_without_a_change_is_the_same(tmp_path: Path) -> None:
    segment, members = segment_of(
        file("a", b"a" * 513), hard_link("b", "a"), symlink("l", "a" * 120), file("é/" + "p" * 120)
    )
    (tmp_path / "segment").write_bytes(segment)
    output = io.BytesIO()
    rewrite_segment(tmp_path / "segment", {member.path: member.path for member in members}, output)
    assert output.getvalue() == segment
