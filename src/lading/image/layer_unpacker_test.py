import errno
import gzip
import io
import os
import shutil
import struct
import tarfile
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, Iterator, List

import pytest

from lading.errors import LadingError
from lading.image import tree_bound
from lading.image.layer_archive import HEADER_LIMIT
from lading.image.layer_blob import BlobReader, Compression
from lading.image.layer_unpacker import unpack_layer
from lading.image.namespace_testing import as_root
from lading.image.package_testing import find_libzstd
from lading.image.run_as_root_testing import (
    Member,
    directory,
    hard_link,
    layer,
    member,
    symlink,
)
from lading.image.tree_bound import TreeBound
from lading.image.tree_state import ContentDigests, Node, read_tree
from lading.image.unpack_bound import FLOOR, UnpackBound
from lading.image.zstd_testing import BLOCK_LIMIT, zeros, zstd
from lading.namespaces import linux

#: Version 2 of VFS_CAP (linux/capability.h): permitted and effective NET_BIND_SERVICE.
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)


def chunks(data: bytes) -> Iterator[bytes]:
    reader = BlobReader(find_libzstd(), UnpackBound(len(data)))
    return reader.chunks(io.BytesIO(data), Compression.of(io.BytesIO(data)))


def unpacked(
    tmp_path: Path, *layers: bytes, skipped: FrozenSet[str] = frozenset()
) -> Dict[str, Node]:
    """The tree that the layers make, lowest first."""
    root = tmp_path / "root"
    tars = [chunks(data) for data in layers]
    bound = TreeBound()

    def work() -> Dict[str, Node]:
        root.mkdir()
        try:
            for tar in tars:
                with linux.inside(root):
                    unpack_layer(tar, skipped, bound)
            return dict(read_tree(str(root), (), ContentDigests()))
        finally:
            shutil.rmtree(root)

    return as_root(work)


def names(tmp_path: Path, *layers: bytes) -> List[str]:
    return sorted(unpacked(tmp_path, *layers))


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstd])
def test_owners_modes_links_and_capabilities_are_kept(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    text = CAPABILITY.decode("utf-8", "surrogateescape")
    data = layer(
        directory("srv", 0o2750, (1000, 1001)),
        member("srv/su", b"x", mode=0o4755, owner=(65534, 1)),
        member("srv/ping", b"xyz", mode=0o755, capability=text),
        hard_link("srv/pong", "./srv/ping"),
        symlink("srv/link", "/nowhere"),
        member("srv/pipe", type=tarfile.FIFOTYPE, mode=0o600),
    )
    tree = unpacked(tmp_path, compress(data))
    assert (tree["srv"].mode, tree["srv"].uid, tree["srv"].gid) == (0o2750, 1000, 1001)
    assert (tree["srv/su"].mode, tree["srv/su"].uid, tree["srv/su"].gid) == (0o4755, 65534, 1)
    assert tree["srv/ping"] == tree["srv/pong"]
    assert tree["srv/ping"].links == ("srv/ping", "srv/pong")
    assert tree["srv/ping"].capability == CAPABILITY
    assert tree["srv/link"].target == "/nowhere"
    assert (tree["srv/pipe"].type, tree["srv/pipe"].mode) == ("6", 0o600)


def test_several_gzip_members_are_one_archive(tmp_path: Path) -> None:
    data = layer(member("a", b"1" * 3000), member("b", b"2"))
    halves = gzip.compress(data[:1000]) + gzip.compress(data[1000:])
    assert names(tmp_path, halves) == ["a", "b"]


def test_skipped_paths_are_left_out(tmp_path: Path) -> None:
    data = layer(directory("store"), directory("store/a"), member("store/a/x"), member("store/ab"))
    assert sorted(unpacked(tmp_path, data, skipped=frozenset({"store/a"}))) == ["store", "store/ab"]


def test_devices_are_passed_over(tmp_path: Path) -> None:
    data = layer(directory("dev"), member("dev/null", type=tarfile.CHRTYPE), member("x"))
    assert names(tmp_path, data) == ["dev", "x"]


def test_parents_that_no_layer_has_are_made(tmp_path: Path) -> None:
    tree = unpacked(tmp_path, layer(directory("a", 0o2777, (5, 5)), member("a/b/c", owner=(5, 5))))
    assert (tree["a/b"].mode, tree["a/b"].uid, tree["a/b"].gid) == (0o755, 0, 0)


def test_nixpkgs_57073_a_file_lands_behind_the_base_s_link(tmp_path: Path) -> None:
    tree = unpacked(
        tmp_path,
        layer(directory("usr"), directory("usr/bin"), symlink("bin", "usr/bin")),
        layer(member("bin/foo")),
    )
    assert tree["bin"].target == "usr/bin"
    assert "usr/bin/foo" in tree


def test_nixpkgs_392421_many_layers(tmp_path: Path) -> None:
    layers = [layer(member(f"f{index}"), member("last", b"%d" % index)) for index in range(40)]
    tree = unpacked(tmp_path, *layers)
    assert len(tree) == 41
    assert tree["last"].size == 2


CASES: "list[tuple[str, bytes, list[str]]]" = [
    # case, upper layer, expected names; below lie d, d/x and d/y.
    ("image-spec#130, #171: a whiteout", layer(member("d/.wh.x")), ["d", "d/y"]),
    (
        "singularity#884, jwilder/docker-squash#56: an opaque directory",
        layer(member("d/.wh..wh..opq")),
        ["d"],
    ),
    (
        "ggcr#1897: opaque, then new files",
        layer(member("d/.wh..wh..opq"), member("d/z")),
        ["d", "d/z"],
    ),
    (
        "umoci PR#232: the opaque marker behind new files",
        layer(member("d/z"), member("d/x", b"new"), member("d/.wh..wh..opq")),
        ["d", "d/x", "d/z"],
    ),
    (
        "ggcr#2191: deleted and added again",
        layer(member("d/.wh.x"), member("d/x", b"new")),
        ["d", "d/x", "d/y"],
    ),
    ("a deleted directory", layer(member(".wh.d")), []),
    (
        "umoci#254: a whiteout beneath a whiteout",
        layer(member(".wh.d"), member("d/.wh.x")),
        [],
    ),
    ("kaniko#2050: gone already", layer(member(".wh.q"), member("q/.wh.r")), ["d", "d/x", "d/y"]),
    ("containerd#4659: not a directory", layer(member("d/x/.wh.r")), ["d", "d/x", "d/y"]),
    ("kaniko#2308: a directory becomes a link", layer(symlink("d", "e")), ["d"]),
    ("a directory becomes a file", layer(member("d")), ["d"]),
    ("a file becomes a directory", layer(directory("d/x")), ["d", "d/x", "d/y"]),
]


@pytest.mark.parametrize("case, upper, expected", CASES, ids=[case[0] for case in CASES])
def test_what_the_layers_make_together(
    case: str, upper: bytes, expected: List[str], tmp_path: Path
) -> None:
    lower = layer(directory("d"), member("d/x", b"old"), member("d/y"))
    assert names(tmp_path, lower, upper) == expected


def test_ggcr_1897_what_was_hidden_does_not_reappear(tmp_path: Path) -> None:
    layers = [
        layer(directory("d"), member("d/x", b"old")),
        layer(member("d/.wh.x")),
        layer(member("d/y")),
    ]
    assert names(tmp_path, *layers) == ["d", "d/y"]


@pytest.mark.parametrize(
    "members",
    [
        [symlink("out", "/OUTSIDE"), member("out/planted", b"x")],
        [symlink("out", "../" * 30 + "OUTSIDE"), member("out/planted", b"x")],
        [symlink("f", "/OUTSIDE/planted"), member("/f", b"x")],
        [member("/OUTSIDE/planted", b"x")],
        [member("../" * 30 + "OUTSIDE/planted", b"x")],
        [member("../" * 30 + "OUTSIDE/.wh.victim")],
        [hard_link("taken", "../" * 30 + "OUTSIDE/victim")],
        [symlink("out", "/OUTSIDE"), hard_link("taken", "out/victim")],
        [symlink("out", "/OUTSIDE"), member("out/.wh.victim")],
        [symlink("out", "/OUTSIDE"), member("out/.wh..wh..opq")],
    ],
    ids=[
        *("link", "dots", "file", "absolute", "upwards", "whiteout upwards", "hard link upwards"),
        *("hard link", "whiteout", "opaque"),
    ],
)
def test_no_member_gets_out(members: List[Member], tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("kept")
    for info, _ in members:
        info.name = info.name.replace("/OUTSIDE", str(outside))
        info.name = info.name.replace("OUTSIDE", str(outside).lstrip("/"))
        info.linkname = info.linkname.replace("/OUTSIDE", str(outside))
        info.linkname = info.linkname.replace("OUTSIDE", str(outside).lstrip("/"))
    try:
        unpacked(tmp_path, layer(*members))
    except LadingError as error:
        assert "taken" in str(error)  # in the tree, the hard link leads nowhere
    assert os.listdir(outside) == ["victim"]
    assert (outside / "victim").stat().st_nlink == 1


def test_more_links_in_a_row_than_the_kernel_follows(tmp_path: Path) -> None:
    links = [symlink(f"l{number}", f"l{number + 1}") for number in range(2000)]
    with pytest.raises(LadingError, match="has /l0/x, which can't be unpacked"):
        unpacked(tmp_path, layer(*links, member("l0/x")))
    assert len(names(tmp_path, layer(*links), layer(member("l0/.wh.x")))) == 2000


def test_a_whiteout_of_nothing_deletes_nothing(tmp_path: Path) -> None:
    for name in (".wh.", ".wh..", ".wh...", "d/.wh.", "d/.wh...", "d/./.wh.."):
        with pytest.raises(LadingError, match=r"has /(d/)?\.wh\.+, which deletes nothing"):
            unpacked(tmp_path, layer(member("d/x")), layer(member(name)))


def test_trees_that_links_make_deep(tmp_path: Path) -> None:
    deep = "/".join("a" * 200)
    with pytest.raises(LadingError, match="and 399 names, where a path has 4094 bytes, 256 names"):
        unpacked(tmp_path, layer(member(f"{deep}/x"), symlink("l", deep), member(f"l/{deep[2:]}")))


def test_the_deepest_tree_can_be_removed(tmp_path: Path) -> None:
    deep = "/".join("a" * 256)
    assert len(names(tmp_path, layer(member(deep)))) == 256
    assert names(tmp_path, layer(member(deep)), layer(member("a"))) == ["a"]


def test_directories_that_nobody_listed_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_bound, "PLACES", 500)
    members = [member("/".join([str(number)] * 200)) for number in range(3)]
    with pytest.raises(LadingError, match="brings the image to more than 500 files"):
        unpacked(tmp_path, *map(layer, members))


def test_a_bomb_fills_no_disk(tmp_path: Path) -> None:
    """10 GiB of zeros in 300 kB."""
    info = tarfile.TarInfo("bomb")
    info.size = 10 * FLOOR
    blob = zstd(info.tobuf(tarfile.GNU_FORMAT)) + zeros(10 * FLOOR // BLOCK_LIMIT)
    with pytest.raises(LadingError, match="a layer of the image expands to more than 1073741824"):
        unpacked(tmp_path, blob)


def _with_header_size(size: int) -> bytes:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, size
    return info.tobuf(tarfile.GNU_FORMAT) + b"x" * 1024


@pytest.mark.parametrize(
    "data, reason",
    [
        (layer(member("a"), member("a")), "has /a twice"),
        (layer(hard_link("a", "../b")), "has /a, which can't be unpacked .*a hard link to /b"),
        (layer(hard_link("a", "b")), "has /a, which can't be unpacked .*a hard link to /b"),
        (
            layer(member("a"), member("a/b")),
            "has /a/b, which can't be unpacked .*/a is no directory",
        ),
        (layer(symlink("a", "a"), member("a/b")), "has /a/b, which can't be unpacked"),
        (layer(member("a", type=b"Z")), "has /a, whose type 'Z' no runtime knows"),
        (b"no archive", "is not a sound tar archive"),
        (b"\x1f\x8bno gzip", "is not a sound tar archive"),
        (gzip.compress(layer(member("a", b"x" * 9999)))[:-20], "is not a sound tar archive"),
        (layer(member("a", b"x" * 9999))[:5000], "is not a sound tar archive"),
        (_with_header_size(HEADER_LIMIT + 1), f"a header of {HEADER_LIMIT + 1} bytes"),
    ],
    ids=[
        *("twice", "dots in a link", "hard link to nothing", "below a file", "below a loop"),
        *("unknown type", "text", "no gzip", "cut gzip", "cut tar", "long header"),
    ],
)
def test_layers_that_no_runtime_could_unpack(data: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(LadingError, match=reason):
        unpacked(tmp_path, data)


@pytest.mark.parametrize(
    "number, sentence",
    [(errno.ENOSPC, "no room to unpack"), (errno.EINVAL, "owner 7:8 is not among the ids")],
)
def test_what_a_system_refuses(
    number: int, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "chown", refuse)
    with pytest.raises(LadingError, match=sentence):
        unpacked(tmp_path, layer(member("a", owner=(7, 8))))


def test_nixpkgs_377363_a_full_disk_is_told_in_a_sentence(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    tar = chunks(layer(member("big", b"x" * 100_000)))

    def work() -> str:
        linux.unshare(linux.CLONE_NEWNS)
        linux.mount("tmpfs", root, "tmpfs", 0, "size=64k")
        try:
            with linux.inside(root):
                unpack_layer(tar, frozenset(), TreeBound())
        except LadingError as error:
            return str(error)
        return ""

    assert "no room to unpack the image (No space left on device at /big)" in (as_root(work))
