import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Mapping, Tuple

import pytest

from lading.cache.cached_tree import cached_tree
from lading.debs.build_root import assemble, build_root_hash, ensure_build_root
from lading.debs.deb_testing import Content, hard_link, make_deb
from lading.runtime.at_once_testing import run_at_once
from lading.values.digest import Sha256
from lading.values.errors import LadingError


def listing(root: Path) -> Dict[str, str]:
    """Path -> mode and content or link target, without the directories."""
    found = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = Path(directory, name)
            key = str(path.relative_to(root))
            if path.is_symlink():
                found[key] = "-> " + os.readlink(path)
            elif path.is_file():
                found[key] = f"{path.stat().st_mode & 0o7777:o} {path.read_text()}"
    return found


def test_unpacks_onto_a_merged_usr(tmp_path: Path) -> None:
    debs = [
        make_deb(
            tmp_path / "bash.deb",
            [("bin", None), ("bin/bash", b"#!"), ("etc", None), ("etc/bashrc", b"rc")],
            modes={"bin/bash": 0o4755, "etc/bashrc": 0o600},
        ),
        make_deb(
            tmp_path / "libc6.deb",
            [
                ("lib64/ld.so", "/lib/ld.so"),
                ("lib/ld.so", b"ld"),
                ("usr/lib/locale/C", b"C"),
            ],
        ),
    ]
    assemble(debs, tmp_path / "root", {})
    assert listing(tmp_path / "root") == {
        "bin": "-> usr/bin",
        "lib": "-> usr/lib",
        "lib64": "-> usr/lib64",
        "etc/bashrc": "444 rc",
        "usr/bin/bash": "555 #!",
        "usr/bin/sh": "-> bash",
        "usr/lib/ld.so": "444 ld",
        "usr/lib/locale/C": "444 C",
        "usr/lib64/ld.so": "-> /lib/ld.so",
    }


def test_settles_alternatives(tmp_path: Path) -> None:
    gcc = make_deb(tmp_path / "gcc.deb", [("usr/bin/gcc", b"1"), ("usr/bin/c99", b"2")])
    assemble([gcc], tmp_path / "root", {"/usr/lib/my-cc": "gcc", "c99": "gcc"})
    assert listing(tmp_path / "root")["usr/bin/cc"] == "-> gcc"
    assert listing(tmp_path / "root")["usr/bin/c99"] == "-> gcc"


def test_known_reports_rules_distroless_76_alternatives_of_postinst(tmp_path: Path) -> None:
    debs = [
        make_deb(tmp_path / "gawk.deb", [("usr/bin/gawk", b"g")]),
        make_deb(tmp_path / "mawk.deb", [("usr/bin/mawk", b"m")]),
    ]
    assemble(debs, tmp_path / "root", {})
    assert listing(tmp_path / "root")["usr/bin/awk"] == "-> gawk"


def test_hard_links_stay_one_file(tmp_path: Path) -> None:
    perl: List[Tuple[str, Content]] = [
        ("usr/bin/perl", b"p"),
        ("usr/bin/perl5.36.0", hard_link("usr/bin/perl5.36.0", "usr/bin/perl")),
    ]
    assemble([make_deb(tmp_path / "perl.deb", perl)], tmp_path / "root", {})
    assert os.path.samefile(tmp_path / "root/usr/bin/perl", tmp_path / "root/usr/bin/perl5.36.0")


def test_one_path_with_the_same_content_twice_is_fine(tmp_path: Path) -> None:
    debs = [
        make_deb(tmp_path / f"{name}.deb", [("usr/a", b"same"), ("usr/b", "a")]) for name in "xy"
    ]
    assemble(debs, tmp_path / "root", {})
    assert listing(tmp_path / "root") == {"usr/a": "444 same", "usr/b": "-> a"}


@pytest.mark.parametrize("replacing, other", [("aa", "zz"), ("zz", "aa")])
def test_a_package_that_replaces_the_other_has_the_file(
    tmp_path: Path, replacing: str, other: str
) -> None:
    debs = [
        make_deb(tmp_path / f"{replacing}.deb", [("usr/a", b"new")], replaces=f"{other} (<< 2)"),
        make_deb(tmp_path / f"{other}.deb", [("usr/a", b"old")]),
    ]
    assemble(debs, tmp_path / "root", {})
    assert listing(tmp_path / "root") == {"usr/a": "444 new"}


CONFLICTS = {
    "two contents": (b"1", b"2"),
    "two links": ("x", "y"),
    "file and link": (b"1", "x"),
    "file and directory": (b"1", None),
    "link and directory": ("x", None),
}


@pytest.mark.parametrize("first, second", CONFLICTS.values(), ids=CONFLICTS.keys())
def test_refuses_one_path_with_two_contents(
    tmp_path: Path, first: Content, second: Content
) -> None:
    debs = [
        make_deb(tmp_path / "one.deb", [("usr/a", first)]),
        make_deb(tmp_path / "two.deb", [("usr/a", second)]),
    ]
    with pytest.raises(LadingError) as caught:
        assemble(debs, tmp_path / "root", {})
    assert str(caught.value) == (
        "The Debian packages `one` and `two` both have /usr/a, with different contents. Remove "
        "one of them from `debian_packages`."
    )
    assert not list(tmp_path.glob("root*")), "nothing half-written"


@pytest.mark.parametrize("path", ["usr", "etc"])
def test_refuses_a_link_in_the_place_of_what_builds_see(tmp_path: Path, path: str) -> None:
    """The sandbox would mount the link's target."""
    deb = make_deb(tmp_path / "x.deb", [(path, "/")])
    with pytest.raises(LadingError, match=f"package `x` has /{path} as a symlink"):
        assemble([deb], tmp_path / "root", {})
    assert not os.path.lexists(tmp_path / "root")


def test_refuses_files_behind_a_link_that_leaves_the_root(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    evil: List[Tuple[str, Content]] = [("usr/x", str(outside)), ("usr/x/passwd", b"root")]
    with pytest.raises(LadingError, match="`evil` has /usr/x both as a symlink and as a dir"):
        assemble([make_deb(tmp_path / "evil.deb", evil)], tmp_path / "root", {})
    other = [
        make_deb(tmp_path / "one.deb", [("usr/x", str(outside))]),
        make_deb(tmp_path / "two.deb", [("usr/x/passwd", b"root")]),
    ]
    with pytest.raises(LadingError, match="both have /usr/x"):
        assemble(other, tmp_path / "root", {})
    assert not list(outside.iterdir())


@pytest.mark.parametrize(
    "members, sentence",
    [
        ([("usr/a", b"1"), ("usr/a", b"2")], "`odd` has /usr/a twice"),
        ([("bin/a", b"1"), ("usr/bin/a", b"2")], "`odd` has /usr/bin/a twice"),
        (
            [("usr/b", hard_link("usr/b", "usr/a"))],
            "`odd` has a hard link /usr/b to /usr/a, which is not a file",
        ),
    ],
)
def test_refuses_unsound_packages(
    tmp_path: Path, members: List[Tuple[str, Content]], sentence: str
) -> None:
    with pytest.raises(LadingError, match=sentence):
        assemble([make_deb(tmp_path / "odd.deb", members)], tmp_path / "root", {})


@pytest.mark.parametrize(
    "link, sentence",
    [
        ("/usr/bin", "'/usr/bin', but /usr/bin is a directory of the packages. Name"),
        ("/etc", "'/etc', but /etc is a directory of the packages. Name"),
        ("/usr/bin/gcc/x/y", "'/usr/bin/gcc/x/y', but /usr/bin/gcc is a file of the packages"),
    ],
)
def test_refuses_an_alternative_at_an_impossible_place(
    tmp_path: Path, link: str, sentence: str
) -> None:
    gcc = make_deb(tmp_path / "gcc.deb", [("usr/bin/gcc", b"1")])
    with pytest.raises(LadingError, match=sentence):
        assemble([gcc], tmp_path / "root", {link: "gcc"})


def test_the_hash_covers_packages_and_alternatives_and_nothing_else() -> None:
    one, two = Sha256("1" * 64), Sha256("2" * 64)
    same = build_root_hash([one, two], {"cc": "gcc", "awk": "mawk"})
    assert same == build_root_hash([two, one], {"awk": "mawk", "cc": "gcc"})
    others = [build_root_hash([one], {}), build_root_hash([one], {"cc": "gcc"}), same]
    assert len(set(others)) == 3


def debs_by_digest(*paths: Path) -> Mapping[Sha256, Path]:
    return {Sha256(hashlib.sha256(path.read_bytes()).hexdigest()): path for path in paths}


def test_many_processes_at_once_get_one_build_root(tmp_path: Path) -> None:
    debs = debs_by_digest(make_deb(tmp_path / "gcc.deb", [("usr/bin/gcc", b"1" * 100000)]))
    cache = tmp_path / "cache"
    run_at_once(ensure_build_root, [(cache, debs, {})] * 4)
    root = ensure_build_root(cache, debs, {})
    assert listing(root)["usr/bin/cc"] == "-> gcc"
    assert root.parent.parent == cache / "roots"
    names = sorted(path.name for path in root.parent.parent.iterdir())
    assert names == [root.parent.name, f"{root.parent.name}.lock"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    debs = debs_by_digest(make_deb(tmp_path / "gcc.deb", [("usr/bin/gcc", b"1")]))
    name = build_root_hash(debs, {}).hex
    leftover = tmp_path / "cache" / "roots" / f"{name}.unfinished.abc"
    leftover.mkdir(parents=True)
    ensure_build_root(tmp_path / "cache", debs, {})
    assert not leftover.exists()


def test_a_package_that_has_not_its_digest_is_not_used(tmp_path: Path) -> None:
    (deb,) = debs_by_digest(make_deb(tmp_path / "gcc.deb", [("usr/bin/gcc", b"1")])).values()
    debs = {Sha256.of(b"another"): deb}
    with pytest.raises(LadingError, match=r"^The Debian package gcc\.deb is damaged: its digest "):
        ensure_build_root(tmp_path / "cache", debs, {})
    assert not list((tmp_path / "cache").rglob("gcc"))


def test_who_comes_second_leaves_the_first_alone(tmp_path: Path) -> None:
    gcc = make_deb(tmp_path / "gcc.deb", [("usr/bin/gcc", b"1")])
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "first").touch()
    assemble([gcc], tmp_path / "root", {})
    assert [path.name for path in (tmp_path / "root").iterdir()] == ["first"]


def test_umask_and_locale_do_not_matter(tmp_path: Path) -> None:
    deb = make_deb(tmp_path / "a.deb", [("usr/bin/gcc", b"1"), ("usr/\u00e9\udcff", b"2")])
    program = (
        "import os, sys; from pathlib import Path; os.umask(int(sys.argv[1], 8));"
        "from lading.debs.build_root import assemble;"
        "assemble([Path(sys.argv[2])], Path(sys.argv[3]), {})"
    )
    seen = []
    for umask, locale in (("000", "C.UTF-8"), ("077", "POSIX")):
        root = tmp_path / umask
        environment = {"PYTHONPATH": os.pathsep.join(sys.path), "LC_ALL": locale}
        python = [sys.executable, "-B", "-X", "utf8=0", "-c", program]
        subprocess.run([*python, umask, deb, root], check=True, env=environment)
        seen.append(
            sorted(
                (path.lstat().st_mode, int(path.lstat().st_mtime), bytes(path)[len(bytes(root)) :])
                for path in [root, *root.rglob("*")]
            )
        )
    assert seen[0] == seen[1]
    assert (b"/usr/" + "\u00e9".encode() + b"\xff") in [name for _, _, name in seen[0]]


_ASSEMBLE = """
import sys
from pathlib import Path
from lading.cache.cached_tree import cached_tree
from lading.debs.build_root import assemble
root = Path("cache/roots/slow")
cached_tree(Path("cache"), root, lambda tree: assemble([Path("slow.deb")], tree, {}))
"""


def test_a_killed_process_leaves_nobody_with_the_lock(tmp_path: Path) -> None:
    """Its workers would wait for ever, and so would everybody who needs that build root."""
    (tmp_path / "cache").mkdir()
    make_deb(tmp_path / "slow.deb", [("usr/bin/slow", b"x" * 1000)])
    package = (tmp_path / "slow.deb").read_bytes()
    (tmp_path / "slow.deb").unlink()
    os.mkfifo(tmp_path / "slow.deb")
    killed = subprocess.Popen(
        [sys.executable, "-c", _ASSEMBLE],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with open(tmp_path / "slow.deb", "wb"):  # a worker is running
        killed.kill()
    killed.wait()
    (tmp_path / "slow.deb").unlink()
    (tmp_path / "slow.deb").write_bytes(package)
    root = tmp_path / "cache" / "roots" / "slow"

    def make(tree: Path) -> None:
        assemble([tmp_path / "slow.deb"], tree, {})

    assert (cached_tree(tmp_path / "cache", root, make) / "usr/bin/slow").is_file()
    assert not list(root.parent.glob("*.unfinished.*"))
