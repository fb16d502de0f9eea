import os
from pathlib import Path
from typing import Sequence, Tuple

import pytest

from lading.store.build.libraries import Libraries, provides_loader
from lading.store.build.view import StoreView
from lading.store.elf import read_elf
from lading.store.elf_testing import NEEDED, RPATH, RUNPATH, make_elf
from lading.values.path import StorePath

OUT = StorePath("0" * 32, "app-1")
GLIBC = StorePath("1" * 32, "glibc-2.36")
DEP = StorePath("2" * 32, "dep-1")
UNKNOWN = StorePath("3" * 32, "unknown-1")
LOADER = "ld-linux-x86-64.so.2"


def put(path: Path, content: bytes = make_elf()) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.fixture
def roots(tmp_path: Path) -> Sequence[Tuple[StorePath, Path]]:
    glibc, dep = tmp_path / "glibc", tmp_path / "dep"
    put(glibc / "lib" / LOADER)
    put(glibc / "lib" / "libc.so.6")
    put(dep / "lib" / "libdep.so.1")
    put(dep / "lib" / "libboth.so.1")
    put(dep / "lib" / "libscript.so.1", b"INPUT ( libdep.so.1 )\n")
    put(dep / "lib" / "libarm.so.1", make_elf(machine=183))
    put(dep / "lib" / "libbroken.so.1", b"\x7fELF")
    put(dep / "plugins" / "libplugin.so.1")
    os.symlink(f"{GLIBC}/lib/libc.so.6", dep / "lib" / "liblink.so.1")
    os.symlink("lib", dep / "lib64")
    return [(GLIBC, glibc), (DEP, dep)]


@pytest.fixture
def view(tmp_path: Path, roots: Sequence[Tuple[StorePath, Path]]) -> StoreView:
    own = tmp_path / "own"
    put(own / "lib" / "libown.so.1")
    put(own / "lib" / "libboth.so.1")
    put(own / "lib" / "vendored" / "libdep.so.1")
    put(own / "lib" / "vendored" / "libprivate.so.1")
    return StoreView.of(OUT, own, roots)


def runpath(view: StoreView, content: bytes) -> Tuple[str, ...]:
    put(view.tree / "bin" / "app", content)
    return Libraries(view).runpath("bin/app", read_elf(str(view.tree / "bin" / "app")))


@pytest.mark.parametrize(
    "present, needed, expected",
    [
        ([], [], []),
        ([], ["libc.so.6"], [f"{GLIBC}/lib"]),
        (
            [],
            ["libdep.so.1", "libown.so.1", "libc.so.6"],
            [f"{OUT}/lib", f"{GLIBC}/lib", f"{DEP}/lib"],
        ),
        ([], ["libboth.so.1"], [f"{OUT}/lib"]),
        ([f"{DEP}/lib"], ["libboth.so.1"], [f"{DEP}/lib"]),
        ([f"{DEP}/lib64"], ["libdep.so.1"], [f"{DEP}/lib64"]),
        ([], ["libprivate.so.1"], [f"{OUT}/lib/vendored"]),
        ([], ["liblink.so.1"], [f"{DEP}/lib"]),
        ([f"{DEP}/lib", f"{GLIBC}/lib"], ["libc.so.6"], [f"{GLIBC}/lib"]),
        ([f"{DEP}/plugins"], ["libplugin.so.1"], [f"{DEP}/plugins"]),
        (["$ORIGIN/../lib"], ["libown.so.1"], ["$ORIGIN/../lib"]),
        (["${ORIGIN}/../lib/vendored"], ["libdep.so.1"], ["${ORIGIN}/../lib/vendored"]),
        (["$ORIGIN/../lib", f"{OUT}/lib"], [], ["$ORIGIN/../lib"]),
        (["$ORIGIN"], [], ["$ORIGIN"]),
        (["$ORIGIN/missing", "$ORIGIN/../../../usr/lib"], [], []),
        (["/usr/lib", "/build/x/.libs", "", "lib", "$LIB", f"{UNKNOWN}/lib"], [], []),
        ([f"{OUT}/lib", f"{DEP}/lib"], ["libdep.so.1"], [f"{OUT}/lib", f"{DEP}/lib"]),
        ([], ["libscript.so.1", "libarm.so.1", "libbroken.so.1", "libmissing.so.1"], []),
        ([], [f"{DEP}/lib/libdep.so.1"], []),
    ],
)
@pytest.mark.parametrize("tag", [RUNPATH, RPATH])
def test_runpath(
    view: StoreView,
    tag: int,
    present: Sequence[str],
    needed: Sequence[str],
    expected: Sequence[str],
) -> None:
    strings = [(tag, ":".join(present)), *((NEEDED, name) for name in needed)]
    content = make_elf(strings=strings)
    assert runpath(view, content) == tuple(expected)
    # A second time there is nothing to do.
    again = make_elf(strings=[(tag, ":".join(expected)), *strings[1:]])
    assert runpath(view, again) == tuple(expected)


@pytest.mark.parametrize(
    "interpreter, expected",
    [
        ("", None),
        (f"/lib64/{LOADER}", f"{GLIBC}/lib/{LOADER}"),
        (f"{GLIBC}/lib/{LOADER}", f"{GLIBC}/lib/{LOADER}"),
        (f"{UNKNOWN}/lib/{LOADER}", f"{GLIBC}/lib/{LOADER}"),
        ("/lib/ld-musl-x86_64.so.1", None),
    ],
)
def test_interpreter(view: StoreView, interpreter: str, expected: str) -> None:
    put(view.tree / "bin" / "app", make_elf(interpreter=interpreter))
    elf = read_elf(str(view.tree / "bin" / "app"))
    assert Libraries(view).interpreter(elf) == expected


def test_missing(view: StoreView) -> None:
    names = ["libc.so.6", "libdep.so.1", "libarm.so.1", "libnone.so.1", f"{DEP}/lib/libdep.so.1"]
    names += ["/usr/lib/libc.so.6", "./lib.so"]
    put(view.tree / "app", make_elf(strings=[(NEEDED, name) for name in names]))
    elf = read_elf(str(view.tree / "app"))
    expected = ("libarm.so.1", "libnone.so.1", "/usr/lib/libc.so.6", "./lib.so")
    assert Libraries(view).missing("app", elf) == expected


@pytest.mark.parametrize(
    "name, expected",
    [
        ("lib/ld-linux-x86-64.so.2", True),
        ("lib/ld-linux.so.2", True),
        ("lib64/ld64.so.2", True),
        ("lib/ld-musl-aarch64.so.1", True),
        ("lib/ld.so.1", True),
        ("lib/libld.so.1", False),
        ("lib/ldap.so.2", False),
        ("bin/ld.so.1", False),
    ],
)
def test_provides_loader(tmp_path: Path, name: str, expected: bool) -> None:
    put(tmp_path / "tree" / name)
    assert provides_loader(StoreView.of(OUT, tmp_path / "tree", [])) == expected
