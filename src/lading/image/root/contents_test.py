from typing import Dict

import pytest

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.layers.package_testing import Link, MakePackage, Package, Program, Tree
from lading.image.root.contents import merge_contents
from lading.values.errors import LadingError


def plan(*packages: Package) -> Dict[str, Entry]:
    return merge_contents([package.content for package in packages])


def shown(entries: Dict[str, Entry]) -> Dict[str, str]:
    """Mode of directories, target of links, mode and source of files."""
    return {
        path: entry.target or f"{entry.mode:04o} {entry.source}".strip()
        for path, entry in entries.items()
    }


def test_nixpkgs_56209_directories_are_real_and_files_are_links(make_package: MakePackage) -> None:
    redis = make_package(
        "redis", {"bin/redis-server": Program(b"1"), "share/doc/x": b"2", "empty/": b""}
    )
    assert shown(plan(redis)) == {
        "bin": "0755",
        "bin/redis-server": f"{redis.path}/bin/redis-server",
        "empty": "0755",
        "share": "0755",
        "share/doc": "0755",
        "share/doc/x": f"{redis.path}/share/doc/x",
    }


def test_nixpkgs_45369_trees_are_united(make_package: MakePackage) -> None:
    one = make_package("a", {"bin/a": b"1", "share/same": b"x"})
    two = make_package("b", {"bin/b": b"2", "share/same": b"x"})
    expected = {
        "bin": "0755",
        "bin/a": f"{one.path}/bin/a",
        "bin/b": f"{two.path}/bin/b",
        "share": "0755",
        "share/same": f"{one.path}/share/same",
    }
    assert shown(plan(one, two)) == expected
    assert shown(plan(one, two, one)) == expected
    # Of equal files, the first is linked.
    assert shown(plan(two, one))["share/same"] == f"{two.path}/share/same"


def test_nixpkgs_102962_a_linked_directory_joins_a_real_one(make_package: MakePackage) -> None:
    one = make_package("a", {"bin/a": b"1", "sbin": Link("bin")})
    two = make_package("b", {"sbin/b": b"2"})
    for packages in ((one, two), (two, one)):
        assert shown(plan(*packages)) == {
            "bin": "0755",
            "bin/a": f"{one.path}/bin/a",
            "sbin": "0755",
            "sbin/a": f"{one.path}/bin/a",
            "sbin/b": f"{two.path}/sbin/b",
        }


def test_the_same_link_to_a_directory_leads_to_the_union(make_package: MakePackage) -> None:
    one = make_package("a", {"bin/a": b"1", "bin/X11": Link("."), "sbin": Link("bin")})
    two = make_package("b", {"bin/b": b"2", "bin/X11": Link("."), "sbin": Link("bin")})
    assert shown(plan(one, two)) == {
        "bin": "0755",
        "bin/X11": ".",
        "bin/a": f"{one.path}/bin/a",
        "bin/b": f"{two.path}/bin/b",
        "sbin": "bin",
    }


def test_nix_2499_relative_links_still_lead_somewhere(make_package: MakePackage) -> None:
    package = make_package("a", {"lib/x": b"1", "bin/x": Link("../lib/x")})
    assert shown(plan(package))["bin/x"] == f"{package.path}/bin/x"


@pytest.mark.parametrize("name", ["passwd", "group", "hosts", "resolv.conf"])
def test_containerd_12683_13382_what_runtimes_open_is_a_file(
    name: str, make_package: MakePackage
) -> None:
    package = make_package("a", {f"share/{name}": b"root", f"etc/{name}": Link(f"../share/{name}")})
    entry = plan(package)[f"etc/{name}"]
    assert entry.kind is Kind.FILE
    assert entry.mode == 0o644
    assert entry.source == f"store/{package.path.base}/share/{name}"


def test_containerd_13382_etc_is_no_link(make_package: MakePackage) -> None:
    package = make_package("a", {"share/etc/passwd": b"root", "etc": Link("share/etc")})
    entries = plan(package)
    assert shown(entries)["etc"] == "0755"
    assert entries["etc/passwd"].source == f"store/{package.path.base}/share/etc/passwd"


def test_links_are_compared_by_what_is_behind_them(make_package: MakePackage) -> None:
    one = make_package("a", {"lib/x": b"1", "bin/x": Link("../lib/x"), "etc/y": Link("/store/y")})
    two = make_package("b", {"bin/x": b"1", "etc/y": Link("../../y")})
    assert shown(plan(one, two))["bin/x"] == f"{one.path}/bin/x"
    assert shown(plan(one, two))["etc/y"] == f"{one.path}/etc/y"


@pytest.mark.parametrize(
    "one, two, reason",
    [
        ({"bin/x": b"1"}, {"bin/x": b"2"}, "'/bin/x' twice, different in both"),
        ({"bin/x": b"1"}, {"bin/x": Program(b"1")}, "'/bin/x' twice, different in both"),
        ({"bin/x": b"1"}, {"bin/x": Link("y")}, "'/bin/x' twice, different in both"),
        ({"bin/x": Link("z")}, {"bin/x": Link("y")}, "'/bin/x' twice, different in both"),
        ({"bin/x": Link("x")}, {"bin/x": b"1"}, "'/bin/x' twice, different in both"),
        ({"x": b"1"}, {"x/y": b"1"}, "'/x' twice, a directory in the one"),
        ({"x/y": b"1"}, {"x": b"1"}, "'/x' twice, a directory in the one"),
        (
            {"a/x": b"", "s": Link("a")},
            {"b/x": b"", "s": Link("b")},
            "'/s' twice, links to different directories",
        ),
        (
            {"a/x": b"", "s": Link("a")},
            {"s": b""},
            "'/s' twice, links to different directories",
        ),
    ],
)
def test_a_conflict_names_the_path_and_both_packages(
    one: Tree, two: Tree, reason: str, make_package: MakePackage
) -> None:
    first, second = make_package("a", one), make_package("b", two)
    with pytest.raises(LadingError) as error:
        plan(first, second)
    message = str(error.value)
    assert reason in message
    assert f"{first.path}/" in message and f"{second.path}/" in message


def test_a_package_with_a_store_of_its_own(make_package: MakePackage) -> None:
    with pytest.raises(LadingError, match="whose `store` would hide the image's own /store"):
        plan(make_package("a", {"store/x": b""}))


def test_a_package_that_is_a_file(make_package: MakePackage) -> None:
    with pytest.raises(LadingError, match="which is a file and not a directory"):
        plan(make_package("a", {"": b"x"}))
