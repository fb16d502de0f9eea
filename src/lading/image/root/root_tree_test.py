from dataclasses import replace
from typing import Any, Dict

import pytest

from lading.files.entry import Entry
from lading.files.kind import Kind
from lading.image.layers.package_testing import Link, MakePackage, Package, Program
from lading.image.root.account_files import AccountFiles
from lading.image.root.contents import merge_contents
from lading.image.root.image_tree import ImageTree
from lading.image.root.root_fields import RootFields
from lading.image.root.root_tree import RootTree, plan_root_tree
from lading.values.errors import LadingError
from lading.values.path import StorePath


def plan(*packages: Package, **fields: Any) -> Dict[str, Entry]:
    """The entries by path, without `store` and, unless `fields` set something else, /tmp."""
    fields["directories"] = {"/tmp": "none", "/var/tmp": "none", **fields.get("directories", {})}
    tree = plan_tree(*packages, **fields)
    return {entry.path: entry for entry in tree.added if entry.path != "store"}


def plan_tree(*packages: Package, **fields: Any) -> RootTree:
    contents = merge_contents([package.content for package in packages])
    tree = plan_root_tree(contents, RootFields.parse(fields), lambda source: source.encode())
    paths = [entry.path for entry in tree.added]
    assert paths == sorted(paths, key=lambda path: path.split("/"))
    return tree


def test_nix_5851_distroless_75_tmp_is_there_and_sticky() -> None:
    assert [(entry.path, oct(entry.mode)) for entry in plan_tree().added] == [
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
    assert {path: (entry.kind, f"{entry.mode:04o}") for path, entry in entries.items()} == {
        "etc": (Kind.DIRECTORY, "0755"),
        "etc/group": (Kind.FILE, "0644"),
        "etc/gshadow": (Kind.FILE, "0640"),
        "etc/nsswitch.conf": (Kind.FILE, "0644"),
        "etc/passwd": (Kind.FILE, "0644"),
        "etc/shadow": (Kind.FILE, "0640"),
        "root": (Kind.DIRECTORY, "0700"),
    }
    assert entries["etc/nsswitch.conf"].data == b"hosts: files dns\n"
    assert entries["etc/passwd"].data.startswith(b"root:x:0:0:root:/root:/bin/sh\n")
    assert b"redis:x:999:999::/:/bin/sh\n" in entries["etc/passwd"].data


def test_users_are_merged_with_those_of_contents(make_package: MakePackage) -> None:
    package = make_package("nss", {"etc/nsswitch.conf": b"x"})
    assert plan(package, users={"redis": 999})["etc/nsswitch.conf"].kind is Kind.SYMLINK


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
            "`directories` has '/bin/x', but '/bin/x' comes from {}/bin/x in `contents`.",
        ),
        ({"directories": {"/bin/x/y": "0755"}}, "'/bin/x' comes from {}/bin/x in `contents`"),
        ({"directories": {"/etc/passwd": "0755"}}, "'/etc/passwd' comes from {}/etc/passwd in"),
        ({"symlinks": {"/bin/x": "y"}}, "`symlinks` has '/bin/x', but '/bin/x' comes from {}/bin"),
        (
            {"symlinks": {"/bin": "usr/bin"}},
            "`symlinks` has '/bin', but '/bin' is in `contents` as a directory",
        ),
        ({"files": {"/bin/x": ""}}, "`files` has '/bin/x', but '/bin/x' comes from {}/bin/x in"),
        ({"files": {"/s/y": ""}}, "`files` has '/s/y', but '/s' comes from {}/s in `contents`"),
        (
            {"users": {"web": 80}, "directories": {"/etc/nsswitch.conf": "0755"}},
            "`directories` has '/etc/nsswitch.conf', but '/etc/nsswitch.conf' is in `users`.",
        ),
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
        path: entry if not entry.source else Entry(**{**vars(entry), "data": tree[path]})
        for path, entry in merge_contents([package.content]).items()
    }
    with pytest.raises(LadingError) as error:
        plan_root_tree(contents, RootFields.parse(fields), lambda source: b"")
    assert reason.replace("{}", str(package.path)) in str(error.value)


def over(base: ImageTree, *packages: Package, **fields: Any) -> Dict[str, Entry]:
    """What is added to `base`, by path."""
    contents = merge_contents(
        [package.content for package in packages], lambda path: base.directory(path) is not None
    )
    tree = plan_root_tree(contents, RootFields.parse(fields), lambda source: b"", base)
    return {entry.path: entry for entry in tree.added}


def base_of(*entries: Entry) -> ImageTree:
    """An image with these entries in addition to those of every image."""
    image = plan_tree().image
    return ImageTree({**image.entries, **{entry.path: entry for entry in entries}})


def test_rules_oci_857_bazeldnf_15_the_base_s_links_are_kept(make_package: MakePackage) -> None:
    base = base_of(
        Entry.symlink("bin", "usr/bin"),
        Entry.symlink("sbin", "usr/sbin"),
        *(Entry.directory(path) for path in ("usr", "usr/bin", "usr/sbin")),
    )
    package = make_package("a", {"bin/foo": b"1", "sbin": Link("bin")})
    assert over(base, package, files={"/bin/own": ""}, directories={"/bin": "0700"}) == {
        "usr/bin": Entry.directory("usr/bin", 0o700),
        "usr/bin/foo": Entry.symlink("usr/bin/foo", f"{package.path}/bin/foo"),
        "usr/bin/own": Entry("usr/bin/own", Kind.FILE, 0o644),
        "usr/sbin/foo": Entry.symlink("usr/sbin/foo", f"{package.path}/bin/foo"),
    }


def test_rules_docker_37_tmp_is_left_alone() -> None:
    assert not over(base_of(Entry.directory("tmp", 0o1700)))


def test_dockertools_three_images_the_last_one_wins(make_package: MakePackage) -> None:
    base = plan_tree(make_package("a", {"bin/x": b"1"}), files={"/etc/y": "1"}).image
    package = make_package("b", {"bin/x": b"2"})
    middle = plan_tree(package, files={"/etc/y": "2"})
    assert over(base, package, files={"/etc/y": "2"}).keys() == {"bin/x", "etc/y"}
    assert not over(middle.image, package)


def test_account_files_of_the_base_keep_owner_and_mode() -> None:
    """unix_chkpwd is setgid shadow."""
    made = plan_tree(users={"redis": 999}).image
    modes = {"passwd": (0o600, 0, 0), "shadow": (0o640, 0, 42), "gshadow": (0o604, 7, 8)}
    entries = [Entry(f"etc/{name}", Kind.FILE, *state) for name, state in modes.items()]
    entries += [Entry.symlink("etc/group", "../usr/group")]
    entries += [Entry("usr/group", Kind.FILE, 0o664, 5, 6)]
    base = replace(made, entries={**made.entries, **{entry.path: entry for entry in entries}})
    written = over(base, users={"web": 80})
    assert {
        path: (entry.kind, entry.mode, entry.uid, entry.gid) for path, entry in written.items()
    } == {
        "etc/passwd": (Kind.FILE, 0o600, 0, 0),
        "etc/shadow": (Kind.FILE, 0o640, 0, 42),
        "etc/gshadow": (Kind.FILE, 0o604, 7, 8),
        "etc/group": (Kind.FILE, 0o664, 5, 6),
    }


@pytest.mark.parametrize("name", ["passwd", "group", "shadow", "gshadow"])
@pytest.mark.parametrize("linked", [False, True])
def test_an_account_file_that_is_a_directory_in_the_base(name: str, linked: bool) -> None:
    base = base_of(
        Entry.directory("etc"),
        *([Entry.symlink(f"etc/{name}", "../d")] if linked else []),
        Entry.directory("d" if linked else f"etc/{name}"),
    )
    with pytest.raises(LadingError) as error:
        over(base, users={"redis": 999})
    assert str(error.value) == (
        f"`users` has '/etc/{name}', but '/etc/{name}' of the base is a directory. Choose another "
        "path, or another base."
    )


def test_account_files_are_written_where_the_base_has_them() -> None:
    base = base_of(
        Entry.symlink("etc", "usr/etc"),
        Entry.directory("usr"),
        Entry.directory("usr/etc"),
        Entry("usr/etc/passwd", Kind.FILE, 0o640),
    )
    written = over(base, users={"web": 80})
    assert {path for path in written if "etc" in path} == {
        f"usr/etc/{name}" for name in ("group", "gshadow", "nsswitch.conf", "passwd", "shadow")
    }
    assert written["usr/etc/passwd"].mode == 0o640


@pytest.mark.parametrize(
    "etc, reason",
    [
        (Entry.symlink("etc", "etc"), "leads nowhere in it"),
        (Entry("etc", Kind.FILE, 0o644), "is not a directory"),
    ],
)
def test_a_base_without_a_place_for_account_files(etc: Entry, reason: str) -> None:
    with pytest.raises(LadingError) as error:
        over(base_of(etc), users={"web": 80})
    assert f"`users` has '/etc/passwd', but '/etc' of the base {reason}" in str(error.value)


def test_a_layer_repeats_the_directories_of_the_base_that_it_adds_to() -> None:
    directories = (Entry.directory("opt", 0o711, 3, 4), Entry.directory("opt/x", 0o700, 5))
    base = base_of(*directories, Entry.directory("opt/other"))
    fields = RootFields.parse({"files": {"/opt/x/y": ""}})
    tree = plan_root_tree({}, fields, lambda source: b"", base)
    file = Entry("opt/x/y", Kind.FILE, 0o644)
    assert tree.layer_entries([]) == (*directories, file)
    package = StorePath("0" * 32, "a")
    assert tree.layer_entries([package]) == (*directories, file, Entry.directory("store"))


def test_the_directory_of_packages_alone_can_be_left_out() -> None:
    base = ImageTree({"tmp": Entry.directory("tmp"), "var": Entry.directory("var")})
    fields: Dict[str, Any] = {"directories": {"/var/tmp": "none"}}
    tree = plan_root_tree({}, RootFields.parse(fields), lambda source: b"", base)
    assert [entry.path for entry in tree.added] == ["store"]
    assert tree.without_bare_store() == RootTree((), base)
    fields["files"] = {"/x": ""}
    tree = plan_root_tree({}, RootFields.parse(fields), lambda source: b"", base)
    assert tree.without_bare_store() == tree


def test_users_of_the_base_stay_and_are_known() -> None:
    base = plan_tree(users={"redis": 999}).image
    assert not over(base, users={"redis": 999})
    entries = over(base, users={"web": 80}, directories={"/x": "0755 redis:web"})
    assert entries.keys() == {"etc/passwd", "etc/group", "etc/shadow", "etc/gshadow", "x"}
    assert entries["etc/passwd"].data.endswith(
        b"redis:x:999:999::/:/bin/sh\nweb:x:80:80::/:/bin/sh\n"
    )
    assert (entries["x"].uid, entries["x"].gid) == (999, 80)


@pytest.mark.parametrize(
    "fields, reason",
    [
        ({"files": {"/d": ""}}, "`files` has '/d', but '/d' of the base is a directory. Choose"),
        ({"symlinks": {"/l": "x"}}, "`symlinks` has '/l', but '/l' of the base is a directory"),
        ({"directories": {"/f": "0755"}}, "`directories` has '/f', but '/f' of the base is no"),
        ({"files": {"/f/x": ""}}, "`files` has '/f/x', but '/f' of the base is not a directory"),
        (
            {"files": {"/loop/x": ""}},
            "`files` has '/loop/x', but '/loop' of the base leads nowhere",
        ),
        (
            {"files": {"/l/x": ""}, "symlinks": {"/d/x": "y"}},
            "`symlinks` has '/d/x', but '/d/x' is in `files` as '/l/x'. Remove one of them.",
        ),
        (
            {"files": {"/l/x/y/z": ""}, "symlinks": {"/d/x/y": "z"}},
            "`symlinks` has '/d/x/y', but '/d/x/y' is in `files` as a directory.",
        ),
        (
            {"files": {"/l/x/y/z": ""}, "symlinks": {"/d/x": "z"}},
            "`symlinks` has '/d/x', but '/d/x' is in `files` as a directory.",
        ),
        (
            {"users": {"web": 80}, "directories": {"/m/group": "0755"}},
            "`directories` has '/m/group', but '/etc/group' is in `users`.",
        ),
        ({"users": {"redis": 5}}, "but the image has `redis:x:999:999::/:/bin/sh` from its base"),
    ],
)
def test_what_the_base_does_not_take(fields: Dict[str, Any], reason: str) -> None:
    base = ImageTree(
        {
            **base_of(
                Entry.directory("d"),
                Entry.symlink("l", "d"),
                Entry.directory("etc"),
                Entry.symlink("m", "etc"),
                Entry.symlink("loop", "loop"),
                Entry("f", Kind.FILE, 0o644),
            ).entries
        },
        AccountFiles("redis:x:999:999::/:/bin/sh\n", "redis:x:999:\n"),
    )
    with pytest.raises(LadingError) as error:
        over(base, **fields)
    assert reason in str(error.value)


def test_contents_do_not_replace_a_directory_of_the_base(make_package: MakePackage) -> None:
    package = make_package("a", {"bin/x": b""})
    with pytest.raises(LadingError, match="`contents` has '/bin/x', but '/bin/x' of the base is"):
        over(base_of(Entry.directory("bin"), Entry.directory("bin/x")), package)


def test_contents_that_have_users_of_their_own(make_package: MakePackage) -> None:
    base = plan_tree(users={"redis": 999}).image
    with pytest.raises(LadingError) as error:
        over(base, make_package("nss", {"etc/passwd": b"web:x:1:1::/:\n"}))
    assert "`contents` has '/etc/passwd' from /store/" in str(error.value)
    assert "and the base has another one. Leave it out" in str(error.value)


def test_a_base_whose_store_is_no_directory_is_refused() -> None:
    base = ImageTree({"store": Entry.symlink("store", "/etc")})
    with pytest.raises(LadingError) as error:
        plan_root_tree({}, RootFields.parse({}), lambda source: b"", base)
    assert str(error.value) == (
        "the base's /store is not a directory, but the packages of an image are there. Choose "
        "another base."
    )
