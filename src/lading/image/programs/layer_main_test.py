import gzip
import hashlib
import posixpath
import tarfile
from pathlib import Path
from typing import Any, Callable, List, Tuple

import pytest

from lading.files.entry import Entry
from lading.image.config.layer import Layer
from lading.image.layers.package_testing import Link, MakePackage, Package, Program, Tree
from lading.image.programs.layer_main import main
from lading.image.programs.layer_request import LayerRequest
from lading.image.root.image_tree import ImageTree
from lading.values.errors import LadingError
from lading.values.json_codec import from_json, read_json, to_json

BuildLayer = Callable[..., Tuple[Layer, Path]]

REDIS: Tree = {"bin/redis-server": Program(b"redis" * 100), "bin/redis": Link("redis-server")}
NSS = {"etc/passwd": b"root:x:0:0::/:\nredis:x:999:999::/:\n", "etc/group": b"redis:x:999:\n"}


@pytest.fixture
def build_layer(tmp_path: Path, libdeflate: str) -> BuildLayer:
    """The layer of `contents` and additional packages, with its blob."""

    def build(
        *contents: Package,
        packages: Tuple[Package, ...] = (),
        in_base: Tuple[Package, ...] = (),
        name: str = "layer",
        base_tree: str = "",
        **fields: Any,
    ) -> Tuple[Layer, Path]:
        request = LayerRequest(
            packages=tuple(
                package.layer_package
                for package in (*contents, *packages)
                if package not in in_base
            ),
            contents=tuple(package.content_package for package in contents),
            base_tree=base_tree,
            fields={"directories": {"/data": "0750 999:999"}, **fields},
            created_by="lading",
        )
        assert from_json(LayerRequest, to_json(request)) == request
        files = [tmp_path / f"{name}{suffix}" for suffix in (".json", ".tar.gz", "-layer.json")]
        files[0].write_text(to_json(request))
        tree = tmp_path / f"{name}-tree.json"
        main([str(files[0]), libdeflate, str(files[1]), str(files[2]), str(tree)])
        return read_json(Layer, files[2]), files[1]

    return build


def members(blob: Path) -> List[tarfile.TarInfo]:
    with tarfile.open(blob, "r:gz") as archive:
        return archive.getmembers()


def test_n2c_127_digest_diff_id_and_size_are_those_of_the_bytes(
    build_layer: BuildLayer, make_package: MakePackage
) -> None:
    layer, blob = build_layer(make_package("redis", REDIS))
    data = blob.read_bytes()
    assert layer.size == len(data)
    assert layer.digest.hex == hashlib.sha256(data).hexdigest()
    assert layer.diff_id.hex == hashlib.sha256(gzip.decompress(data)).hexdigest()


def test_what_is_in_the_layer(build_layer: BuildLayer, make_package: MakePackage) -> None:
    redis, glibc = make_package("redis", REDIS), make_package("glibc", {"lib/libc.so": b"libc"})
    _, blob = build_layer(redis, packages=(glibc,))
    assert [(member.name, oct(member.mode), member.linkname) for member in members(blob)] == [
        ("bin", "0o755", ""),
        ("bin/redis", "0o777", f"{redis.path}/bin/redis"),
        ("bin/redis-server", "0o777", f"{redis.path}/bin/redis-server"),
        ("data", "0o750", ""),
        ("store", "0o755", ""),
        ("tmp", "0o1777", ""),
        ("var", "0o755", ""),
        ("var/tmp", "0o1777", ""),
        (f"store/{glibc.path.base}", "0o555", ""),
        (f"store/{glibc.path.base}/lib", "0o555", ""),
        (f"store/{glibc.path.base}/lib/libc.so", "0o444", ""),
        (f"store/{redis.path.base}", "0o555", ""),
        (f"store/{redis.path.base}/bin", "0o555", ""),
        (f"store/{redis.path.base}/bin/redis", "0o777", "redis-server"),
        (f"store/{redis.path.base}/bin/redis-server", "0o555", ""),
    ]


def test_the_bytes_stay_the_same(build_layer: BuildLayer, make_package: MakePackage) -> None:
    layer, _ = build_layer(make_package("redis", REDIS), make_package("nss", NSS))
    assert layer.diff_id.hex == "887d42fb8d0fbfd56b59f51c6df82298d5cfc10a5f89ba0c5b8c99737d625c01"


def test_nixpkgs_54955_a_text_or_source_that_changed_has_another_time(
    build_layer: BuildLayer, tmp_path: Path
) -> None:
    def times(text: str) -> List[float]:
        (tmp_path / "source").write_text(text)
        files = {
            "/a": {"text": text},
            "/b": {"source": str(tmp_path / "source")},
            "/c": {"text": "other"},
        }
        found = {member.name: member.mtime for member in members(build_layer(files=files)[1])}
        return [found[name] for name in "abc"]

    one, two = times("one page"), times("two page")
    assert [before == after for before, after in zip(one, two)] == [False, False, True]
    assert times("one page") == one


def test_nixpkgs_45369_88762_each_path_once_and_after_its_parent(
    build_layer: BuildLayer, make_package: MakePackage
) -> None:
    """nixpkgs#19477, nixpkgs#58431, buildkit#266"""
    one = make_package("a", {"bin/a": b"", "etc/x": b""})
    two = make_package("b", {"bin/b": b"", "etc/x": b""})
    names = [member.name for member in members(build_layer(one, two)[1])]
    assert len(names) == len(set(names))
    for index, name in enumerate(names):
        assert posixpath.dirname(name) in ["", *names[:index]]


def test_jib_4204_moby_41496_rules_oci_521_headers_hold_nothing_of_the_machine(
    build_layer: BuildLayer, make_package: MakePackage
) -> None:
    """docker/cli#2525, kaniko#2005"""
    long_name = "share/" + "x" * 150
    _, blob = build_layer(make_package("a", {long_name: b"", "share/ü": b""}))
    with tarfile.open(blob, "r:gz") as archive:
        for member in archive:
            assert set(member.pax_headers) <= {"path", "linkpath"}
            assert member.mtime == 1
            assert (member.uname, member.gname) == ("", "")
            assert (member.uid, member.gid) == ((999, 999) if member.name == "data" else (0, 0))
        assert archive.pax_headers == {}


def test_nixpkgs_38835_94243_a_user_can_reach_the_store(
    build_layer: BuildLayer, make_package: MakePackage
) -> None:
    for member in members(build_layer(make_package("a", REDIS))[1]):
        if member.isdir() and member.name != "data":
            assert member.mode & 0o555 == 0o555


def test_the_order_of_packages_does_not_count(
    build_layer: BuildLayer, make_package: MakePackage
) -> None:
    one, two = make_package("a", {"lib/a": b"1"}), make_package("b", {"lib/b": b"2"})
    first, _ = build_layer(packages=(one, two))
    second, _ = build_layer(packages=(two, one), name="second")
    assert first == second


def test_nixpkgs_94636_what_contents_show_has_its_bytes_once(
    build_layer: BuildLayer, make_package: MakePackage
) -> None:
    redis = make_package("redis", REDIS)
    _, blob = build_layer(redis)
    assert [member.name for member in members(blob) if member.isfile()] == [
        f"store/{redis.path.base}/bin/redis-server"
    ]


def test_n2c_23_links_have_one_mode_everywhere(
    build_layer: BuildLayer, make_package: MakePackage
) -> None:
    # Links have no other mode on Linux, but they do on macOS.
    _, blob = build_layer(make_package("redis", REDIS), symlinks={"/x": "y"})
    links = {member.name: member.mode for member in members(blob) if member.issym()}
    assert len(links) == 4
    assert set(links.values()) == {0o777}


def test_passwd_is_a_copy(build_layer: BuildLayer, make_package: MakePackage) -> None:
    _, blob = build_layer(make_package("nss", NSS))
    with tarfile.open(blob, "r:gz") as archive:
        content = archive.extractfile("etc/passwd")
        assert content is not None and content.read() == NSS["etc/passwd"]
        assert archive.getmember("etc/passwd").mode == 0o644


def test_a_conflict_is_found_before_a_byte_is_written(
    build_layer: BuildLayer, make_package: MakePackage, tmp_path: Path
) -> None:
    one, two = make_package("a", {"x": b"1"}), make_package("b", {"x": b"2"})
    with pytest.raises(LadingError, match="'/x' twice"):
        build_layer(one, two)
    assert not list(tmp_path.glob("*.tar.gz*"))


def test_a_package_twice_is_refused(build_layer: BuildLayer, make_package: MakePackage) -> None:
    package = make_package("a", REDIS)
    with pytest.raises(LadingError, match=f"{package.path} is twice in one layer"):
        build_layer(packages=(package, package))


def test_nixpkgs_18896_what_the_base_has_is_not_shipped_again(
    build_layer: BuildLayer, make_package: MakePackage, tmp_path: Path
) -> None:
    redis, bash = make_package("redis", REDIS), make_package("bash", {"bin/bash": Program(b"")})
    build_layer(redis, packages=(bash,), name="base")
    _, blob = build_layer(
        redis, bash, in_base=(redis, bash), base_tree=str(tmp_path / "base-tree.json")
    )
    names = {member.name: oct(member.mode) for member in members(blob)}
    assert names == {"bin": "0o755", "bin/bash": "0o777"}


def test_nixpkgs_38835_rules_img_745_parents_are_as_in_the_base(
    build_layer: BuildLayer, make_package: MakePackage, tmp_path: Path
) -> None:
    # docker creates directories that a layer does not mention with mode 0600.
    build_layer(name="base", directories={"/srv": "0710 5:6"})
    _, blob = build_layer(
        packages=(make_package("redis", REDIS),),
        base_tree=str(tmp_path / "base-tree.json"),
        directories={},
        files={"/srv/x": ""},
    )
    owners = {
        member.name: (oct(member.mode), member.uid, member.gid)
        for member in members(blob)
        if member.name in ("srv", "srv/x", "store", "tmp", "data")
    }
    assert owners == {
        "srv": ("0o710", 5, 6),
        "srv/x": ("0o644", 0, 0),
        "store": ("0o755", 0, 0),
    }


def test_nothing_new_is_an_empty_layer(
    build_layer: BuildLayer, make_package: MakePackage, tmp_path: Path
) -> None:
    redis = make_package("redis", REDIS)
    layer, _ = build_layer(redis, users={"redis": 999}, name="base")
    assert not layer.is_empty
    layer, _ = build_layer(
        redis, in_base=(redis,), users={"redis": 999}, base_tree=str(tmp_path / "base-tree.json")
    )
    assert layer.is_empty


def test_an_empty_store_is_no_layer_on_others(
    build_layer: BuildLayer, make_package: MakePackage, tmp_path: Path
) -> None:
    debian = ImageTree({path: Entry.directory(path) for path in ("tmp", "var", "var/tmp")})
    base, tree = tmp_path / "debian.json", tmp_path / "layer-tree.json"
    base.write_text(to_json(debian))
    layer, _ = build_layer(base_tree=str(base), directories={})
    assert layer.is_empty
    assert from_json(ImageTree, tree.read_text()) == debian
    _, blob = build_layer(packages=(make_package("redis", REDIS),), base_tree=str(tree))
    assert "store" in [member.name for member in members(blob)]


@pytest.mark.parametrize("base", ["", to_json(ImageTree())], ids=["from scratch", "no layers"])
def test_an_empty_store_is_a_layer_where_there_is_no_other(
    build_layer: BuildLayer, tmp_path: Path, base: str
) -> None:
    file = tmp_path / "base.json"
    file.write_text(base)
    nothing = {"/tmp": "none", "/var/tmp": "none"}
    _, blob = build_layer(base_tree=str(file) if base else "", directories=nothing)
    assert [member.name for member in members(blob)] == ["store"]
