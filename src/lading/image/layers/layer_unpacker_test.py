import errno
import gzip
import io
import os
import shutil
import struct
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, Iterator, List

import pytest

from lading.compression.layer_blob import BlobReader
from lading.compression.layer_media_type import Compression
from lading.compression.zstd_testing import BLOCK_LIMIT, zeros, zstd
from lading.files import bounds
from lading.files.bounds import FLOOR, TreeBound, UnpackBound
from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.layers.layer_unpacker import DiskTree, unpack_layer
from lading.image.layers.package_testing import find_libzstd
from lading.image.layers.tree_state import ContentDigests, read_tree
from lading.image.programs.run_as_root_testing import (
    Member,
    directory,
    hard_link,
    layer,
    member,
    symlink,
)
from lading.namespaces import linux
from lading.namespaces.namespace_testing import as_root
from lading.tar.layer_archive import HEADER_LIMIT
from lading.values.errors import LadingError

#: Version 2 of VFS_CAP (linux/capability.h): permitted and effective NET_BIND_SERVICE.
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 10, 0, 0, 0)


def chunks(data: bytes) -> Iterator[bytes]:
    reader = BlobReader(find_libzstd(), UnpackBound(len(data)))
    return reader.chunks(io.BytesIO(data), Compression.of(io.BytesIO(data)))


def unpacked(
    tmp_path: Path, *layers: bytes, skipped: FrozenSet[str] = frozenset()
) -> Dict[str, Entry]:
    """The tree that the layers make, lowest first."""
    root = tmp_path / "root"
    tars = [chunks(data) for data in layers]
    bound, disk = TreeBound(), DiskTree()

    def work() -> Dict[str, Entry]:
        root.mkdir()
        try:
            for tar in tars:
                with linux.inside(root):
                    unpack_layer(tar, skipped, bound, disk)
            return dict(read_tree(str(root), (), ContentDigests(), disk.devices))
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
    assert tree["srv/pong"] == replace(tree["srv/ping"], path="srv/pong", hardlink="srv/ping")
    assert tree["srv/ping"].links == ("srv/ping", "srv/pong")
    assert tree["srv/ping"].xattrs == (("security.capability", CAPABILITY),)
    assert tree["srv/link"].target == "/nowhere"
    assert (tree["srv/pipe"].kind, tree["srv/pipe"].mode) == (Kind.PIPE, 0o600)


def test_several_gzip_members_are_one_archive(tmp_path: Path) -> None:
    data = layer(member("a", b"1" * 3000), member("b", b"2"))
    halves = gzip.compress(data[:1000]) + gzip.compress(data[1000:])
    assert names(tmp_path, halves) == ["a", "b"]


def test_skipped_paths_are_left_out(tmp_path: Path) -> None:
    data = layer(directory("store"), directory("store/a"), member("store/a/x"), member("store/ab"))
    assert sorted(unpacked(tmp_path, data, skipped=frozenset({"store/a"}))) == ["store", "store/ab"]


def test_devices_keep_their_numbers(tmp_path: Path) -> None:
    null = member("opt/null", type=tarfile.CHRTYPE, mode=0o666)
    disk = member("opt/disk", type=tarfile.BLKTYPE, mode=0o660, owner=(0, 6))
    null[0].devmajor, null[0].devminor = 1, 3
    disk[0].devmajor, disk[0].devminor = 8, 17
    lower = layer(directory("opt"), null, disk, hard_link("opt/link", "opt/null"))
    tree = unpacked(tmp_path, lower, layer(member("opt/x")))
    links = ("opt/link", "opt/null")
    link = Entry("opt/link", Kind.CHARACTER_DEVICE, 0o666, links=links, device=(1, 3))
    assert tree["opt/link"] == link
    assert tree["opt/null"] == replace(link, path="opt/null", hardlink="opt/link")
    assert tree["opt/disk"] == Entry("opt/disk", Kind.BLOCK_DEVICE, 0o660, 0, 6, device=(8, 17))


#: posix_acl_xattr.h, version 2: the user's own entry, one for uid 7, group, mask and others.
ACL = struct.pack(
    "<I" + "HHI" * 5,
    2,
    *(1, 6, 0xFFFFFFFF, 2, 4, 7, 4, 4, 0xFFFFFFFF),
    *(*(16, 4, 0xFFFFFFFF), *(32, 0, 0xFFFFFFFF)),
)


def _with_attributes(member: Member, **values: bytes) -> Member:
    info, content = member
    info.pax_headers = {
        f"SCHILY.xattr.{name.replace('__', '.')}": value.decode("utf-8", "surrogateescape")
        for name, value in values.items()
    }
    return info, content


def test_umoci_578_attributes_of_images_are_kept_and_those_of_machines_not(tmp_path: Path) -> None:
    acl = {"system__posix_acl_access": ACL}
    tree = unpacked(
        tmp_path,
        layer(
            _with_attributes(member("f", mode=0o640), user__x=b"\0\xff\n", **acl),
            _with_attributes(directory("d", 0o750), system__posix_acl_default=ACL, user__old=b"1"),
            _with_attributes(directory("e", 0o750), user__old=b"1"),
            _with_attributes(member("g"), security__selinux=b"label", user__overlay__opaque=b"y"),
        ),
        layer(_with_attributes(directory("e"), user__new=b"2")),
    )
    assert tree["f"].xattrs == (("system.posix_acl_access", ACL), ("user.x", b"\0\xff\n"))
    assert tree["d"].xattrs == (("system.posix_acl_default", ACL), ("user.old", b"1"))
    assert tree["e"].xattrs == (("user.new", b"2"),)
    assert tree["g"].xattrs == ()


def test_an_attribute_that_can_not_be_is_told(tmp_path: Path) -> None:
    bad = _with_attributes(member("ping"), system__posix_acl_access=b"x")
    with pytest.raises(LadingError, match="/ping with the attribute system.posix_acl_access"):
        unpacked(tmp_path, layer(bad))


def test_parents_that_no_layer_has_are_made(tmp_path: Path) -> None:
    tree = unpacked(tmp_path, layer(directory("a", 0o2777, (5, 5)), member("a/b/c", owner=(5, 5))))
    assert (tree["a/b"].mode, tree["a/b"].uid, tree["a/b"].gid) == (0o755, 0, 0)


def test_nixpkgs_392421_many_layers(tmp_path: Path) -> None:
    layers = [layer(member(f"f{index}"), member("last", b"%d" % index)) for index in range(40)]
    tree = unpacked(tmp_path, *layers)
    assert len(tree) == 41
    assert tree["last"].size == 2


CASES: "list[tuple[str, bytes, list[str]]]" = [
    # case, upper layer, expected names; below lie d, d/x, d/y and l, a link to d.
    ("image-spec#130, #171: a whiteout", layer(member("d/.wh.x")), ["d", "d/y", "l"]),
    (
        "singularity#884, jwilder/docker-squash#56: an opaque directory",
        layer(member("d/.wh..wh..opq")),
        ["d", "l"],
    ),
    (
        "ggcr#1897: opaque, then new files",
        layer(member("d/.wh..wh..opq"), member("d/z")),
        ["d", "d/z", "l"],
    ),
    (
        "umoci PR#232: the opaque marker behind new files",
        layer(member("d/z"), member("d/x", b"new"), member("d/.wh..wh..opq")),
        ["d", "d/x", "d/z", "l"],
    ),
    (
        "ggcr#2191: deleted and added again",
        layer(member("d/.wh.x"), member("d/x", b"new")),
        ["d", "d/x", "d/y", "l"],
    ),
    (
        "a directory behind its whiteout undoes it",
        layer(member(".wh.d"), directory("d"), member("d/z")),
        ["d", "d/x", "d/y", "d/z", "l"],
    ),
    ("a link behind its whiteout", layer(member(".wh.d"), symlink("d", "e")), ["d", "l"]),
    ("a deleted directory", layer(member(".wh.d")), ["l"]),
    ("kaniko#2050: gone already", layer(member(".wh.q")), ["d", "d/x", "d/y", "l"]),
    ("a directory that is nowhere", layer(member("q/.wh.r")), ["d", "d/x", "d/y", "l", "q"]),
    ("containerd#4659: not a directory", layer(member("d/x/.wh.r")), ["d", "d/x", "d/y", "l"]),
    ("kaniko#2308: a directory becomes a link", layer(symlink("d", "e")), ["d", "l"]),
    ("a directory becomes a file", layer(member("d")), ["d", "l"]),
    ("a file becomes a directory", layer(directory("d/x")), ["d", "d/x", "d/y", "l"]),
    ("below a file", layer(member("d/x/z")), ["d", "d/x", "d/x/z", "d/y", "l"]),
    ("a deleted link", layer(member(".wh.l")), ["d", "d/x", "d/y"]),
    ("a file below a link", layer(member("l/z")), ["d", "d/x", "d/y", "l", "l/z"]),
    ("a whiteout below a link", layer(member("l/.wh.x")), ["d", "d/x", "d/y", "l"]),
    ("an opaque link", layer(member("l/.wh..wh..opq")), ["d", "d/x", "d/y", "l"]),
    ("an opaque root", layer(member(".wh..wh..opq"), member("z")), ["d", "d/x", "d/y", "l", "z"]),
    (
        "an own link",
        layer(directory("b"), symlink("a", "/b"), member("a/c/z")),
        ["a", "b", "b/c", "b/c/z", "d", "d/x", "d/y", "l"],
    ),
    (
        "an own link to where another one leads",
        layer(directory("d"), symlink("a", "d"), member("a/.wh.x"), hard_link("h", "a")),
        ["a", "d", "d/y", "h", "l"],
    ),
    (
        "one place by two paths",
        layer(directory("b"), symlink("a", "b"), member("a/z"), directory("b/z"), member("b/z/z")),
        ["a", "b", "b/z", "b/z/z", "d", "d/x", "d/y", "l"],
    ),
]


@pytest.mark.parametrize("case, upper, expected", CASES, ids=[case[0] for case in CASES])
def test_what_the_layers_make_together(
    case: str, upper: bytes, expected: List[str], tmp_path: Path
) -> None:
    """Like docker 20.10, podman 4.3 and containerd 1.6 on overlayfs (docs/base-images.md)."""
    lower = layer(directory("d"), member("d/x", b"old"), member("d/y"), symlink("l", "d"))
    assert names(tmp_path, lower, upper) == expected


@pytest.mark.parametrize(
    "upper, reason",
    [
        # umoci PR#232
        ([member("d/x", b"new"), member("d/.wh.x")], "has /d/.wh.x, .*the layer has /d/x in"),
        ([member("d/e/f/z"), member(".wh.d")], "has /.wh.d, .*the layer has /d in front of it"),
        ([member("d/.wh.x"), member("/d/.wh.x")], "has /d/.wh.x, .*the layer has /d/x in front"),
        # umoci#254
        ([member(".wh.d"), member("d/.wh.x")], "has /d/.wh.x, .*/d is not a directory in its"),
        ([member("d/.wh.x"), member(".wh.d")], "has /.wh.d, .*the layer has /d in front of it"),
        ([member(".wh.d"), member("d/z")], "has /d/z, .*/d is not a directory in its layer"),
        ([symlink("a", "d"), member("a/z")], "has /a/z, .*/a is a link to nothing in its layer"),
        ([symlink("a", "b"), member("a/.wh..wh..opq")], "/a is a link to nothing in its layer"),
        ([hard_link("a", "d/x")], "has /a, .*a hard link to /d/x, which does not come before it"),
        ([hard_link("a", "l/x")], "has /a, .*a hard link to /l/x, which does not come before it"),
    ],
)
def test_layers_that_docker_does_not_load(upper: List[Member], reason: str, tmp_path: Path) -> None:
    lower = layer(directory("d"), member("d/x", b"old"), member("d/y"), symlink("l", "d"))
    with pytest.raises(LadingError, match=reason):
        unpacked(tmp_path, lower, layer(*upper))


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
    for layers in ([layer(*members)], [layer(*members[:-1]), layer(*members[-1:])]):
        try:
            unpacked(tmp_path, *layers)
        except LadingError as error:
            assert "can't be unpacked" in str(error)
    assert os.listdir(outside) == ["victim"]
    assert (outside / "victim").stat().st_nlink == 1


def test_more_links_in_a_row_than_the_kernel_follows(tmp_path: Path) -> None:
    links = [symlink(f"l{number}", f"l{number + 1}") for number in range(2000)]
    with pytest.raises(LadingError, match="has /l0/x, which can't be unpacked"):
        unpacked(tmp_path, layer(*links, member("l0/x")))


def test_a_whiteout_of_nothing_deletes_nothing(tmp_path: Path) -> None:
    for name in (".wh.", ".wh..", ".wh...", "d/.wh.", "d/.wh...", "d/./.wh.."):
        with pytest.raises(LadingError, match=r"has /(d/)?\.wh\.+, a whiteout that names no file"):
            unpacked(tmp_path, layer(member("d/x")), layer(member(name)))


def test_trees_that_links_make_deep(tmp_path: Path) -> None:
    deep = "/".join("a" * 200)
    with pytest.raises(LadingError, match="and 257 names. Lading takes at most 4094 bytes, 256"):
        unpacked(tmp_path, layer(member(f"{deep}/x"), symlink("l", deep), member(f"l/{deep[2:]}")))


def test_the_deepest_tree_can_be_removed(tmp_path: Path) -> None:
    deep = "/".join("a" * 256)
    assert len(names(tmp_path, layer(member(deep)))) == 256
    assert names(tmp_path, layer(member(deep)), layer(member("a"))) == ["a"]


def test_directories_that_nobody_listed_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "PLACES", 500)
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
        (layer(hard_link("a", "../b")), "has /a, which can't be unpacked: it is a hard link to /b"),
        (layer(hard_link("a", "b")), "has /a, which can't be unpacked: it is a hard link to /b"),
        (
            layer(member("a"), member("a/b")),
            "has /a/b, which can't be unpacked: /a is not a directory",
        ),
        (layer(symlink("a", "a"), member("a/b")), "has /a/b, which can't be unpacked"),
        (layer(member("a", type=b"Z")), "has /a of the type 'Z', which docker"),
        (b"no archive", "is not a valid tar archive"),
        (b"\x1f\x8bno gzip", "is not a valid tar archive"),
        (gzip.compress(layer(member("a", b"x" * 9999)))[:-20], "is not a valid tar archive"),
        (layer(member("a", b"x" * 9999))[:5000], "is not a valid tar archive"),
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
                unpack_layer(tar, frozenset(), TreeBound(), DiskTree())
        except LadingError as error:
            return str(error)
        return ""

    assert "no room to unpack the image (No space left on device at /big)" in (as_root(work))
