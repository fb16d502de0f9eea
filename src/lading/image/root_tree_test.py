from typing import Any, Dict

import pytest

from lading.errors import LadingError
from lading.image.contents import merge_contents
from lading.image.package_testing import Link, MakePackage, Package, Program
from lading.image.root_entry import RootEntry
from lading.image.root_fields import RootFields
from lading.image.root_tree import RootTree, plan_root_tree


def plan(*packages: Package, **fields: Any) -> Dict[str, RootEntry]:
    """The entries by path, without `store` and, if `fields` say nothing else, /tmp."""
    fields["directories"] = {"/tmp": "none", "/var/tmp": "none", **fields.get("directories", {})}
    tree = plan_tree(*packages, **fields)
    return {entry.path: entry for entry in tree.entries if entry.path != "store"}


def plan_tree(*packages: Package, **fields: Any) -> RootTree:
    contents = merge_contents([package.content for package in packages])
    tree = plan_root_tree(contents, RootFields.parse(fields), lambda source: source.encode())
    paths = [entry.path for entry in tree.entries]
    assert paths == sorted(paths, key=lambda path: path.split("/"))
    return tree


def test_nix_5851_distroless_75_tmp_is_there_and_sticky() -> None:
    assert [(entry.path, oct(entry.mode)) for entry in plan_tree().entries] == [
        ("store", "0o755"),
        ("tmp", "0o1777"),
        ("var", "0o755"),
        ("var/tmp", "0o1777"),
    ]


def test_a_directory_has_the_mode_and_owner_that_is_asked_for(make_package: MakePackage) -> None:
    redis = make_package("redis", {"data/x": b""})
    entries = plan(
        redis,
        users={"redis": 999},
        directories={"/data": "0750 redis:998", "/a/b": "700", "/root": "none"},
    )
    assert (entries["data"].mode, entries["data"].uid, entries["data"].gid) == (0o750, 999, 998)
    assert (entries["a"].mode, entries["a/b"].mode) == (0o755, 0o700)
    assert "root" not in entries


def test_rules_docker_2127_a_home_is_made_only_where_it_is_asked_for() -> None:
    entries = plan(users={"redis": {"uid": 999, "home": "/home/redis"}})
    assert "home" not in entries
    entries = plan(users={"redis": 999}, directories={"/home/redis": "0700 redis:redis"})
    assert (entries["home"].uid, entries["home"].mode) == (0, 0o755)
    assert (entries["home/redis"].uid, entries["home/redis"].mode) == (999, 0o700)


def test_apko_2323_containerd_12683_users_bring_their_files() -> None:
    entries = plan(users={"redis": 999})
    assert {path: (entry.type, f"{entry.mode:04o}") for path, entry in entries.items()} == {
        "etc": ("directory", "0755"),
        "etc/group": ("file", "0644"),
        "etc/gshadow": ("file", "0640"),
        "etc/nsswitch.conf": ("file", "0644"),
        "etc/passwd": ("file", "0644"),
        "etc/shadow": ("file", "0640"),
        "root": ("directory", "0700"),
    }
    assert entries["etc/nsswitch.conf"].data == b"hosts: files dns\n"
    assert entries["etc/passwd"].data.startswith(b"root:x:0:0:root:/root:/bin/sh\n")
    assert b"redis:x:999:999::/:/bin/sh\n" in entries["etc/passwd"].data


def test_users_are_merged_with_those_of_contents(make_package: MakePackage) -> None:
    package = make_package("nss", {"etc/nsswitch.conf": b"x"})
    assert plan(package, users={"redis": 999})["etc/nsswitch.conf"].type == "symlink"


def test_files_and_links(make_package: MakePackage) -> None:
    bash = make_package("bash", {"bin/bash": Program(b"")})
    entries = plan(
        bash,
        groups={"web": 80},
        symlinks={"/bin/sh": f"{bash.path}/bin/bash", "/usr/bin/env": "../../bin/env"},
        files={
            "/etc/motd": "Hellö\n",
            "/srv/app": {"source": "files/app", "mode": "4755", "owner": "nobody:web"},
        },
    )
    assert entries["bin/sh"].target == f"{bash.path}/bin/bash"
    assert entries["usr/bin/env"].target == "../../bin/env"
    assert (entries["etc/motd"].data, entries["etc/motd"].mode) == ("Hellö\n".encode(), 0o644)
    app = entries["srv/app"]
    assert (app.data, app.mode, app.uid, app.gid) == (b"files/app", 0o4755, 65534, 80)


def test_owners_are_looked_up_in_a_file_of_the_image() -> None:
    entries = plan(
        files={"/etc/passwd": "redis:x:9:9::/:\n", "/etc/group": "redis:x:8:\n"},
        directories={"/data": "0755 redis:redis"},
    )
    assert (entries["data"].uid, entries["data"].gid) == (9, 8)


def test_what_is_in_contents_as_well_is_no_conflict_if_it_is_equal(
    make_package: MakePackage,
) -> None:
    bash = make_package("bash", {"bin/sh": Program(b"")})
    assert plan(bash, symlinks={"/bin/sh": f"{bash.path}/bin/sh"}).keys() == {"bin", "bin/sh"}


@pytest.mark.parametrize(
    "fields, reason",
    [
        (
            {"directories": {"/bin/x": "0755"}},
            "`directories` has '/bin/x', but '/bin/x' comes from {}/bin/x in `contents` and is no "
            "directory.",
        ),
        ({"directories": {"/bin/x/y": "0755"}}, "'/bin/x' comes from {}/bin/x in `contents`"),
        ({"directories": {"/etc/passwd": "0755"}}, "'/etc/passwd' comes from {}/etc/passwd in"),
        ({"symlinks": {"/bin/x": "y"}}, "`symlinks` has '/bin/x', but '/bin/x' comes from {}/bin"),
        ({"symlinks": {"/bin": "usr/bin"}}, "`symlinks` has '/bin', but '/bin' is a directory in"),
        ({"files": {"/bin/x": ""}}, "`files` has '/bin/x', but '/bin/x' comes from {}/bin/x in"),
        ({"files": {"/s/y": ""}}, "`files` has '/s/y', but '/s' comes from {}/s in `contents`"),
        ({"files": {"/var": ""}}, "`directories` has '/var/tmp', but '/var' is in `files` and is"),
        ({"directories": {"/x": "0755 web:web"}}, "`directories` gives '/x' to 'web', but the"),
        ({"users": {"web": 5}}, "`users` gives 'web' the id 5, which the user 'redis' has in"),
    ],
)
def test_a_conflict_names_both_sides(
    fields: Dict[str, Any], reason: str, make_package: MakePackage
) -> None:
    tree: Dict[str, Any] = {"bin/x": b"", "etc/passwd": b"redis:x:5:5::/:\n", "s": Link("bin")}
    package = make_package("a", tree)
    contents = {
        path: entry if not entry.source else RootEntry(**{**vars(entry), "data": tree[path]})
        for path, entry in merge_contents([package.content]).items()
    }
    with pytest.raises(LadingError) as error:
        plan_root_tree(contents, RootFields.parse(fields), lambda source: b"")
    assert reason.replace("{}", str(package.path)) in str(error.value)
