from typing import Dict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.files.whiteouts import hidden
from lading.image.layers.changes import Change, find_changes
from lading.values.errors import LadingError

DIRECTORY = Entry("", Kind.DIRECTORY, 0o755, 0, 0)
FILE = Entry("", Kind.FILE, 0o644, 0, 0, size=1, sha256="11")
OTHER = Entry("", Kind.FILE, 0o644, 0, 0, size=1, sha256="22")
LINK = Entry("", Kind.SYMLINK, 0o777, 0, 0, target="x")

Tree = Dict[str, Entry]


def members(before: Tree, after: Tree) -> "list[str]":
    return [change.member_path for change in find_changes(before, after)]


def test_nothing_changed() -> None:
    assert members({"a": DIRECTORY, "a/b": FILE}, {"a": DIRECTORY, "a/b": FILE}) == []


def test_rules_img_745_parents_come_along_as_they_are() -> None:
    parents = {"srv": Entry("", Kind.DIRECTORY, 0o750, 7, 8), "srv/x": DIRECTORY}
    changes = find_changes(parents, {**parents, "srv/x/f": FILE})
    assert [(change.path, change.entry) for change in changes] == [
        *parents.items(),
        ("srv/x/f", FILE),
    ]


@pytest.mark.parametrize(
    "node",
    [
        Entry("", Kind.FILE, 0o600, 0, 0, size=1, sha256="11"),
        Entry("", Kind.FILE, 0o644, 1, 0, size=1, sha256="11"),
        Entry("", Kind.FILE, 0o644, 0, 1, size=1, sha256="11"),
        Entry("", Kind.FILE, 0o644, 0, 0, size=1, sha256="22"),
        Entry("", Kind.FILE, 0o644, 0, 0, size=1, sha256="11", xattrs=(("user.x", b"x"),)),
        Entry("", Kind.FILE, 0o644, 0, 0, size=1, sha256="11", links=("f", "g")),
        LINK,
        DIRECTORY,
    ],
)
def test_whatever_a_layer_can_tell_is_a_change(node: Entry) -> None:
    assert members({"f": FILE}, {"f": node}) == ["f"]


def test_umoci_254_a_deleted_directory_is_one_whiteout() -> None:
    before = {"d": DIRECTORY, "d/e": DIRECTORY, "d/e/f": FILE, "d/g": FILE}
    assert members(before, {}) == [".wh.d"]
    assert members(before, {"d": DIRECTORY, "d/g": FILE}) == ["d", "d/.wh.e"]


def test_kaniko_2308_a_directory_replaced_by_a_link_needs_no_whiteout() -> None:
    before = {"d": DIRECTORY, "d/e": DIRECTORY, "d/e/f": FILE}
    assert members(before, {"d": LINK}) == ["d"]
    assert members(before, {"d": FILE}) == ["d"]


def test_kaniko_2050_what_was_never_there_is_not_deleted() -> None:
    assert members({"d": LINK}, {"d": DIRECTORY, "d/f": FILE}) == ["d", "d/f"]


def test_a_directory_made_anew_loses_what_it_no_longer_has() -> None:
    before = {"d": DIRECTORY, "d/a": FILE, "d/b": FILE}
    assert members(before, {"d": DIRECTORY, "d/b": OTHER}) == ["d", "d/.wh.a", "d/b"]


def test_names_that_would_delete_are_refused() -> None:
    with pytest.raises(LadingError, match=r"made /d/\.wh\.x, but in a layer .* another name"):
        find_changes({}, {"d": DIRECTORY, "d/.wh.x": FILE})


def test_an_old_name_of_that_kind_does_no_harm() -> None:
    assert members({".wh.x": FILE}, {".wh.x": FILE, "a": FILE}) == ["a"]


_name = st.sampled_from(["a", "b", "c"])
_node = st.sampled_from([DIRECTORY, FILE, OTHER, LINK])
_nodes = st.dictionaries(st.lists(_name, min_size=1, max_size=4).map("/".join), _node, max_size=20)


def _tree(nodes: Tree) -> Tree:
    """The nodes all of whose parents are directories."""
    tree: Tree = {}
    for path in sorted(nodes, key=lambda path: path.split("/")):
        parent = path.rpartition("/")[0]
        if not parent or tree.get(parent) == DIRECTORY:
            tree[path] = nodes[path]
    return tree


def _remove(tree: Tree, path: str) -> None:
    for name in [name for name in tree if f"{name}/".startswith(f"{path}/")]:
        del tree[name]


def _apply(before: Tree, changes: "tuple[Change, ...]") -> Tree:
    """As a container runtime applies a layer: member by member."""
    tree = dict(before)
    for change in changes:
        deleted = hidden(change.member_path)
        if deleted is not None:
            assert deleted in before
            _remove(tree, deleted)
        else:
            assert change.entry is not None
            if tree.get(change.path) != DIRECTORY or change.entry != DIRECTORY:
                _remove(tree, change.path)
            tree[change.path] = change.entry
    return tree


@given(before=_nodes.map(_tree), after=_nodes.map(_tree))
def test_the_changes_turn_the_one_tree_into_the_other(before: Tree, after: Tree) -> None:
    changes = find_changes(before, after)
    assert _apply(before, changes) == after


@given(before=_nodes.map(_tree), after=_nodes.map(_tree))
def test_nixpkgs_88762_45369_parents_come_first_and_paths_once(before: Tree, after: Tree) -> None:
    paths = [change.member_path for change in find_changes(before, after)]
    assert len(paths) == len(set(paths))
    for index, path in enumerate(paths):
        assert path.rpartition("/")[0] in ["", *paths[:index]]
