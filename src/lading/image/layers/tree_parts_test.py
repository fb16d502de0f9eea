from pathlib import Path
from typing import Optional, Sequence

import pytest

from lading.compression.layer_compressor import LayerCompressor
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.layers.tree_parts import PlannedParts, TreePart, plan_parts
from lading.image.layers.tree_testing import Parts, directory, file, symlink
from lading.image.root.image_tree import ImageTree
from lading.tar.tree_segment import TreeFile
from lading.values.errors import LadingError


@pytest.fixture
def parts(tmp_path: Path, deflate: LayerCompressor) -> Parts:
    return Parts(tmp_path, deflate)


def tree(*entries: Entry) -> ImageTree:
    return ImageTree({entry.path: entry for entry in entries})


def head(plan: PlannedParts) -> Sequence[str]:
    return [f"{entry.path} {entry.mode:04o} {entry.uid}:{entry.gid}" for entry in plan.head]


def test_directories_of_all_are_in_the_head_once_and_segments_stay_as_they_are(
    parts: Parts,
) -> None:
    one = parts("one", directory("usr"), directory("usr/bin"), file("usr/bin/a", b"a"))
    two = parts("two", directory("usr"), directory("usr/lib"), file("usr/lib/b", b"b"))
    plan = plan_parts([one, two], ImageTree())
    assert plan.places == (None, None)
    assert head(plan) == ["usr 0755 0:0", "usr/bin 0755 0:0", "usr/lib 0755 0:0"]
    assert parts.layer(plan, one, two) == {"usr/bin/a": "a", "usr/lib/b": "b"}
    assert sorted(plan.image.entries) == ["usr", "usr/bin", "usr/bin/a", "usr/lib", "usr/lib/b"]


def test_parents_are_made_where_no_part_has_them(parts: Parts) -> None:
    plan = plan_parts([parts("one", file("a/b/c"))], ImageTree())
    assert head(plan) == ["a 0755 0:0", "a/b 0755 0:0"]


def test_an_empty_directory_has_its_parents_too(parts: Parts) -> None:
    plan = plan_parts([parts("one", directory("a/b/c"))], ImageTree(), [Entry.directory("d/e")])
    assert head(plan) == [
        "a 0755 0:0",
        "a/b 0755 0:0",
        "a/b/c 0755 0:0",
        "d 0755 0:0",
        "d/e 0755 0:0",
    ]


def test_of_several_modes_of_a_directory_the_unusual_one_counts(parts: Parts) -> None:
    one = parts("one", directory("var"), directory("var/local"))
    two = parts("two", directory("var/local", 0o2775, gid=50))
    assert head(plan_parts([one, two], ImageTree()))[1] == "var/local 2775 0:50"


def test_directories_of_the_base_keep_owner_and_mode(parts: Parts) -> None:
    """rules_img#745, rules_docker#37"""
    base = tree(Entry.directory("tmp", 0o1777), Entry.directory("srv", 0o750, 33, 33))
    plan = plan_parts([parts("one", directory("tmp"), file("srv/x/y"))], base)
    assert head(plan) == ["srv 0750 33:33", "srv/x 0755 0:0", "tmp 1777 0:0"]


def test_files_land_behind_the_links_of_the_base(parts: Parts) -> None:
    """nixpkgs#57073, rules_oci#857, rules_distroless#53: merged /usr."""
    base = tree(
        Entry.symlink("bin", "usr/bin"),
        Entry.directory("usr"),
        Entry.directory("usr/bin"),
    )
    part = parts("one", directory("bin"), file("bin/foo", b"foo"))
    plan = plan_parts([part], base)
    assert head(plan) == ["usr 0755 0:0", "usr/bin 0755 0:0"]
    assert parts.layer(plan, part) == {"usr/bin/foo": "foo"}
    assert plan.image.entries["bin"].target == "usr/bin"


def test_files_land_behind_links_of_parts_and_of_the_image(parts: Parts) -> None:
    one = parts("one", symlink("opt", "srv/opt"), directory("srv/opt"))
    two = parts("two", file("opt/a", b"a"), file("var/run/b", b"b"))
    plan = plan_parts([one, two], ImageTree(), [Entry.symlink("var/run", "/run")])
    assert parts.layer(plan, one, two) == {
        "opt": "srv/opt",
        "srv/opt/a": "a",
        "run/b": "b",
        "var/run": "/run",
    }


def test_what_the_image_has_takes_the_place_of_what_parts_have(parts: Parts) -> None:
    part = parts("one", symlink("usr/bin/awk", "mawk"), file("usr/bin/mawk", b"m"))
    plan = plan_parts([part], ImageTree(), [Entry.symlink("usr/bin/awk", "gawk")])
    assert parts.layer(plan, part) == {"usr/bin/awk": "gawk", "usr/bin/mawk": "m"}


def test_the_same_file_of_two_parts_is_there_once(parts: Parts) -> None:
    """nixpkgs#45369, buildkit#266"""
    one = parts("one", file("a/__init__.py", b"same"), file("a/one"))
    two = parts("two", file("a/__init__.py", b"same"), file("a/two"))
    plan = plan_parts([one, two], ImageTree())
    assert plan.places == (None, {"a/two": "a/two"})
    assert parts.layer(plan, one, two) == {"a/__init__.py": "same", "a/one": "", "a/two": ""}


def test_one_of_two_parts_may_give_way(parts: Parts) -> None:
    one, two = parts("one", file("a", b"1"), file("b", b"1")), parts("two", file("a", b"2"))

    def second(path: str, first: TreePart, other: TreePart) -> Optional[TreePart]:
        assert (path, first.name, other.name) == ("a", "one", "two")
        return other

    plan = plan_parts([one, two], ImageTree(), settle=second)
    assert parts.layer(plan, one, two) == {"a": "2", "b": "1"}


@pytest.mark.parametrize(
    ("files", "base", "sentence"),
    [
        (
            [[file("a", b"1")], [file("a", b"2")]],
            [],
            "part0 and part1 both have /a, with different contents. Leave out one of them.",
        ),
        (
            [[file("a", mode=0o644)], [file("a", mode=0o4755)]],
            [],
            "part0 and part1 both have /a, with different contents. Leave out one of them.",
        ),
        (
            [[file("a")], [directory("a")]],
            [],
            "part1 has /a, which is a directory in one and not in the other. Leave it out, or "
            "choose another base.",
        ),
        (
            [[file("a")], [file("a/b")]],
            [],
            "the layer has /a, which is a directory in one and not in the other. Leave it out, "
            "or choose another base.",
        ),
        (
            [[file("a")]],
            [Entry.directory("a")],
            "part0 has /a, which is a directory in the base. Leave it out, or choose another base.",
        ),
        (
            [[directory("a")]],
            [Entry("a", Kind.FILE, 0o644)],
            "part0 has /a, which is not a directory in the base. Leave it out, or choose another "
            "base.",
        ),
        (
            [[file("a/b")]],
            [Entry("a", Kind.FILE, 0o644)],
            "the layer has /a, which is not a directory in the base. Leave it out, or choose "
            "another base.",
        ),
        (
            [[file("a/b")]],
            [Entry.symlink("a", "a")],
            "part0 has /a/b, which leads nowhere. Leave it out, or choose another base.",
        ),
        (
            [[directory("a/b")]],
            [Entry.symlink("a", "a")],
            "part0 has /a/b, which leads through an endless chain of links. Leave it out, or "
            "choose another base.",
        ),
        (
            [[file("store/x")]],
            [],
            "part0 has /store/x, which would be among store packages. Leave it out, or choose "
            "another base.",
        ),
        (
            [[file("a/x")]],
            [Entry.symlink("a", "/store/" + "0" * 32 + "-b")],
            f"part0 has /store/{'0' * 32}-b/x, which would be among store packages. Leave it out, "
            "or choose another base.",
        ),
    ],
)
def test_conflicts_name_the_parties(
    parts: Parts, files: Sequence[Sequence[TreeFile]], base: Sequence[Entry], sentence: str
) -> None:
    made = [parts(f"part{number}", *members) for number, members in enumerate(files)]
    with pytest.raises(LadingError) as caught:
        plan_parts(made, tree(*base))
    assert str(caught.value) == sentence
