"""The listings of layers make the tree that unpacking them makes."""

import io
import os
import tarfile
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

import pytest
from hypothesis import HealthCheck, example, given, reject, settings
from hypothesis import strategies as st

from lading.files import bounds
from lading.files.bounds import TreeBound
from lading.files.kind import Kind
from lading.files.layer_error import LayerError
from lading.image.layers.kept_content import LIMIT, KeptContent
from lading.image.layers.layer_listing import ListedMember, listed, read_listing
from lading.image.layers.layer_unpacker import DiskTree, unpack_layer
from lading.image.layers.merged_tree import MergedTree
from lading.image.layers.tree_state import ContentDigests, read_tree
from lading.image.programs.run_as_root_testing import (
    Member,
    directory,
    hard_link,
    layer,
    member,
    symlink,
)
from lading.image.root.account_files import ACCOUNT_FILES, AccountFiles
from lading.image.root.image_tree import ImageTree
from lading.namespaces import linux
from lading.namespaces.namespace_testing import as_root
from lading.tar.layer_archive import LayerArchive
from lading.values.errors import LadingError

#: Type, mode, owner and target by path; and the account files.
Tree = Tuple[Mapping[str, Tuple[object, ...]], AccountFiles]


def relisted(data: bytes) -> Iterator[ListedMember]:
    """Written and read again, as between two processes."""
    kept: Optional[KeptContent] = KeptContent()
    while kept is not None:
        listing = io.StringIO()
        archive = LayerArchive(iter([data]))
        while (found := archive.next_member()) is not None:
            listing.write(listed(found, kept.content(found, archive.read)))
        kept = kept.next_pass()
    return read_listing(io.StringIO(listing.getvalue()))


def merged(*layers: bytes) -> ImageTree:
    tree = MergedTree()
    for data in layers:
        tree.apply(relisted(data))
    return tree.to_image_tree()


def merged_state(*layers: bytes) -> Optional[Tree]:
    """None if the layers are refused."""
    try:
        image = merged(*layers)
    except LayerError:
        return None
    entries = {
        path: (entry.kind, entry.mode, entry.uid, entry.gid, entry.target)
        for path, entry in image.entries.items()
    }
    return entries, image.accounts


def unpacked_state(root: Path, *layers: bytes) -> Optional[Tree]:
    def work() -> Optional[Tree]:
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount("tmpfs", root, "tmpfs", 0)
        bound, disk = TreeBound(), DiskTree()
        try:
            for data in layers:
                with linux.inside(root):
                    unpack_layer(iter([data]), frozenset(), bound, disk)
        except LadingError:
            return None
        with linux.inside(root):
            accounts = AccountFiles.from_data(_account_data())
        return _entries(root), accounts

    return as_root(work)


def _entries(root: Path) -> Dict[str, Tuple[object, ...]]:
    types = {Kind.DIRECTORY: Kind.DIRECTORY, Kind.SYMLINK: Kind.SYMLINK}
    return {
        path: (types.get(node.kind, Kind.FILE), node.mode, node.uid, node.gid, node.target)
        for path, node in read_tree(str(root), (), ContentDigests()).items()
    }


def _account_data() -> Dict[str, bytes]:
    return {
        path: Path("/", path).read_bytes() for path in ACCOUNT_FILES if os.path.isfile(f"/{path}")
    }


NAMES = st.sampled_from(
    ["a", "b", "c", "etc", "passwd", ".wh.a", ".wh.b", ".wh.etc", ".wh..wh..opq", "."]
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TARGETS = st.one_of(
    PATHS, PATHS.map("/{}".format), PATHS.map("../{}".format), st.sampled_from([".", "/", ".."])
)
OWNERS = st.sampled_from([(0, 0), (7, 1000)])
MEMBERS: "st.SearchStrategy[Member]" = st.one_of(
    st.builds(
        lambda path, mode, owner: directory(path, mode, owner),
        PATHS,
        st.sampled_from([0o755, 0o1777]),
        OWNERS,
    ),
    st.builds(
        lambda path, data, owner: member(path, data, owner=owner),
        PATHS,
        st.binary(max_size=3),
        OWNERS,
    ),
    st.builds(symlink, PATHS, TARGETS),
    st.builds(hard_link, PATHS, PATHS),
    st.builds(lambda path: member(path, type=tarfile.FIFOTYPE), PATHS),
    st.builds(lambda path: member(path, type=tarfile.CHRTYPE), PATHS),
)
LAYERS = st.lists(st.lists(MEMBERS, max_size=8), min_size=1, max_size=3)


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(LAYERS)
@example([[symlink("a", "a"), member("a/.wh.b"), member("a/b")]])
@example([[directory("a/b"), member("a/b/c")], [member("a/b/b"), member(".wh.a")]])
@example([[directory("a"), member("a/b")], [hard_link("a", "a/b")]])
@example([[member("b", b"x"), hard_link("etc/passwd", "b")], [member("b", b"y")]])
def test_listings_make_the_tree_that_unpacking_makes(
    tmp_path: Path, layers: "list[list[Member]]"
) -> None:
    blobs = [layer(*members) for members in layers]
    try:
        state = merged_state(*blobs)
    except LadingError as error:
        assert "a link into a lower layer" in str(error)
        reject()
    assert state == unpacked_state(tmp_path, *blobs)


def test_paths_below_the_store_are_left_out() -> None:
    image = merged(layer(directory("store"), member("store/a/bin/x"), symlink("x", "/store/a")))
    assert sorted(image.entries) == ["store", "x"]


PASSWD = b"root:x:0:0::/root:/bin/sh\n"


@pytest.mark.parametrize(
    "layers",
    [
        [layer(member("etc/passwd", PASSWD))],
        [layer(member("etc/passwd", b"old")), layer(member("etc/passwd", PASSWD))],
        [layer(member("usr/etc/passwd", PASSWD), symlink("etc", "usr/etc"))],
        [layer(symlink("etc", "usr/etc")), layer(member("usr/etc/passwd", PASSWD))],
        [layer(member("etc/passwd", PASSWD), hard_link("x", "etc/passwd"), member("/x"))],
        [layer(member("objects/1", PASSWD), hard_link("etc/passwd", "objects/1"))],
        [
            layer(
                member("objects/1", PASSWD),
                hard_link("objects/2", "objects/1"),
                symlink("etc/passwd", "../objects/2"),
            )
        ],
        [layer(member("store/x/etc/passwd", PASSWD)), layer(symlink("etc", "/store/x/etc"))],
        [layer(symlink("etc/passwd", "/store/x/etc/passwd"), member("store/x/etc/passwd", PASSWD))],
    ],
    ids=[
        *("file", "replaced", "directory behind a link", "link first", "link to it"),
        *("hard link", "links to links", "in the store", "link into the store"),
    ],
)
def test_users_are_found_behind_links(layers: List[bytes]) -> None:
    assert merged(*layers).accounts == AccountFiles(passwd=PASSWD.decode())


@pytest.mark.parametrize(
    "layers",
    [
        [layer(member("etc/passwd", type=tarfile.FIFOTYPE))],
        [layer(member("etc/passwd", type=tarfile.CHRTYPE))],
        [layer(directory("etc/passwd"))],
        [layer(symlink("etc/passwd", "nowhere"))],
        [layer(symlink("etc/passwd", "passwd"))],
        [layer(member("etc/passwd", b"x")), layer(member("etc/.wh.passwd"))],
    ],
    ids=["pipe", "device", "directory", "dangling", "loop", "deleted"],
)
def test_no_users(layers: List[bytes]) -> None:
    assert merged(*layers).accounts == AccountFiles()


@pytest.mark.parametrize(
    "layers",
    [
        [layer(member("etc/passwd", b"x" * (LIMIT + 1)))],
        [layer(member("x", b"x")), layer(symlink("etc/passwd", "/x"))],
    ],
    ids=["too large", "symlink into a lower layer"],
)
def test_users_that_can_not_be_found(layers: List[bytes]) -> None:
    with pytest.raises(LadingError, match="the base's /etc/passwd can't be read, because it has"):
        merged(*layers)


def test_the_content_that_is_kept_is_bounded() -> None:
    members = [member(f"{number}/etc/passwd", b"x" * (LIMIT // 2)) for number in range(10)]
    kept = [content for _, content in relisted(layer(*members)) if content is not None]
    assert len(kept) == 2


@pytest.mark.parametrize(
    "name", [".wh.", ".wh..", ".wh...", "a/.wh.", "a/.wh..", "a/.wh..."], ids=repr
)
def test_whiteouts_of_directories_by_dots_are_refused(name: str) -> None:
    """containerd: "invalid whiteout name"."""
    with pytest.raises(LayerError, match=f"has /{name}, a whiteout that names no file"):
        merged(layer(directory("a"), member("b")), layer(member(name)))


@pytest.mark.parametrize("name", [".wh..wh.foo", ".wh..wh.plnk/1", "a/.wh..wh.aufs", ".wh..wh..x"])
def test_what_aufs_left_is_passed_over(name: str) -> None:
    assert sorted(merged(layer(directory("a")), layer(member(name))).entries) == ["a"]


def test_the_packages_of_a_debian_are_found() -> None:
    status = "var/lib/dpkg/status"
    image = merged(
        layer(member(status, b"Package: old\n"), member("x/" + status, b"Package: x\n")),
        layer(member(status, b"Package: a\n\nPackage: b\n\n")),
    )
    assert image.dpkg_status == "Package: a\n\nPackage: b\n\n"
    too_large = merged(layer(member(status, b"x" * (LIMIT + 1)), member("etc/passwd", PASSWD)))
    assert too_large.dpkg_status == ""
    assert too_large.accounts == AccountFiles(passwd=PASSWD.decode())


def test_trivy_9046_the_packages_of_a_distroless_image_are_found() -> None:
    directory = "var/lib/dpkg/status.d"
    image = merged(
        layer(member(f"{directory}/b", b"Package: b"), member(f"{directory}/gone", b"Package: g")),
        layer(
            member(f"{directory}/a", b"Package: a\n"),
            member(f"{directory}/a.md5sums", b"0  x\n"),
            member(f"{directory}/.wh.gone"),
        ),
    )
    assert image.dpkg_status == "Package: a\n\nPackage: b\n\n"


def test_trees_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "PLACES", 10)
    assert len(merged(layer(member("1/2/3/4/5/6/7/8/9/0"))).entries) == 10
    with pytest.raises(LayerError, match="brings the image to more than 10 files and directories"):
        merged(layer(member("1/2/3/4/5/6")), layer(member("a/b/c/d/e")))


def test_paths_of_trees_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "CHARACTERS", 1000)
    names = [member("l/x", b""), member("l/y", b"")]
    with pytest.raises(LayerError, match="or to more than 1000 characters in their paths"):
        merged(layer(directory("n" * 250), symlink("l", "n" * 250), *names, member("l/z")))
